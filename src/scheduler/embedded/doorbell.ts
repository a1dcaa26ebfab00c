import { closeSync, constants, openSync, watch, writeSync, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

/** Rings of other processes within this time are one; bounds what waiting costs beside a busy neighbour. */
const COALESCE_MS = 5;
/** A ring can be missed (watches run out, a file system without inotify): look anyway this often. */
const SCAN_MS = 1000;

/**
 * Wakes those who wait for a change of the store, in this process and in others. Ringing writes one byte into a
 * file that every waiting process watches (inotify). What a ring means is for the waiter to find out.
 */
export class Doorbell {
  private readonly path: string;
  private readonly fd: number;
  private watcher: FSWatcher | null = null;
  private scan: NodeJS.Timeout | null = null;
  private pending: NodeJS.Timeout | null = null;
  private near: NodeJS.Immediate | null = null;
  private lastCheck = 0;
  private readonly waiters = new Set<(scan: boolean) => void>();

  constructor(directory: string) {
    this.path = join(directory, 'doorbell');
    this.fd = openSync(this.path, constants.O_RDWR | constants.O_CREAT, 0o664);
  }

  /** Tells everybody that the store changed. */
  ring(): void {
    try {
      writeSync(this.fd, RING, 0, 1, 0);
    } catch {
      // A full disk must not fail a write that is already durable; the scan finds it.
    }
    if (this.waiters.size === 0 || this.near !== null) return;
    this.near = setImmediate(() => {
      this.near = null;
      this.tell(false);
    });
  }

  /**
   * Resolves true when `check` does, false when `signal` aborts. `check` is called now, at rings, and every second
   * (then with `true`).
   */
  wait(check: (scan: boolean) => boolean, signal: AbortSignal): Promise<boolean> {
    return new Promise<boolean>((resolve, reject) => {
      const tryIt = (scan: boolean): void => {
        try {
          if (check(scan)) settle(() => resolve(true));
        } catch (error) {
          settle(() => reject(error instanceof Error ? error : new Error(String(error))));
        }
      };
      const onAbort = (): void => settle(() => resolve(false));
      const settle = (how: () => void): void => {
        signal.removeEventListener('abort', onAbort);
        this.waiters.delete(tryIt);
        if (this.waiters.size === 0) this.rest();
        how();
      };
      if (signal.aborted) {
        resolve(false);
        return;
      }
      signal.addEventListener('abort', onAbort);
      this.waiters.add(tryIt);
      this.listen(); // before the first check, so that no ring falls in between
      tryIt(false);
    });
  }

  private listen(): void {
    this.scan ??= setInterval(() => this.tell(true), SCAN_MS);
    if (this.watcher !== null) return;
    try {
      this.watcher = watch(this.path, { persistent: false }, () => this.heard());
      this.watcher.on('error', () => this.deafen());
    } catch {
      this.watcher = null; // no inotify to be had: the scan does it
    }
  }

  /** Nobody waits: no timer may keep the process alive. The watch stays until the store is closed; it does not either. */
  private rest(): void {
    if (this.scan !== null) clearInterval(this.scan);
    if (this.pending !== null) clearTimeout(this.pending);
    this.scan = null;
    this.pending = null;
  }

  /** Somebody rang; also ourselves, whom `ring` told already, but the kernel does not say who. */
  private heard(): void {
    if (this.waiters.size === 0 || this.pending !== null) return;
    const wait = Math.max(0, this.lastCheck + COALESCE_MS - performance.now());
    this.pending = setTimeout(() => {
      this.pending = null;
      this.tell(false);
    }, wait);
  }

  private tell(scan: boolean): void {
    this.lastCheck = performance.now();
    for (const waiter of [...this.waiters]) waiter(scan);
  }

  private deafen(): void {
    this.watcher?.close();
    this.watcher = null;
  }

  close(): void {
    this.rest();
    this.deafen();
    closeSync(this.fd);
  }
}

const RING = Uint8Array.of(10);
