import { SchedulerError } from '../../model/index.js';
import type { Store } from './store.js';

/** What is under way on one Scheduler, so that it can be closed: calls are let come to their end, waits are ended. */
export class Calls {
  private closing: Promise<void> | null = null;
  /** Ends each wait under way. Not one shared AbortSignal: Node warns of a signal with more than ten listeners. */
  private readonly waits = new Set<AbortController>();
  private readonly calls = new Set<Promise<unknown>>();

  /** `directory`: the name by which it was opened, which may come to lead elsewhere. */
  constructor(
    private readonly store: Store,
    private readonly directory: string,
  ) {}

  get areEnding(): boolean {
    return this.closing !== null;
  }

  /** Refuses calls on a Scheduler that is closed, or whose directory was taken away; lets `close` wait for the others. */
  track<T>(call: () => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      this.refuse();
      return await call();
    };
    const promise = run();
    this.calls.add(promise);
    const forget = (): void => void this.calls.delete(promise);
    promise.then(forget, forget);
    return promise;
  }

  /**
   * Resolves with true when `check` holds, which runs inside a read transaction, with false when `signal` or `close` ends the wait.
   * Rejects when the directory is taken away, which no doorbell tells.
   */
  async wait(signal: AbortSignal, check: (scan: boolean) => boolean): Promise<boolean> {
    this.refuse();
    const either = new AbortController();
    const abort = (): void => either.abort();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    this.waits.add(either);
    try {
      return await this.store.doorbell.wait((scan) => {
        if (scan) this.store.file.check(this.directory);
        return this.store.read(() => check(scan));
      }, either.signal);
    } finally {
      signal.removeEventListener('abort', abort);
      this.waits.delete(either);
    }
  }

  /** Ends the waits, lets the calls end, and closes the store. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      for (const wait of this.waits) wait.abort();
      while (this.calls.size > 0) await Promise.allSettled([...this.calls]);
      await this.store.close();
    })();
    return this.closing;
  }

  private refuse(): void {
    if (this.closing) throw new SchedulerError(`${this.store.directory}: the Scheduler is closed`);
    this.store.file.check(this.directory);
  }
}
