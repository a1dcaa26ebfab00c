import { resolve } from 'node:path';
import {
  InvalidArgumentError,
  JobStateError,
  makeRangeBatch,
  packColumns,
  requiredInVain,
  requiredInVainText,
  SchedulerError,
  shown,
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
import { Calls } from './calls.js';
import { checkInteger, checkLeaseMs, checkMessage, checkRequest, checkResults, checkSpec } from './checks.js';
import { systemClock, type SchedulerClock } from './clock.js';
import { Dispatch } from './dispatch.js';
import { fromNumbers, subtract } from './intervals.js';
import {
  damaged,
  encode,
  Jobs,
  LAST,
  newRow,
  randomJobId,
  type JobFixed,
  type JobNumber,
  type JobRow,
} from './jobs.js';
import { Leases } from './leases.js';
import { customEvent, draftMessages, Log, type MessageGroup } from './log.js';
import { loadPayloads, loadTask, modulesPayload, parseRecord, payloadModules } from './payloads.js';
import { FREES, purgeJob } from './removal.js';
import { draftResults, Results, type ResultDraft } from './results.js';
import { Store } from './store.js';
import type { StoreOptions } from './store-options.js';
import { Suspects } from './suspects.js';
import { Uploads } from './uploads.js';

export interface EmbeddedSchedulerOptions extends StoreOptions {
  /** How long a Task is leased for, in milliseconds, from 1000. Default 60,000. Processes may differ. */
  readonly leaseMs?: number;
  /** For tests. */
  readonly clock?: SchedulerClock;
}

/**
 * Opens the Scheduler in `directory`, making both if need be. Several processes of one machine may have it open at
 * once, without a daemon; they must share their process ids' namespace, and the directory must be on a local file system.
 *
 * @throws InvalidArgumentError an option is out of range
 * @throws SchedulerError the store is of another version, damaged, or locked by a stopped process; or this is not the
 *   process's main thread
 */
export function openEmbeddedScheduler(
  directory: string,
  options: EmbeddedSchedulerOptions = {},
): Promise<EmbeddedScheduler> {
  return EmbeddedScheduler.open(directory, options);
}

/** Made by `openEmbeddedScheduler`. See `docs/SCHEDULER.md` for the store's tables and rules. */
export class EmbeddedScheduler implements Scheduler {
  private readonly jobs: Jobs;
  private readonly leases: Leases;
  private readonly dispatch: Dispatch;
  private readonly results: Results;
  private readonly log: Log;
  private readonly uploads: Uploads;
  private readonly calls: Calls;
  #identity = '';

  /** @internal See `openEmbeddedScheduler`. */
  static async open(directory: string, options: EmbeddedSchedulerOptions): Promise<EmbeddedScheduler> {
    if (typeof directory !== 'string' || directory === '')
      throw new InvalidArgumentError('directory', `expected a path, got ${shown(directory)}`);
    const leaseMs = options.leaseMs ?? 60_000;
    checkLeaseMs('options.leaseMs', leaseMs);
    const clock = options.clock ?? systemClock();
    const path = resolve(directory);
    const store = await Store.open(path, options);
    const scheduler = new EmbeddedScheduler(store, path, clock, leaseMs);
    try {
      await scheduler.recover();
    } catch (error) {
      await scheduler.close();
      throw error;
    }
    return scheduler;
  }

  // Private: so its declaration does not name the store, whose types are lmdb's.
  private constructor(
    private readonly store: Store,
    directory: string,
    private readonly clock: SchedulerClock,
    private readonly leaseMs: number,
  ) {
    this.jobs = new Jobs(store);
    this.leases = new Leases(store, this.jobs, clock, leaseMs);
    this.dispatch = new Dispatch(store, this.jobs, this.leases, new Suspects(store, clock, leaseMs));
    this.results = new Results(store);
    this.log = new Log(store);
    this.uploads = new Uploads(store, this.jobs, this.leases);
    this.calls = new Calls(store, directory);
  }

  get identity(): string {
    return this.#identity;
  }

  /** Puts right what a reboot or a crash left: leases of earlier boots, Jobs half removed. */
  private async recover(): Promise<void> {
    const boot = this.clock.bootId;
    if (this.store.read(() => this.store.meta.get('boot')?.toString()) !== boot) {
      for (let at: [number, number] | null = [0, -1]; at !== null;) {
        const from: [number, number] = at;
        at = await this.store.write(() => this.leases.expireOtherBoots(from));
      }
      await this.store.write(() => this.store.meta.put('boot', Buffer.from(boot)));
    }
    const identity = (): string | undefined =>
      this.store.read(() => this.store.meta.get('identity')?.toString());
    if (identity() === undefined) {
      await this.store.write(() => {
        // Another process may have been quicker.
        if (this.store.meta.get('identity') === undefined)
          this.store.meta.put('identity', Buffer.from(randomJobId()));
      });
    }
    this.#identity = `embedded:${identity()}`;
    const removing = this.store.read(() => this.jobs.all().filter(({ row }) => row.state === 'removing'));
    // In the background: nobody sees these Jobs any more. Errors are not lost: the next opening tries again.
    for (const { number } of removing)
      void this.calls.track(() => purgeJob(this.store, this.jobs, number, this.calls)).catch(() => undefined);
  }

  // For clients

  createJob(spec: JobSpec): Promise<JobId> {
    return this.calls.track(async () => {
      checkSpec(spec);
      const { arguments: args, modules, ...rest } = spec;
      const payloads = modules === null ? [args] : [args, modulesPayload(modules)];
      const inVain = requiredInVain(spec.requirements);
      const id = randomJobId();
      const { bytes, spill } = packBlob(packColumns(payloads), 0, payloads.length, 0);
      const create = (number: JobNumber): void => {
        const range = spec.inputSet.kind === 'range';
        const known = spec.inputSet.kind === 'range' ? spec.inputSet.count : 0;
        const row = newRow(range ? 'open' : 'uploading', known);
        this.store.ids.put(id, new Uint8Array(Uint32Array.of(number).buffer));
        this.store.specs.put(number, encode({ id, spec: rest } satisfies JobFixed));
        this.store.data.put([number, 0], bytes);
        this.log.state(number, row, range ? 'open' : 'uploading');
        if (inVain.length > 0)
          this.log.warning(number, row, `${requiredInVainText(inVain)}: its Slices wait for one that has`);
        if (known > 0) this.leases.addPending(number, row, [1, known]);
        this.finishIfDone(number, row);
        this.jobs.put(number, row);
      };
      if (spill.length === 0) await this.store.write(() => create(this.jobs.bump('jobs')));
      else {
        const number = await this.store.write(() => this.jobs.bump('jobs'));
        await this.store.packs.use(number, spill, async (pack) => {
          namePack(bytes, pack!);
          await this.store.write(() => create(number));
        });
      }
      return id;
    });
  }

  addSlices(jobId: JobId, batch: SliceBatch): Promise<void> {
    return this.calls.track(() => this.uploads.add(jobId, batch));
  }

  sealJob(jobId: JobId): Promise<void> {
    return this.calls.track(() =>
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
    return this.calls.track(async () =>
      this.store.read(() =>
        this.jobs
          .all()
          .filter(({ row }) => row.state !== 'removing')
          .map(({ number, row }) => this.jobs.status(number, row)),
      ),
    );
  }

  jobStatus(jobId: JobId): Promise<JobStatus> {
    return this.calls.track(async () =>
      this.store.read(() => {
        const number = this.jobs.numberOf(jobId);
        return this.jobs.status(number, this.jobs.row(number, jobId));
      }),
    );
  }

  readResults(jobId: JobId, numbers: Uint32Array): Promise<(StoredResult | null)[]> {
    return this.calls.track(async () => {
      if (!(numbers instanceof Uint32Array))
        throw new InvalidArgumentError('numbers', `expected a Uint32Array, got ${shown(numbers)}`);
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
    return this.calls.track(async () => {
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
    return this.calls.wait(signal, () => {
      checkInteger('after', after, 0);
      const number = this.jobs.numberOf(jobId);
      return this.jobs.row(number, jobId).nextSeq - 1 > after;
    });
  }

  cancelJob(jobId: JobId): Promise<void> {
    return this.calls.track(() =>
      this.store.write(() => {
        const number = this.jobs.numberOf(jobId);
        const row = this.jobs.row(number, jobId);
        if (row.state === 'cancelled' || row.state === 'finished') return;
        row.state = 'cancelled';
        this.jobs.dequeue(number, row);
        this.leases.voidAll(number, row);
        this.log.state(number, row, 'cancelled');
        this.jobs.put(number, row);
      }, FREES),
    );
  }

  removeJob(jobId: JobId): Promise<void> {
    return this.calls.track(async () => {
      const number = await this.store.write(() => {
        const number = this.jobs.numberOf(jobId);
        const row = this.jobs.row(number, jobId);
        row.state = 'removing';
        this.jobs.dequeue(number, row);
        this.leases.voidAll(number, row);
        this.store.ids.remove(jobId);
        this.jobs.put(number, row);
        return number;
      }, FREES);
      await purgeJob(this.store, this.jobs, number, this.calls);
    });
  }

  // For Workers

  fetchJob(jobId: JobId): Promise<JobSpec> {
    return this.calls.track(async () => {
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
    return this.calls.track(async () => {
      checkRequest(request);
      // Most requests of an idle Worker end here, without a transaction.
      const seen = this.store.read(() => {
        if (this.leases.anyExpired()) return { found: null };
        const found = this.dispatch.find(request);
        return found && { found };
      });
      if (seen === null) return null;
      const granted = await this.store.write(() => this.dispatch.grant(request, seen.found));
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
    return this.calls.wait(signal, (scan) => {
      if (this.jobs.counter('work') !== this.dispatch.workSeen || this.leases.anyExpired()) return true;
      // Somebody else's request on this object may have seen the news: once a second, any pending work will do.
      return scan && this.store.ready.keys([0, 0], [LAST, 0], 1).length > 0;
    });
  }

  renewLeases(taskIds: readonly TaskId[]): Promise<TaskId[]> {
    return this.calls.track(() =>
      this.store.write(() =>
        taskIds.filter((id) => {
          const held = this.leases.find(id);
          if (held === null) return true;
          if (this.leases.isVoid(held)) {
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
    return this.calls.track(async () => {
      const count = checkResults(results);
      const number = this.store.read(() => this.jobs.numberOf(jobId));
      let recorded = 0;
      for (const { records, spill } of draftResults(results)) {
        recorded += await this.store.packs.useForAll(number, spill, (pack) =>
          records.map((draft) => this.store.write(() => this.record(taskId, jobId, number, draft, pack))),
        );
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
    return this.calls.track(() => {
      if (!(numbers instanceof Uint32Array))
        throw new InvalidArgumentError('numbers', `expected a Uint32Array, got ${shown(numbers)}`);
      if (typeof reason?.counted !== 'boolean')
        throw new InvalidArgumentError(
          'reason.counted',
          `expected true or false, got ${shown(reason?.counted)}`,
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
    return this.calls.track(async () => {
      messages.forEach(checkMessage);
      const number = this.store.read(() => this.jobs.numberOf(jobId));
      const groups = draftMessages(messages);
      const spill = groups.flatMap(({ draft }) => draft?.spill ?? []);
      const append = (group: MessageGroup, pack: Uint8Array | null): Promise<number> =>
        this.store.write(() => {
          const row = this.jobs.row(number, jobId);
          const kept = this.log.messages(number, row, group, pack);
          this.jobs.put(number, row);
          return kept;
        });
      await this.store.packs.useForAll(number, spill, (pack) => groups.map((group) => append(group, pack)));
    });
  }

  close(): Promise<void> {
    return this.calls.close();
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
