import { randomInt } from 'node:crypto';
import {
  InvalidArgumentError,
  JobStateError,
  makeRangeBatch,
  packColumns,
  SchedulerError,
  type JobEvent,
  type JobId,
  type JobSpec,
  type JobStatus,
  type Payload,
  type ResultBatch,
  type ReturnReason,
  type SliceBatch,
  type SliceMessage,
  type Task,
  type TaskId,
} from '../../model/index.js';
import type { Scheduler, StoredResult, SubmitReceipt, TaskRequest } from '../scheduler.js';
import { BlobError, namePack, packBlob, type Blob } from './blob.js';
import { checkColumns, checkInteger, checkMessage, checkRequest, checkResults, checkSpec } from './checks.js';
import { systemClock, type SchedulerClock } from './clock.js';
import { Dispatch } from './dispatch.js';
import { fromNumbers, subtract } from './intervals.js';
import { damaged, encode, Jobs, LAST, show, type JobFixed, type JobNumber, type JobRow } from './jobs.js';
import { Leases } from './leases.js';
import { customEvent, draftMessages, Log, type MessageGroup } from './log.js';
import {
  cutParcels,
  loadPayloads,
  loadTask,
  modulesPayload,
  parseRecord,
  payloadModules,
} from './payloads.js';
import { draftResults, Results, type ResultDraft } from './results.js';
import { Store, type StoreOptions } from './store.js';

export interface EmbeddedSchedulerOptions extends StoreOptions {
  /** How long a Task is leased for, in milliseconds, from 1000. Default 60,000. Processes may differ. */
  readonly leaseMs?: number;
  /** For tests. */
  readonly clock?: SchedulerClock;
}

/** Records deleted in one transaction when a Job is removed. */
const PURGE_RECORDS = 200;

/**
 * Opens the Scheduler in `directory`, making both if need be. Several processes of one machine may have it open at
 * once, without a daemon; they must share their process ids' namespace, and the directory must be on a local file system.
 *
 * @throws InvalidArgumentError an option is out of range
 * @throws SchedulerError the store is of another version, damaged, or locked by a stopped process; or this is not the
 *   process's main thread
 */
export async function openEmbeddedScheduler(
  directory: string,
  options: EmbeddedSchedulerOptions = {},
): Promise<EmbeddedScheduler> {
  if (typeof directory !== 'string' || directory === '')
    throw new InvalidArgumentError('directory', `expected a path, got ${show(directory)}`);
  const leaseMs = options.leaseMs ?? 60_000;
  if (!Number.isFinite(leaseMs) || leaseMs < 1000)
    throw new InvalidArgumentError('options.leaseMs', `expected at least 1000, got ${show(leaseMs)}`);
  const clock = options.clock ?? systemClock();
  const store = await Store.open(directory, options);
  const scheduler = new EmbeddedScheduler(store, clock, leaseMs);
  try {
    await scheduler.recover();
  } catch (error) {
    await scheduler.close();
    throw error;
  }
  return scheduler;
}

/** Made by `openEmbeddedScheduler`. See `docs/SCHEDULER.md` for the store's tables and rules. */
export class EmbeddedScheduler implements Scheduler {
  private readonly jobs: Jobs;
  private readonly leases: Leases;
  private readonly dispatch: Dispatch;
  private readonly results: Results;
  private readonly log: Log;
  private closing: Promise<void> | null = null;
  /** Ends each wait under way. Not one shared AbortSignal: Node warns of a signal with more than ten listeners. */
  private readonly waits = new Set<AbortController>();
  private readonly calls = new Set<Promise<unknown>>();
  /**
   * Per Job, when the writes of the last `addSlices` are queued: calls of one process are stored in the order in which
   * they were made, and still share transactions.
   */
  private readonly uploads = new Map<JobId, Promise<void>>();

