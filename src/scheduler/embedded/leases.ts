import { randomBytes } from 'node:crypto';
import { ALONE_AFTER_EXPIRIES, type TaskId } from '../../model/index.js';
import type { SchedulerClock } from './clock.js';
import {
  countOf,
  decodeIntervals,
  encodeIntervals,
  fromNumbers,
  intersect,
  splitAt,
  subtract,
  toNumbers,
  type Intervals,
} from './intervals.js';
import { damaged, decode, encode, EMPTY, LAST, type JobNumber, type JobRow, type Jobs } from './jobs.js';
import type { Store, Table } from './store.js';

/** A lease as stored under `[job, task]`. */
interface Lease {
  readonly worker: string;
  readonly boot: string;
  /** On the clock of `boot`. */
  expires: number;
  outstanding: Intervals;
  readonly secret: string;
  /** Its one Slice is a suspect: its Worker gets nothing else meanwhile. */
  readonly alone: boolean;
}

/** A lease with its place. */
export interface HeldLease {
  readonly job: JobNumber;
  readonly task: number;
  readonly lease: Lease;
}

/** What one Task may have of what is pending. */
export interface Portion {
  readonly set: Intervals;
  readonly alone: boolean;
}

/** Slices per record of the `attempts`, `expired` and `found` tables. */
export const BUCKET = 256;
const MAX_COUNT = 65535;
/** So many suspects at the front of what is pending do not hide the Slices behind them. */
const SEEN_PAST_SUSPECTS = 256;

/** So many Slices may expire in one transaction, so that it stays short. */
const EXPIRE_SLICES = 32_768;
const EXPIRE_LEASES = 64;

/**
 * Which Slices are pending, which are leased and to whom, and how often each was tried. Every method is for use inside a
 * transaction; those that take a `JobRow` change it, and the caller stores it.
 */
