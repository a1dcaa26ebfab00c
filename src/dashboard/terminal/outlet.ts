import { closeSync, constants, openSync, writeSync } from 'node:fs';

/** While the terminal takes nothing, it is tried again after so many milliseconds, doubled up to the second number. */
const FIRST_RETRY_MS = 5;
const LAST_RETRY_MS = 250;

export interface OutletListener {
  /** What was written has left; there is room for more. */
  onRoom(): void;
  /** The terminal is gone. Called once. */
  onGone(): void;
}

/**
 * The way out to a terminal. Node writes to terminals synchronously, so that one that does not read (Ctrl-S, a link that
 * hangs) would stop the whole process. This one has a description of its own, which does not block, and keeps what did not
 * leave of one text; until that has left it takes no other. Where no description can be had, writing may block.
 */
export class Outlet {
  readonly #fd: number;
  readonly #isOwn: boolean;
  #rest: Buffer | null = null;
  #timer: NodeJS.Timeout | null = null;
  #state: 'open' | 'gone' | 'closed' = 'open';

  /** `fd` is a terminal, which stays open. */
  constructor(
    fd: number,
    private readonly listener: OutletListener,
  ) {
    const own = openAnew(fd);
    this.#fd = own ?? fd;
    this.#isOwn = own !== null;
  }

  /** Something is still on its way. */
  get isBusy(): boolean {
    return this.#rest !== null;
  }

  /** Only while it is not busy. */
  write(text: string): void {
    if (this.#state !== 'open' || text === '') return;
    this.#rest = Buffer.from(text);
    this.#push(FIRST_RETRY_MS);
  }

  /** Writes a last text after what is on its way, for which it blocks for at most so long. */
  finish(text: string, timeoutMs: number): void {
    if (this.#state !== 'open') return;
    this.#rest = Buffer.concat([this.#rest ?? Buffer.alloc(0), Buffer.from(text)]);
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const end = performance.now() + timeoutMs;
    while (!this.#flush() && performance.now() < end) Atomics.wait(pause, 0, 0, FIRST_RETRY_MS);
    this.#rest = null;
    this.#stopTimer();
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#rest = null;
    this.#stopTimer();
    if (this.#isOwn) closeSync(this.#fd);
  }

  #push(retryMs: number): void {
    if (this.#flush()) return;
    this.#timer = setTimeout(() => {
      this.#push(Math.min(LAST_RETRY_MS, retryMs * 2));
      if (this.#state === 'open' && !this.isBusy) this.listener.onRoom();
    }, retryMs).unref();
  }

  /** Whether all has left, or nothing ever will. */
  #flush(): boolean {
    try {
      while (this.#rest !== null) {
        const written = writeSync(this.#fd, this.#rest);
        this.#rest = written < this.#rest.length ? this.#rest.subarray(written) : null;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      this.#rest = null;
      this.#state = 'gone';
      this.listener.onGone();
    }
    return true;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/**
 * Another description of the terminal that `fd` is, which does not block. Null where it cannot be had.
 */
function openAnew(fd: number): number | null {
  // The second is for those who may not open it by name: after `su`, it still belongs to the other user.
  for (const file of [`/proc/self/fd/${fd}`, '/dev/tty']) {
    try {
      return openSync(file, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch {
      continue;
    }
  }
  return null;
}
