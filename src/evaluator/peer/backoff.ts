import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 100;
const LONGEST_MS = 5_000;
/** What lived so long and then failed, failed for the first time. */
export const HEALTHY_MS = 10_000;
/** Keys remembered. */
const MAX_KEYS = 256;

/** Waiting times after failures in a row, by key: 100 ms, doubling up to 5 s or what is given. */
export class Backoff<Key> {
  readonly #failures = new Map<Key, { count: number; until: number }>();
  readonly #cancelled = new AbortController();

  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly longestMs = LONGEST_MS,
    /** So many failures in a row cost no waiting. */
    private readonly free = 0,
  ) {}

  /** @param startedAt when what failed was started; a long life starts the count afresh */
  failed(key: Key, startedAt = this.now()): void {
    const before = this.now() - startedAt >= HEALTHY_MS ? 0 : (this.#failures.get(key)?.count ?? 0);
    const count = before + 1;
    this.#failures.delete(key);
    const waitMs = before < this.free ? 0 : Math.min(this.longestMs, FIRST_MS * 2 ** (before - this.free));
    this.#failures.set(key, { count, until: this.now() + waitMs });
    if (this.#failures.size > MAX_KEYS) this.#failures.delete(this.#failures.keys().next().value!);
  }

  succeeded(key: Key): void {
    this.#failures.delete(key);
  }

  failuresInRow(key: Key): number {
    return this.#failures.get(key)?.count ?? 0;
  }

  /** Milliseconds until the next try, 0 for at once. */
  remainingMs(key: Key): number {
    return Math.max(0, (this.#failures.get(key)?.until ?? 0) - this.now());
  }

  /** Resolves when the time has passed, or `cancel` was called. */
  async wait(key: Key): Promise<void> {
    const ms = this.remainingMs(key);
    if (ms > 0) await sleep(ms, undefined, { signal: this.#cancelled.signal }).catch(() => undefined);
  }

  /** No failure counts any more. */
  forgetAll(): void {
    this.#failures.clear();
  }

  /** Nobody waits any more. */
  cancel(): void {
    this.#cancelled.abort();
  }
}
