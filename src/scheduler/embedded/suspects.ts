import type { SchedulerClock } from './clock.js';
import { decode, encode, type JobNumber } from './jobs.js';
import type { Store } from './store.js';

/** As stored: suspects are passed over, for Workers that might take them hold something else. Times are the clock's. */
interface PassedOver {
  readonly since: number;
  /** When that was so last, about. */
  readonly seen: number;
  /** Who gets nothing else until it holds nothing and can have this Job's; empty: nobody. And when it asked last. */
  readonly worker: string;
  readonly job: JobNumber;
  readonly asked: number;
}

const KEY = 'passedOver';

/**
 * A suspect needs a Worker that holds nothing, and one that asks for more in good time always holds something. So other work goes first
 * for the time of a lease, and then one Worker waits for the suspect. All methods are for use inside a transaction.
 */
export class Suspects {
  constructor(
    private readonly store: Store,
    private readonly clock: SchedulerClock,
    private readonly leaseMs: number,
  ) {}

  /** A Worker that holds something has come to a Job's suspect. Whether it shall wait for it. */
  passOver(worker: string, job: JobNumber): boolean {
    const now = this.clock.now();
    const before = this.get();
    if (before === null || before.seen > now || now - before.seen > this.leaseMs) {
      this.put({ since: now, seen: now, worker: '', job, asked: 0 });
      return false;
    }
    const isDue = now - before.since >= this.leaseMs;
    const waits = isDue && (before.worker === '' || now - before.asked > this.leaseMs);
    if (waits) this.put({ ...before, seen: now, worker, job, asked: now });
    else if (now - before.seen > this.leaseMs / 4) this.put({ ...before, seen: now });
    return waits;
  }

  /** The Job whose suspect this Worker waits for. */
  awaitedBy(worker: string): JobNumber | null {
    const waiting = this.get();
    return waiting !== null && worker !== '' && waiting.worker === worker ? waiting.job : null;
  }

  /** Who waits has asked again. */
  goOn(): void {
    const waiting = this.get();
    const now = this.clock.now();
    if (waiting !== null) this.put({ ...waiting, seen: now, asked: now });
  }

  /** A suspect was handed out, or whoever waited can have one now. */
  end(): void {
    if (this.get() !== null) this.store.meta.remove(KEY);
  }

  private get(): PassedOver | null {
    const bytes = this.store.meta.get(KEY);
    return bytes === undefined ? null : (decode(bytes, 'suspects') as PassedOver);
  }

  private put(record: PassedOver): void {
    this.store.meta.put(KEY, encode(record));
  }
}
