/**
 * What parts of the environment undo when a Slice ends, so that the next one finds them as new. Only a part that was used
 * asks for it, so that a Slice that uses none pays for none.
 */
export class SliceScope {
  #cleanups: (() => void)[] = [];

  /** Something waits to be undone. */
  used = false;

  /** Calls `cleanup` once when the Slice that runs ends, however often it is asked for. It must not throw. */
  atEnd(cleanup: () => void): void {
    // Parts of the environment are few, and so are these.
    for (let index = 0; index < this.#cleanups.length; index++) if (this.#cleanups[index] === cleanup) return;
    this.#cleanups[this.#cleanups.length] = cleanup;
    this.used = true;
  }

  end(): void {
    const cleanups = this.#cleanups;
    this.#cleanups = [];
    this.used = false;
    for (let index = 0; index < cleanups.length; index++) cleanups[index]!();
  }
}