export class Leases {
  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly clock: SchedulerClock,
    private readonly leaseMs: number,
  ) {}

  // Pending Slices: intervals, `[job, from] → to`.

  /** Makes Slices pending that are not; joins neighbours. */
  addPending(job: JobNumber, row: JobRow, set: Intervals): void {
    const { pending } = this.store;
    for (let i = 0; i < set.length; i += 2) {
      let from = set[i]!;
      let to = set[i + 1]!;
      row.pending += to - from + 1;
      const before = pending.last([job, from], [job, 0]);
      if (before && this.end(before.value, job) === from - 1) {
        from = (before.key as number[])[1]!;
      }
      const after = pending.get([job, to + 1]);
      if (after) {
        pending.remove([job, to + 1]);
        to = this.end(after, job);
      }
      pending.put([job, from], endBytes(to));
    }
    this.jobs.enqueue(job, row);
    this.jobs.bump('work');
  }

  /** The first `count` pending Slices. */
  peekPending(job: JobNumber, count: number): number[] {
    const out: number[] = [];
    let left = count;
    let start = 1;
    while (left > 0) {
      const entries = this.store.pending.range([job, start], [job, LAST], 32);
      for (const { key, value } of entries) {
        const from = (key as number[])[1]!;
        const to = Math.min(this.end(value, job), from + left - 1);
        out.push(from, to);
        left -= to - from + 1;
        if (left <= 0) break;
        start = to + 1;
      }
      if (entries.length < 32) break;
    }
    return out;
  }

  /**
   * The first pending Slices for a Task of `size`. Slices whose lease ran out twice or more come in ever smaller Tasks,
   * so that the one that takes its Worker down, if there is one, has ever fewer beside it. After
   * `ALONE_AFTER_EXPIRIES` a Slice is a suspect: those come last, and each alone.
   */
  portion(job: JobNumber, size: number): Portion {
    if (this.store.expired.keys([job, 0], [job, LAST], 1).length === 0)
      return { set: this.peekPending(job, size), alone: false };
    const set = this.peekPending(job, Math.max(size, SEEN_PAST_SUSPECTS));
    const numbers = toNumbers(set);
    const expiries = this.expiriesOf(job, numbers);
    const taken: number[] = [];
    let most = size;
    for (let i = 0; i < numbers.length; i++) {
      const times = expiries[i]!;
      if (times >= ALONE_AFTER_EXPIRIES) continue;
      if (times >= 2) most = Math.min(most, Math.max(1, size >> (2 * (times - 1))));
      if (taken.length >= most) break;
      taken.push(numbers[i]!);
    }
    if (taken.length === 0) return { set: splitAt(set, 1)[0], alone: true };
    return { set: fromNumbers(Uint32Array.from(taken)), alone: false };
  }

  /** Takes Slices out of what is pending; answers those that were. */
  takePending(job: JobNumber, row: JobRow, set: Intervals): number[] {
    const { pending } = this.store;
    const taken: number[] = [];
    for (let i = 0; i < set.length; i += 2) {
      const a = set[i]!;
      const b = set[i + 1]!;
      let at: number = (pending.last([job, a], [job, 0])?.key as number[] | undefined)?.[1] ?? a;
      while (at <= b) {
        const entry = pending.range([job, at], [job, b + 1], 1)[0];
        if (!entry) break;
        const from = (entry.key as number[])[1]!;
        const to = this.end(entry.value, job);
        at = to + 1;
        if (to < a) continue;
        const first = Math.max(from, a);
        const last = Math.min(to, b);
        if (from < first) pending.put([job, from], endBytes(first - 1));
        else pending.remove([job, from]);
        if (last < to) pending.put([job, last + 1], endBytes(to));
        taken.push(first, last);
      }
    }
    row.pending -= countOf(taken);
    if (row.pending === 0) this.jobs.dequeue(job, row);
    return taken;
  }

  private end(value: Buffer, job: JobNumber): number {
    if (value.byteLength !== 4)
      throw damaged(
        `job number ${job}`,
        `an interval of pending Slices has ${value.byteLength} bytes, expected 4`,
      );
    return value.readUInt32LE(0);
  }

  // Leases

  /** Leases pending Slices that were taken out with `takePending`. */
  grant(job: JobNumber, row: JobRow, worker: string, { set, alone }: Portion): TaskId {
    const task = row.nextTask++;
    const secret = randomBytes(6).toString('hex');
    const lease: Lease = {
      worker,
      boot: this.clock.bootId,
      expires: this.clock.now() + this.leaseMs,
      outstanding: set,
      secret,
      alone,
    };
    if (alone) this.jobs.bump('alone');
    row.leased += countOf(set);
    this.put(job, task, lease);
    this.store.expiry.put([lease.expires, job, task], EMPTY);
    return `${job.toString(36)}.${task.toString(36)}.${secret}`;
  }

  /** Whether this Worker holds a suspect. */
  holdsSuspect(worker: string): boolean {
    return this.jobs.counter('alone') > 0 && this.of(worker).some(({ lease }) => lease.alone);
  }

  /** Whether this Worker may be given a suspect. If it may not, whoever waits for work is woken when some lease ends. */
  mayTakeSuspect(worker: string): boolean {
    if (this.of(worker).length === 0) return true;
    if (this.jobs.counter('draining') === 0) this.jobs.bump('draining');
    return false;
  }

  /** Null when the lease is over, whatever the reason. */
  find(id: TaskId): HeldLease | null {
    const [a, b, secret, more] = String(id).split('.');
    if (secret === undefined || more !== undefined) return null;
    const job = parseInt(a!, 36);
    const task = parseInt(b!, 36);
    if (!Number.isSafeInteger(job) || !Number.isSafeInteger(task)) return null;
    const bytes = this.store.leases.get([job, task]);
    if (bytes === undefined) return null;
    const lease = this.decode(bytes, job, task);
    return lease.secret === secret ? { job, task, lease } : null;
  }

  /** Of an earlier start of the machine. */
  isVoid({ lease }: HeldLease): boolean {
    return lease.boot !== this.clock.bootId;
  }

  /** Also a lease that ran out: as long as nobody has taken its Slices, whoever asks still has them. */
  renew({ job, task, lease }: HeldLease): void {
    this.store.expiry.remove([lease.expires, job, task]);
    lease.expires = this.clock.now() + this.leaseMs;
    this.store.expiry.put([lease.expires, job, task], EMPTY);
    this.put(job, task, lease);
  }

  /** Takes Slices off a lease; answers those that were on it. The lease ends with its last Slice. */
  release(held: HeldLease, row: JobRow, set: Intervals): number[] {
    const { job, task, lease } = held;
    const released = intersect(lease.outstanding, set);
    if (released.length === 0) return released;
    row.leased -= countOf(released);
    lease.outstanding = subtract(lease.outstanding, released);
    if (lease.outstanding.length > 0) this.put(job, task, lease);
    else this.remove(held);
    return released;
  }

  /** Takes Slices that have a result now off whoever still holds them, so that they are not run again. */
  releaseElsewhere(job: JobNumber, row: JobRow, set: Intervals): void {
    let left = subtract(set, this.takePending(job, row, set));
    if (left.length === 0 || row.leased === 0) return;
    for (const held of this.ofJob(job)) {
      left = subtract(left, this.release(held, row, left));
      if (left.length === 0) return;
    }
  }

  /** Gives Slices of a lease back. */
  giveBack(held: HeldLease, row: JobRow, set: Intervals, counted: 'no' | 'returned' | 'expired'): void {
    const released = this.release(held, row, set);
    if (released.length === 0) return;
    if (counted !== 'no') count(this.store.attempts, held.job, released);
    if (counted === 'expired') count(this.store.expired, held.job, released);
    this.addPending(held.job, row, released);
  }

  /** Ends all leases of a Job, their Slices with them. */
  voidAll(job: JobNumber, row: JobRow): void {
    for (const held of this.ofJob(job)) this.remove(held);
    row.leased = 0;
  }

  /** True when some lease is over and nobody has noticed. */
  anyExpired(): boolean {
    const first = this.store.expiry.keys([0, 0, 0], [LAST, 0, 0], 1)[0] as number[] | undefined;
    return first !== undefined && first[0]! <= this.clock.now();
  }

  /** Gives back what was leased too long ago; a bounded part of it at a time. */
  expireDue(): void {
    const due = this.store.expiry.keys([0, 0, 0], [this.clock.now() + 1, 0, 0], EXPIRE_LEASES) as number[][];
    let slices = 0;
    for (const [expires, job, task] of due) {
      if (slices >= EXPIRE_SLICES) return;
      const bytes = this.store.leases.get([job!, task!]);
      if (bytes === undefined) {
        this.store.expiry.remove([expires!, job!, task!]);
        continue;
      }
      slices += this.expire({ job: job!, task: task!, lease: this.decode(bytes, job!, task!) });
    }
  }

  /** Ends one lease: its Slices go back, and it counts as an attempt, since nobody knows what became of them. */
  expire(held: HeldLease): number {
    const row = this.jobs.rowOrNull(held.job);
    if (row === null || row.state === 'cancelled' || row.state === 'removing') {
      this.remove(held);
      return 0;
    }
    const count = countOf(held.lease.outstanding);
    this.giveBack(held, row, held.lease.outstanding, 'expired');
    this.jobs.put(held.job, row);
    return count;
  }

  /** Ends some leases of earlier starts of the machine, whose clock means nothing now. False when there are none left. */
  expireOtherBoots(after: [number, number]): [number, number] | null {
    const entries = this.store.leases.range([after[0], after[1] + 1], [LAST, 0], EXPIRE_LEASES);
    let last: [number, number] | null = null;
    let slices = 0;
    for (const { key, value } of entries) {
      const [job, task] = key as [number, number];
      const lease = this.decode(value, job, task);
      if (lease.boot !== this.clock.bootId) slices += this.expire({ job, task, lease });
      last = [job, task];
      if (slices >= EXPIRE_SLICES) break;
    }
    return last;
  }

  private of(worker: string): HeldLease[] {
    return this.between([0, 0], [LAST, 0]).filter(({ lease }) => lease.worker === worker);
  }

  private ofJob(job: JobNumber): HeldLease[] {
    return this.between([job, 0], [job, LAST]);
  }

  private between(start: [number, number], end: [number, number]): HeldLease[] {
    return this.store.leases.range(start, end, LAST).map(({ key, value }) => {
      const [job, task] = key as [number, number];
      return { job, task, lease: this.decode(value, job, task) };
    });
  }

  private put(job: JobNumber, task: number, lease: Lease): void {
    this.store.leases.put(
      [job, task],
      encode([
        lease.worker,
        lease.boot,
        lease.expires,
        encodeIntervals(lease.outstanding),
        lease.secret,
        lease.alone,
      ]),
    );
  }

  private remove({ job, task, lease }: HeldLease): void {
    this.store.leases.remove([job, task]);
    this.store.expiry.remove([lease.expires, job, task]);
    if (lease.alone) this.jobs.bump('alone', -1);
    const draining = this.jobs.counter('draining');
    if (draining > 0) this.jobs.bump('draining', -draining);
    if (lease.alone || draining > 0) this.jobs.bump('work');
  }

  private decode(bytes: Uint8Array, job: JobNumber, task: number): Lease {
    const what = `job number ${job}, lease ${task}`;
    const v = decode(bytes, what) as unknown[];
    const outstanding = Array.isArray(v) && v[3] instanceof Uint8Array ? decodeIntervals(v[3]) : null;
    if (
      outstanding === null ||
      typeof v[1] !== 'string' ||
      typeof v[2] !== 'number' ||
      typeof v[4] !== 'string'
    ) {
      throw damaged(what, 'it is not a lease');
    }
    return {
      worker: String(v[0]),
      boot: v[1],
      expires: v[2],
      outstanding,
      secret: v[4],
      alone: v[5] === true,
    };
  }

  /** How often each of these Slices was tried before. */
  attemptsOf(job: JobNumber, numbers: Uint32Array): Uint16Array {
    return countsOf(this.store.attempts, job, numbers);
  }

  /** How often a lease of each of these Slices ran out. */
  expiriesOf(job: JobNumber, numbers: Uint32Array): Uint16Array {
    return countsOf(this.store.expired, job, numbers);
  }
}

