import type { Finding, Monitor, MonitorName, MonitorOwner } from './monitor.js';

/** What a monitor throws when the machine does not have what it looks at; the message is the sentence that is told. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/**
 * A monitor that looks at its source again and again. Where the source cannot be read it says so once, goes on looking, and finds
 * something again when it is back.
 */
export abstract class PolledMonitor implements Monitor {
  abstract readonly name: MonitorName;
  #owner: MonitorOwner | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  /** What the owner was told last: `finding CODE …`, `none`, or `unavailable: why`. */
  #told = 'none';

  /** `everyMs`: from the end of one look to the next, milliseconds. */
  constructor(private readonly everyMs: number) {}

  start(owner: MonitorOwner): void {
    if (this.#owner !== null) throw new Error(`the monitor ${this.name} was started before`);
    this.#owner = owner;
    this.lookNow();
  }

  async stop(): Promise<void> {
    this.#owner = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#looking;
  }

  /** What speaks against running now; null: nothing. Throws when the source cannot be read. */
  protected abstract look(): Finding | null | Promise<Finding | null>;

  /** How long until the next look, milliseconds. Null: only when `lookNow` is called. */
  protected pauseMs(): number | null {
    return this.everyMs;
  }

  /** For sources that tell when there is something to see. */
  protected lookNow(): void {
    if (this.#owner === null || this.#looking !== null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#lookAndTell();
  }

  /** Sources that are read at once are told at once, too, so that `start` leaves the owner with what there is. */
  #lookAndTell(): void {
    try {
      const seen = this.look();
      if (!(seen instanceof Promise)) {
        this.#tell(seen);
        this.#wait();
        return;
      }
      this.#looking = seen
        .then(
          (finding) => this.#tell(finding),
          (error: unknown) => this.#tellUnavailable(error),
        )
        .finally(() => {
          this.#looking = null;
          this.#wait();
        });
    } catch (error) {
      this.#tellUnavailable(error);
      this.#wait();
    }
  }

  #wait(): void {
    const pause = this.#owner === null ? null : this.pauseMs();
    if (pause === null) return;
    // Nobody is kept running by a look at the machine.
    this.#timer = setTimeout(() => this.lookNow(), pause).unref();
  }

  #tell(finding: Finding | null): void {
    const told = finding === null ? 'none' : `finding ${finding.code} ${finding.target} ${finding.text}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#owner?.onFinding(this.name, finding);
  }

  #tellUnavailable(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const told = `unavailable: ${why}`;
    if (told === this.#told) return;
    // What was found before is not seen any more.
    if (this.#told.startsWith('finding')) this.#owner?.onFinding(this.name, null);
    this.#told = told;
    this.#owner?.onUnavailable(this.name, why);
  }
}
