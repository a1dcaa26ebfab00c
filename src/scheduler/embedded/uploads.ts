import { InvalidArgumentError, JobStateError, type JobId, type SliceBatch } from '../../model/index.js';
import { namePack } from './blob.js';
import { checkColumns } from './checks.js';
import type { JobNumber, Jobs } from './jobs.js';
import type { Leases } from './leases.js';
import { cutParcels } from './payloads.js';
import type { Store } from './store.js';

/** Parcels on their way to the disk at once: enough to share its syncs, few enough to bound memory. */
const MAX_WRITES = 32;

/** Slices of one record. */
interface SliceRecord {
  readonly first: number;
  readonly last: number;
  readonly blob: Uint8Array;
}

/** Takes the Slices of Jobs in, while their clients upload them. */
export class Uploads {
  /**
   * Per Job, when the writes of the last `add` are queued: calls of one process are stored in the order in which
   * they were made, and still share transactions.
   */
  private readonly last = new Map<JobId, Promise<void>>();

  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly leases: Leases,
  ) {}

  /** See `Scheduler.addSlices`. */
  async add(jobId: JobId, batch: SliceBatch): Promise<void> {
    const previous = this.last.get(jobId);
    let pass!: () => void;
    const turn = new Promise<void>((resolve) => (pass = resolve));
    this.last.set(jobId, turn);
    const onQueued = (): void => {
      if (this.last.get(jobId) === turn) this.last.delete(jobId);
      pass();
    };
    try {
      await previous;
      await this.upload(jobId, batch, onQueued);
    } finally {
      onQueued();
    }
  }

  private async upload(jobId: JobId, batch: SliceBatch, onQueued: () => void): Promise<void> {
    const count = checkConsecutive(batch);
    const number = this.store.read(() => this.jobs.numberOf(jobId));
    if (count === 0) return;
    const writes: Promise<void>[] = [];
    let stored = 0;
    const parcels = cutParcels(batch, count, (from, to, blob): SliceRecord => ({
      first: batch.numbers[from]!,
      last: batch.numbers[to - 1]!,
      blob,
    }));
    try {
      for (const { records, spill } of parcels) {
        await this.store.packs.use(number, spill, async (pack) => {
          const write = this.store.write(() => this.append(jobId, number, records, pack));
          // Parcels follow each other into the queue without waiting for the disk, but not without bound.
          writes.push(write);
          write.catch(noop);
          if (pack || writes.length - stored >= MAX_WRITES) {
            await Promise.all(writes);
            stored = writes.length;
          }
        });
      }
      onQueued();
    } finally {
      await Promise.allSettled(writes);
    }
    await Promise.all(writes); // throws the first failure: those after it fail for want of it
  }

  /** Inside a transaction. */
  private append(
    jobId: JobId,
    number: JobNumber,
    records: readonly SliceRecord[],
    pack: Uint8Array | null,
  ): void {
    const row = this.jobs.row(number, jobId);
    if (row.state !== 'uploading')
      throw new JobStateError(
        `job ${JSON.stringify(jobId)} is ${row.state}, Slices can be added while it is uploading`,
      );
    const { first } = records[0]!;
    if (first !== row.known + 1)
      throw new InvalidArgumentError('batch.numbers', `expected to start at ${row.known + 1}, got ${first}`);
    for (const record of records) {
      if (pack) namePack(record.blob, pack);
      this.store.data.put([number, record.first], record.blob);
    }
    row.known = records[records.length - 1]!.last;
    this.leases.addPending(number, row, [first, row.known]);
    this.jobs.put(number, row);
  }
}

/** Answers how many Slices there are. */
function checkConsecutive(batch: SliceBatch): number {
  const count = checkColumns('batch', batch, batch?.numbers);
  for (let i = 1; i < count; i++) {
    const expected = batch.numbers[0]! + i;
    if (batch.numbers[i] !== expected)
      throw new InvalidArgumentError(
        `batch.numbers[${i}]`,
        `expected ${expected}, the number after the one before, got ${batch.numbers[i]}`,
      );
  }
  return count;
}

const noop = (): void => undefined;