// Tables of counts: a record of 16-bit counts per bucket of Slices, where some count is not zero.

function count(table: Table, job: JobNumber, set: Intervals): void {
  for (let i = 0; i < set.length; i += 2) {
    for (let n = set[i]!; n <= set[i + 1]!;) {
      const bucket = Math.floor(n / BUCKET);
      const counts = words16(table.get([job, bucket]));
      const end = Math.min(set[i + 1]!, bucket * BUCKET + BUCKET - 1);
      for (; n <= end; n++) counts[n % BUCKET] = Math.min(counts[n % BUCKET]! + 1, MAX_COUNT);
      table.put([job, bucket], new Uint8Array(counts.buffer));
    }
  }
}

function countsOf(table: Table, job: JobNumber, numbers: Uint32Array): Uint16Array {
  const out = new Uint16Array(numbers.length);
  if (numbers.length === 0) return out;
  const first = Math.floor(numbers[0]! / BUCKET);
  const last = Math.floor(numbers[numbers.length - 1]! / BUCKET);
  if (table.keys([job, first], [job, last + 1], 1).length === 0) return out;
  let bucket = -1;
  let counts = NO_COUNTS;
  for (let i = 0; i < numbers.length; i++) {
    const b = Math.floor(numbers[i]! / BUCKET);
    if (b !== bucket) {
      bucket = b;
      const bytes = table.get([job, b]);
      counts = bytes === undefined ? NO_COUNTS : words16(bytes);
    }
    out[i] = counts[numbers[i]! % BUCKET]!;
  }
  return out;
}

const NO_COUNTS = new Uint16Array(BUCKET);

function words16(bytes: Uint8Array | undefined): Uint16Array<ArrayBuffer> {
  const words = new Uint16Array(BUCKET);
  if (bytes) new Uint8Array(words.buffer).set(bytes.subarray(0, BUCKET * 2));
  return words;
}

function endBytes(to: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(to).buffer);
}
