import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { SchedulerError } from '../../model/index.js';

/** Who holds the writer lock of a store. */
export interface LockHolder {
  readonly pid: number;
  readonly name: string;
  /** As in `/proc/<pid>/status`, e.g. `T (stopped)`. */
  readonly state: string;
}

/**
 * Looks at LMDB's writer lock without taking it.
 *
 * LMDB's lock is a mutex in shared memory: who waits for it sleeps in the kernel, and with it the whole event loop,
 * until the holder lets go. A holder that was killed is no problem (the mutex is robust), one that was **stopped** would
 * freeze everybody. So a transaction starts only after this look says that the lock is free; while it is not, we wait
 * with a timer and keep looking.
 *
 * The lock file is mapped shared, so reading the file reads the mutex. On Linux a robust mutex's first word is the id of
 * the thread that holds it, 0 for nobody (futex(2), "robust futexes": the kernel relies on it). Where the mutex lies
 * is checked once per store, inside a transaction of our own; if it is not found there, the look is off.
 */
export class WriterLock {
  private readonly view = new Uint32Array(192 / 4);
  private readonly bytes = new Uint8Array(this.view.buffer);
  private offset = process.arch === 'x64' ? 64 : 128;

  private constructor(
    private readonly path: string,
    private readonly fd: number,
  ) {}

  /**
   * Null when there is no lock file yet.
   * The descriptor stays open until the environment is closed: closing any descriptor of the lock file drops all
   * `fcntl` locks of this process on it (POSIX), and LMDB relies on one of those.
   */
  static open(directory: string): WriterLock | null {
    const path = join(directory, 'lock.mdb');
    try {
      return new WriterLock(path, openSync(path, 'r'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** To be called inside a transaction of this thread: finds the mutex. False when it is nowhere to be seen. */
  calibrate(): boolean {
    this.read();
    for (const offset of [this.offset, 64, 128]) {
      if ((this.view[offset / 4]! & TID_MASK) === process.pid) {
        this.offset = offset;
        return true;
      }
    }
    this.offset = -1;
    return false;
  }

  private read(): void {
    this.view.fill(0);
    readSync(this.fd, this.bytes, 0, this.bytes.byteLength, 0);
  }

  /** The thread that holds the lock and the number of the last transaction; thread 0: nobody. */
  look(): { thread: number; transaction: number } {
    if (this.offset < 0) return { thread: 0, transaction: 0 };
    this.read();
    return { thread: this.view[this.offset / 4]! & TID_MASK, transaction: this.view[2]! };
  }

  /** Null when no living process with this store open has that thread: then the word is a relic, and LMDB deals with it. */
  holder(thread: number): LockHolder | null {
    try {
      const status = readFileSync(`/proc/${thread}/status`, 'utf8');
      const field = (key: string): string => new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
      let maps: string | null = null;
      try {
        maps = readFileSync(`/proc/${thread}/maps`, 'utf8');
      } catch {
        // another user's process: believe the lock
      }
      if (maps !== null && !maps.includes(this.path)) return null;
      return { pid: Number(field('Tgid')), name: field('Name'), state: field('State') };
    } catch {
      return null;
    }
  }

  /**
   * Resolves when nobody holds the lock. The event loop runs meanwhile.
   * @param patienceMs how long one holder may keep it without finishing a transaction before
   *   `SchedulerError` names it
   */
  async whenFree(patienceMs: number): Promise<void> {
    let seen = this.look();
    if (seen.thread === 0) return;
    const begin = performance.now();
    let since = begin;
    for (let round = 0; ; round++) {
      await (round < 3
        ? new Promise(setImmediate)
        : new Promise((resolve) => setTimeout(resolve, round < 100 ? 1 : 10)));
      const now = this.look();
      if (now.thread === 0) return;
      if (now.thread !== seen.thread || now.transaction !== seen.transaction) {
        since = performance.now();
        seen = now;
        // Always somebody else's turn just when we look, and they do get on: queue up like everybody.
        if (since - begin > STARVED_MS && !this.isStopped(now.thread)) return;
      } else if (round === 3 || round % 50 === 0) {
        if (this.holder(now.thread) === null) return;
      }
      const heldMs = performance.now() - since;
      if (heldMs < patienceMs) continue;
      const holder = this.holder(now.thread);
      if (holder === null) return;
      throw new SchedulerError(
        `${this.path}: the store's writer lock has been held for ${(heldMs / 1000).toFixed(1)} s by process ${holder.pid} ` +
          `(${holder.name}), whose state is ${holder.state}; expected it to let go within 10 ms. Nothing was written. ` +
          `Continue that process (kill -CONT ${holder.pid}) or kill it: no acknowledged data is lost`,
      );
    }
  }

  private isStopped(thread: number): boolean {
    const state = this.holder(thread)?.state ?? '';
    return state.startsWith('T') || state.startsWith('t');
  }

  /** Only after the environment is closed. */
  close(): void {
    closeSync(this.fd);
  }
}

/** The rest of the word says that somebody waits, or that the owner died. */
const TID_MASK = 0x3fffffff;
const STARVED_MS = 1000;