  /** @internal */
  constructor(
    private readonly store: Store,
    private readonly clock: SchedulerClock,
    private readonly leaseMs: number,
  ) {
    this.jobs = new Jobs(store);
    this.leases = new Leases(store, this.jobs, clock, leaseMs);
    this.dispatch = new Dispatch(store, this.jobs, this.leases);
    this.results = new Results(store);
    this.log = new Log(store);
  }

  /** @internal Puts right what a reboot or a crash left: leases of earlier boots, Jobs half removed. */
  async recover(): Promise<void> {
    const boot = this.clock.bootId;
    if (this.store.read(() => this.store.meta.get('boot')?.toString()) !== boot) {
      for (let at: [number, number] | null = [0, -1]; at !== null;) {
        const from: [number, number] = at;
        at = await this.store.write(() => this.leases.expireOtherBoots(from));
      }
      await this.store.write(() => this.store.meta.put('boot', Buffer.from(boot)));
    }
    const removing = this.store.read(() => this.rowsOf().filter(({ row }) => row.state === 'removing'));
    // In the background: nobody sees these Jobs any more. Errors are not lost: the next opening tries again.
    for (const { number } of removing) void this.track(() => this.purge(number)).catch(() => undefined);
  }

  // For clients

  createJob(spec: JobSpec): Promise<JobId> {
    return this.track(async () => {
      checkSpec(spec);
      const { arguments: args, modules, ...rest } = spec;
      const payloads = modules === null ? [args] : [args, modulesPayload(modules)];
      const id = randomId();
      const { bytes, spill } = packBlob(packColumns(payloads), 0, payloads.length, 0);
      const create = (number: JobNumber): void => {
        const range = spec.inputSet.kind === 'range';
        const known = spec.inputSet.kind === 'range' ? spec.inputSet.count : 0;
        const row: JobRow = {
          state: range ? 'open' : 'uploading',
          createdAt: Date.now(),
          known,
          done: 0,
          failed: 0,
          leased: 0,
          pending: 0,
          elapsedMs: 0,
          nextSeq: 1,
          nextTask: 1,
          nextGroup: 1,
          turn: 0,
          queued: false,
          messages: 0,
          messageBytes: 0,
          dropping: false,
        };
        this.store.ids.put(id, new Uint8Array(Uint32Array.of(number).buffer));
        this.store.specs.put(number, encode({ id, spec: rest } satisfies JobFixed));
        this.store.data.put([number, 0], bytes);
        this.log.state(number, row, range ? 'open' : 'uploading');
        if (known > 0) this.leases.addPending(number, row, [1, known]);
        this.finishIfDone(number, row);
        this.jobs.put(number, row);
      };
      if (spill.length === 0) await this.store.write(() => create(this.jobs.bump('jobs')));
      else {
        const number = await this.store.write(() => this.jobs.bump('jobs'));
        await this.withPack(number, spill, async (pack) => {
          namePack(bytes, pack!);
          await this.store.write(() => create(number));
        });
      }
      return id;
    });
  }

  addSlices(jobId: JobId, batch: SliceBatch): Promise<void> {
    return this.track(async () => {
      const previous = this.uploads.get(jobId);
      let pass!: () => void;
      const turn = new Promise<void>((resolve) => (pass = resolve));
      this.uploads.set(jobId, turn);
      const onQueued = (): void => {
        if (this.uploads.get(jobId) === turn) this.uploads.delete(jobId);
        pass();
      };
      try {
        await previous;
        await this.upload(jobId, batch, onQueued);
      } finally {
        onQueued();
      }
    });
  }

