/**
 * A place where one loop waits until something changed. A `wake` without a waiter is kept for the next
 * wait, so nothing that happens between looking and waiting is missed.
 */
export class Wakeable {
  #woken = false;
  #resolve: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** Resolves at the next `wake`, or after `timeoutMs`. One waiter at a time. */
  wait(timeoutMs?: number): Promise<void> {
    if (this.#woken) {
      this.#woken = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#resolve = resolve;
      if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.wake(), timeoutMs);
    });
  }

  wake(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const resolve = this.#resolve;
    if (resolve === null) {
      this.#woken = true;
      return;
    }
    this.#resolve = null;
    resolve();
  }
}

/** Waiting times after failures in a row: 100 ms, doubling up to 5 s, each shortened by up to a half at random. */
export function backoffMs(failures: number): number {
  const ms = Math.min(5_000, 100 * 2 ** (failures - 1));
  return ms * (1 - Math.random() / 2);
}
