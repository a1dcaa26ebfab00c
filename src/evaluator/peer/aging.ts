/** How often memory is looked at that nobody uses, milliseconds. */
const STEP_MS = 2_000;

/** Gives memory back once it has not been used for two to four seconds; costs nothing while there is none. */
export class Aging {
  #timer: NodeJS.Timeout | null = null;

  /** @param step gives back what was free two steps ago already; whether it is to be called again */
  constructor(private readonly step: () => boolean) {}

  /** Something has become free. */
  begin(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.step()) this.begin();
    }, STEP_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