  private async upload(jobId: JobId, batch: SliceBatch, onQueued: () => void): Promise<void> {
    const count = checkColumns('batch', batch, batch?.numbers);
    for (let i = 1; i < count; i++) {
      if (batch.numbers[i] !== batch.numbers[0]! + i) {
        throw new InvalidArgumentError(
          `batch.numbers[${i}]`,
          `expected ${batch.numbers[0]! + i}, the number after the one before, got ${batch.numbers[i]}`,
        );
      }
    }
    const number = this.store.read(() => this.jobs.numberOf(jobId));
    if (count === 0) return;
    const writes: Promise<void>[] = [];
    let stored = 0;
    const parcels = cutParcels(batch, count, (from, to, blob) => ({
      first: batch.numbers[from]!,
      last: batch.numbers[to - 1]!,
      blob,
    }));
    try {
      for (const { records, spill } of parcels) {
        await this.withPack(number, spill, async (pack) => {
          const write = this.store.write(() => {
            const row = this.jobs.row(number, jobId);
            if (row.state !== 'uploading')
              throw new JobStateError(
                `job ${JSON.stringify(jobId)} is ${row.state}, Slices can be added while it is uploading`,
              );
            if (records[0]!.first !== row.known + 1) {
              throw new InvalidArgumentError(
                'batch.numbers',
                `expected to start at ${row.known + 1}, got ${records[0]!.first}`,
              );
            }
            for (const { first, blob } of records) {
              if (pack) namePack(blob, pack);
              this.store.data.put([number, first], blob);
            }
            const last = records[records.length - 1]!.last;
            row.known = last;
            this.leases.addPending(number, row, [records[0]!.first, last]);
            this.jobs.put(number, row);
          });
          // Parcels follow each other into the queue without waiting for the disk, but not without bound.
          writes.push(write);
          write.catch(noop);
          if (pack || writes.length - stored >= 32) {
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

  sealJob(jobId: JobId): Promise<void> {
    return this.track(() =>
      this.store.write(() => {
        const number = this.jobs.numberOf(jobId);
        const row = this.jobs.row(number, jobId);
        if (row.state === 'cancelled')
          throw new JobStateError(`job ${JSON.stringify(jobId)} is cancelled, its upload cannot be ended`);
        if (row.state !== 'uploading') return;
        row.state = 'open';
        this.log.state(number, row, 'open');
        this.finishIfDone(number, row);
        this.jobs.put(number, row);
      }),
    );
  }

  listJobs(): Promise<JobStatus[]> {
    return this.track(async () =>
      this.store.read(() =>
        this.rowsOf()
          .filter(({ row }) => row.state !== 'removing')
          .map(({ number, row }) => this.jobs.status(number, row)),
      ),
    );
  }

  jobStatus(jobId: JobId): Promise<JobStatus> {
    return this.track(async () =>
      this.store.read(() => {
        const number = this.jobs.numberOf(jobId);
        return this.jobs.status(number, this.jobs.row(number, jobId));
      }),
    );
  }

  readResults(jobId: JobId, numbers: Uint32Array): Promise<(StoredResult | null)[]> {
    return this.track(async () => {
      if (!(numbers instanceof Uint32Array))
        throw new InvalidArgumentError('numbers', `expected a Uint32Array, got ${show(numbers)}`);
      const number = this.store.read(() => this.jobs.numberOf(jobId));
      const out: (StoredResult | null)[] = [];
      for (let from = 0; from < numbers.length; from += 4096) {
        if (from > 0) await new Promise(setImmediate);
        const located = this.store.read(() =>
          this.results.locate(number, jobId, numbers.subarray(from, from + 4096)),
        );
        for (const result of await this.results.load(number, jobId, located)) out.push(result);
      }
      return out;
    });
  }

  readEvents(jobId: JobId, after: number, limit: number): Promise<JobEvent[]> {
    return this.track(async () => {
      checkInteger('after', after, 0);
      checkInteger('limit', limit, 1);
      const { number, raw } = this.store.read(() => {
        const number = this.jobs.numberOf(jobId);
        return { number, raw: this.log.read(number, after, limit) };
      });
      const custom = raw.flatMap((one) => ('event' in one ? [] : [one]));
      const payloads = await this.load(jobId, number, 'messages', custom);
      let at = 0;
      return raw.map((one) => ('event' in one ? one.event : customEvent(one, payloads[at++]!)));
    });
  }

  waitForEvents(jobId: JobId, after: number, signal: AbortSignal): Promise<boolean> {
    return this.wait(signal, () => {
      checkInteger('after', after, 0);
      const number = this.jobs.numberOf(jobId);
      return this.jobs.row(number, jobId).nextSeq - 1 > after;
    });
  }

  cancelJob(jobId: JobId): Promise<void> {
    return this.track(() =>
      this.store.write(() => {
        const number = this.jobs.numberOf(jobId);
        const row = this.jobs.row(number, jobId);
        if (row.state === 'cancelled' || row.state === 'finished') return;
        row.state = 'cancelled';
        this.jobs.dequeue(number, row);
        this.leases.voidAll(number, row);
        this.log.state(number, row, 'cancelled');
        this.jobs.put(number, row);
      }),
    );
  }

  removeJob(jobId: JobId): Promise<void> {
    return this.track(async () => {
      const number = await this.store.write(() => {
        const number = this.jobs.numberOf(jobId);
        const row = this.jobs.row(number, jobId);
        row.state = 'removing';
        this.jobs.dequeue(number, row);
        this.leases.voidAll(number, row);
        this.store.ids.remove(jobId);
        this.jobs.put(number, row);
        return number;
      });
      await this.purge(number);
    });
  }

  /** Deletes what a removed Job stored, a bounded part at a time. Its row goes last, so that this can be taken up again. */
  private async purge(number: JobNumber): Promise<void> {
    const { pending, data, results, found, attempts, expired, log } = this.store;
    for (const table of [pending, data, results, found, attempts, expired, log]) {
      while (this.closing === null) {
        const left = await this.store.write(() => {
          const keys = table.keys([number, 0], [number, LAST], PURGE_RECORDS);
          for (const key of keys) table.remove(key);
          return keys.length === PURGE_RECORDS;
        });
        if (!left) break;
      }
    }
    if (this.closing !== null) return;
    await this.store.packs.removeJob(number);
    this.jobs.forget(number);
    await this.store.write(() => {
      this.store.specs.remove(number);
      this.store.rows.remove(number);
    });
  }

  // For Workers

  fetchJob(jobId: JobId): Promise<JobSpec> {
    return this.track(async () => {
      const { number, fixed, row, bytes } = this.store.read(() => {
        const number = this.jobs.numberOf(jobId);
        const row = this.jobs.row(number, jobId);
        return { number, row, fixed: this.jobs.fixedOf(number), bytes: this.store.data.get([number, 0]) };
      });
      const blob = parseRecord(bytes, `job ${JSON.stringify(jobId)}, its arguments`);
      const items = Array.from({ length: blob.entries }, (_, entry) => ({ blob, entry }));
      const [args, modules] = await this.load(jobId, number, 'its arguments', items);
      const { inputSet } = fixed.spec;
      return {
        ...fixed.spec,
        inputSet:
          inputSet.kind === 'range' || row.state === 'uploading'
            ? inputSet
            : { kind: 'list', count: row.known },
        arguments: args!,
        modules:
          modules === undefined ? null : payloadModules(modules, `job ${JSON.stringify(jobId)}, its modules`),
      };
    });
  }

  requestTask(request: TaskRequest): Promise<Task | null> {
    return this.track(async () => {
      checkRequest(request);
      // Most requests of an idle Worker end here, without a transaction.
      const hopeless = this.store.read(() => {
        if (this.leases.anyExpired()) return false;
        return !this.dispatch.hasWorkFor(request);
      });
      if (hopeless) return null;
      const granted = await this.store.write(() => this.dispatch.grant(request));
      if (granted === null) return null;
      if (granted instanceof SchedulerError) throw granted;
      const { id, jobId, number, numbers, attempts, expiries, pieces, limits } = granted;
      let slices: SliceBatch;
      if (pieces === null) slices = makeRangeBatch(numbers);
      else {
        try {
          slices = await loadTask(this.store.packs, number, numbers, pieces);
        } catch (error) {
          await this.returnSlices(id, numbers, { code: 'ESCHEDULER', message: String(error), counted: true });
          if (!(error instanceof BlobError)) throw error;
          throw damaged(`job ${JSON.stringify(jobId)}, Slices from ${numbers[0]}`, error.message);
        }
      }
      return { id, jobId, slices, attempts, expiries, limits, leaseMs: this.leaseMs };
    });
  }

  waitForWork(signal: AbortSignal): Promise<boolean> {
    return this.wait(signal, (scan) => {
      if (this.jobs.counter('work') !== this.dispatch.workSeen || this.leases.anyExpired()) return true;
      // Somebody else's request on this object may have seen the news: once a second, any pending work will do.
      return scan && this.store.ready.keys([0, 0], [LAST, 0], 1).length > 0;
    });
  }

  renewLeases(taskIds: readonly TaskId[]): Promise<TaskId[]> {
    return this.track(() =>
      this.store.write(() =>
        taskIds.filter((id) => {
          const held = this.leases.find(id);
          if (held === null) return true;
          if (this.leases.isExpired(held)) {
            this.leases.expire(held);
            return true;
          }
          this.leases.renew(held);
          return false;
        }),
      ),
    );
  }

  submitResults(taskId: TaskId, jobId: JobId, results: ResultBatch): Promise<SubmitReceipt> {
    return this.track(async () => {
      const count = checkResults(results);
      const number = this.store.read(() => this.jobs.numberOf(jobId));
      let recorded = 0;
      for (const { records, spill } of draftResults(results)) {
        await this.withPack(number, spill, async (pack) => {
          const fresh = await Promise.all(
            records.map((draft) => this.store.write(() => this.record(taskId, jobId, number, draft, pack))),
          );
          const sum = fresh.reduce((a, b) => a + b, 0);
          recorded += sum;
          return sum > 0;
        });
      }
      return { recorded, duplicates: count - recorded };
    });
  }

  private record(
    taskId: TaskId,
    jobId: JobId,
    number: JobNumber,
    draft: ResultDraft,
    pack: Uint8Array | null,
  ): number {
    const row = this.jobs.row(number, jobId);
    const fresh = this.results.record(number, row, draft, pack);
    const set = fromNumbers(draft.columns.numbers);
    const held = this.leases.find(taskId);
    const own = held?.job === number ? this.leases.release(held, row, set) : [];
    if (fresh.length > 0) {
      const others = subtract(fromNumbers(fresh), own);
      if (others.length > 0) this.leases.releaseElsewhere(number, row, others);
      this.log.results(number, row, fresh);
      this.finishIfDone(number, row);
    }
    if (fresh.length > 0 || own.length > 0) this.jobs.put(number, row);
    return fresh.length;
  }

  private finishIfDone(number: JobNumber, row: JobRow): void {
    if (row.state !== 'open' || row.done < row.known) return;
    row.state = 'finished';
    this.log.state(number, row, 'finished');
  }

  returnSlices(taskId: TaskId, numbers: Uint32Array, reason: ReturnReason): Promise<void> {
    return this.track(() => {
      if (!(numbers instanceof Uint32Array))
        throw new InvalidArgumentError('numbers', `expected a Uint32Array, got ${show(numbers)}`);
      if (typeof reason?.counted !== 'boolean')
        throw new InvalidArgumentError(
          'reason.counted',
          `expected true or false, got ${show(reason?.counted)}`,
        );
      const set = fromNumbers(numbers);
      return this.store.write(() => {
        const held = this.leases.find(taskId);
        const row = held && this.jobs.rowOrNull(held.job);
        if (!held || !row) return; // the lease is over: its Slices went back already
        this.leases.giveBack(held, row, set, reason.counted ? 'returned' : 'no');
        this.jobs.put(held.job, row);
      });
    });
  }

  appendMessages(jobId: JobId, messages: readonly SliceMessage[]): Promise<void> {
    return this.track(async () => {
      messages.forEach(checkMessage);
      const number = this.store.read(() => this.jobs.numberOf(jobId));
      const groups = draftMessages(messages);
      const spill = groups.flatMap(({ draft }) => draft?.spill ?? []);
      const append = (group: MessageGroup, pack: Uint8Array | null): Promise<void> =>
        this.store.write(() => {
          const row = this.jobs.row(number, jobId);
          this.log.messages(number, row, group, pack);
          this.jobs.put(number, row);
        });
      await this.withPack(number, spill, async (pack) => {
        await Promise.all(groups.map((group) => append(group, pack)));
      });
    });
  }

  close(): Promise<void> {
    this.closing ??= (async () => {
      for (const wait of this.waits) wait.abort();
      while (this.calls.size > 0) await Promise.allSettled([...this.calls]);
      await this.store.close();
    })();
    return this.closing;
  }

  // What the calls above share

  /** Refuses calls on a closed Scheduler; lets `close` wait for the others. */
  private track<T>(call: () => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      if (this.closing) throw new SchedulerError(`${this.store.directory}: the Scheduler is closed`);
      return await call();
    };
    const promise = run();
    this.calls.add(promise);
    const forget = (): void => void this.calls.delete(promise);
    promise.then(forget, forget);
    return promise;
  }

  private async wait(signal: AbortSignal, check: (scan: boolean) => boolean): Promise<boolean> {
    if (this.closing) throw new SchedulerError(`${this.store.directory}: the Scheduler is closed`);
    const either = new AbortController();
    const abort = (): void => either.abort();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    this.waits.add(either);
    try {
      return await this.store.doorbell.wait((scan) => this.store.read(() => check(scan)), either.signal);
    } finally {
      signal.removeEventListener('abort', abort);
      this.waits.delete(either);
    }
  }

  /** Writes a pack file, if there is anything for it, and takes it away again when `use` throws or answers false. */
  private async withPack(
    number: JobNumber,
    spill: readonly Uint8Array[],
    use: (pack: Uint8Array | null) => Promise<boolean | void>,
  ): Promise<void> {
    if (spill.length === 0) {
      await use(null);
      return;
    }
    let pack: Uint8Array;
    try {
      pack = await this.store.packs.write(number, spill);
    } catch (cause) {
      throw new SchedulerError(
        `${this.store.directory}: large data cannot be written: ${(cause as Error).message}; what was acknowledged before is kept`,
        { cause },
      );
    }
    let keep = false;
    try {
      keep = (await use(pack)) !== false;
    } finally {
      if (!keep) await this.store.packs.discard(number, pack);
    }
  }

  private rowsOf(): { number: JobNumber; row: JobRow }[] {
    const out: { number: JobNumber; row: JobRow }[] = [];
    for (const number of this.store.rows.keys(0, LAST, LAST) as number[]) {
      const row = this.jobs.rowOrNull(number);
      if (row) out.push({ number, row });
    }
    return out;
  }

  private async load(
    jobId: JobId,
    number: JobNumber,
    what: string,
    items: readonly { blob: Blob; entry: number }[],
  ): Promise<Payload[]> {
    try {
      return await loadPayloads(this.store.packs, number, items);
    } catch (error) {
      if (error instanceof BlobError) throw damaged(`job ${JSON.stringify(jobId)}, ${what}`, error.message);
      throw error;
    }
  }
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 22 letters and digits, as long as DCP's own: nobody guesses one. */
function randomId(): JobId {
  let id = '';
  for (let i = 0; i < 22; i++) id += ALPHABET[randomInt(ALPHABET.length)];
  return id;
}

const noop = (): void => undefined;
