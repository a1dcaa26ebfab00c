import { availableParallelism } from 'node:os';
import {
  checkRequirements,
  InvalidArgumentError,
  JobStateError,
  shown,
  type ConsoleLevel,
  type JobId,
  type JobLimits,
  type SliceMetrics,
  type JobPublic,
  type JobRequirements,
  type SliceError,
} from '../model/index.js';
import type { Scheduler } from '../scheduler/index.js';
import { Emitter } from './emitter.js';
import { JobCancelledError } from './errors.js';
import { JobFollower, type JobFollowerSink } from './job-follower.js';
import { checkOptionNames, toAllowedOrigins, toDeterminism, type LocalExecOptions } from './local-exec.js';
import { jobPublic, joinKeys, requiredName, specOf, type ComputeGroup, type NewJob } from './new-job.js';
import { defineJobCalls } from './published-client.js';
import { resultHandle, ResultStore, type ResultHandle } from './result-handle.js';
import type { SchedulerContext } from './scheduler-context.js';
import { uploadSlices } from './upload.js';

/**
 * How far a handle is, in DCP's words: `new`, `exec` (called), `init` (Scheduler open), `deploying` (Job being
 * registered), `uploading` (its input set being sent), `deployed`; `new` again where the Job could not be deployed and the Scheduler
 * has nothing of it; `reconnected` for a handle of a Job that was there.
 */
export type ReadyState = 'new' | 'exec' | 'init' | 'deploying' | 'uploading' | 'deployed' | 'reconnected';

/**
 * A Job's progress in DCP's words, in Slices, when its log last grew: handing out Slices alone writes nothing there. `total`
 * is null while the input set is being uploaded.
 */
export interface JobRunStatus {
  readonly runStatus: 'new' | 'uploading' | 'running' | 'finished' | 'cancelled';
  readonly total: number | null;
  /** Handed to Workers so far and not come back without a result. */
  readonly distributed: number;
  /** With a result, good or bad; and those of them that failed. */
  readonly computed: number;
  readonly failed: number;
}

/** What a Slice took, in DCP's words: milliseconds and bytes. See `SliceMetrics`. */
export interface EventMetrics {
  readonly time: number;
  readonly cpuTime: number;
  readonly webGPUTime: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What a Job's listeners are given. Custom events of `work.emit(name, value)` come under their name. */
export interface JobEvents<R> {
  /** All of the Job is with the Scheduler: it goes on without this process. */
  accepted: [job: Job<R>];
  readystatechange: [state: ReadyState];
  /** `cursor` is the last entry of the Job's log that has been told: see `compute.resume`. */
  status: [status: JobRunStatus & { readonly job: JobId; readonly cursor: number }];
  result: [
    event: {
      readonly job: JobId;
      readonly sliceNumber: number;
      readonly result: R;
    } & EventMetrics,
  ];
  error: [
    event: {
      readonly job: JobId;
      readonly sliceNumber: number;
      readonly error: SliceError;
      readonly code: string;
      readonly message: string;
    } & EventMetrics,
  ];
  console: [
    event: {
      readonly job: JobId;
      readonly sliceNumber: number;
      readonly level: ConsoleLevel;
      readonly message: string;
    },
  ];
  /** In DCP: the account that pays is empty. Schedulers without accounts, like the embedded one, never fire it. */
  nofunds: [];
  /** Every Slice has a result. */
  complete: [results: ResultHandle<R>];
  cancel: [event: { readonly job: JobId; readonly reason: string | undefined }];
  /** Every custom event, whatever its name. */
  custom: [event: CustomEventSource & { readonly name: string; readonly value: unknown }];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- custom events carry what the Work Function says
  [custom: string]: any[];
}

/** Names that a custom event cannot take on the Job itself. */
const JOB_EVENTS = [
  'accepted',
  'readystatechange',
  'status',
  'result',
  'error',
  'console',
  'nofunds',
  'complete',
  'cancel',
  'custom',
];

/** Where a Slice's custom event came from. */
export interface CustomEventSource {
  readonly job: JobId;
  readonly sliceNumber: number;
}

/** A Job that a Scheduler has. */
export interface ExistingJob {
  readonly id: JobId;
  readonly public: JobPublic;
  /** Log entries up to this one are not told again. */
  readonly after: number;
}

/** The same in every copy of this package: whoever is handed a Job may have another one than made it. */
const JOB_SCHEDULER: unique symbol = Symbol.for('dcp-worker-native.jobScheduler');

/**
 * A handle on one Job. Set `public`, `requirements`, `computeGroups` and `limits` before `exec`.
 *
 * A Slice that fails does not reject `exec`: it fires `error`, and its place in the results holds the `SliceError`.
 */
export class Job<R = unknown> extends Emitter<JobEvents<R>> {
  /** Custom events of the Work Function, all of them; `job.on` has those whose names are no event of the Job. */
  readonly work = new Emitter<Record<string, [value: unknown, source: CustomEventSource]>>();
  requirements: JobRequirements = {};
  /** Workers of these groups only; none: any Worker. */
  computeGroups: ComputeGroup[] = [];
  /** Bounds for one Slice; what is left out is DCP's default (24 h in all, 300 s without progress). */
  limits: Partial<JobLimits> = {};
  /** Grows while the Job runs. */
  readonly results: ResultHandle<R>;

  readonly #context: SchedulerContext;
  readonly #source: NewJob | ExistingJob;
  readonly #required = new Set<string>();
  #public = jobPublic({});
  #inspected = false;
  #isLocal = false;
  readonly #store = new ResultStore<R>();
  #id: JobId | null = null;
  #readyState: ReadyState = 'new';
  #status: JobRunStatus = { runStatus: 'new', total: null, distributed: 0, computed: 0, failed: 0 };
  /** The Scheduler of a run under way. */
  #scheduler: Scheduler | null = null;
  #running: Promise<ResultHandle<R>> | null = null;
  #cancelReason: string | undefined;

  /** @internal See `compute.for` and `compute.resume`. */
  constructor(context: SchedulerContext, source: NewJob | ExistingJob) {
    super();
    this.#context = context;
    this.#source = source;
    this.results = resultHandle(this.#store);
    if ('id' in source) {
      this.#id = source.id;
      this.#public = { ...source.public };
    }
  }

  /**
   * @internal The directory of the Scheduler that a Job is for, whichever copy of this package made it; null: one that was open
   * already. Undefined for what is no Job.
   */
  static schedulerOf(job: unknown): string | null | undefined {
    return (job as { [JOB_SCHEDULER]?: string | null } | null | undefined)?.[JOB_SCHEDULER];
  }
  /** @internal See `Job.schedulerOf`. */
  get [JOB_SCHEDULER](): string | null {
    return this.#context.directory;
  }

  /** Null until the Scheduler has registered the Job, and again when it could not be deployed. */
  get id(): JobId | null {
    return this.#id;
  }
  /**
   * Shown to whoever sees the Job; the Work Function reads it as `work.job.public`. Set as a whole, parts that are left out
   * have their defaults. Throws `InvalidArgumentError` for other parts, and for what is no text.
   */
  get public(): JobPublic {
    return this.#public;
  }
  set public(given: Partial<JobPublic>) {
    this.#public = jobPublic(given);
  }
  get readyState(): ReadyState {
    return this.#readyState;
  }
  get status(): JobRunStatus {
    return this.#status;
  }

  /**
   * Modules that come with the Job, so that its Work Function can `require` them by these names: packages, parts of them
   * (`'package/part'`) and files (`'./file.js'`), looked up from the directory of the Compute. `exec` rejects with
   * `ModuleError` when one cannot come.
   *
   * Throws `InvalidArgumentError` for what is no such name, `JobStateError` once the Job is deployed.
   */
  requires(names: string | readonly string[]): void {
    if (this.#running !== null || 'id' in this.#source)
      throw new JobStateError('the Job is deployed already, it can require nothing more');
    for (const name of [names].flat().map(requiredName)) this.#required.add(name);
  }

  /**
   * Deploys the Job and resolves with its results once every Slice has one; some Worker must serve the Scheduler. On a
   * handle from `compute.resume` it deploys nothing and tells the Job's log again.
   *
   * Rejects with `InvalidArgumentError`, `EncodingError` or `ModuleError` for what cannot be deployed, and with what an input iterable
   * throws (the Scheduler keeps nothing of the Job then); with `JobCancelledError`; with `SchedulerError`; with
   * `JobStateError` when called twice. DCP's parameters (payment) are accepted by the call and mean nothing here.
   */
  exec(..._payment: unknown[]): Promise<ResultHandle<R>> {
    return this.#begin(async () => {
      const use = await ('id' in this.#source ? this.#context.open() : this.#context.openOrMake());
      try {
        return await this.#run(use.scheduler);
      } finally {
        await use.end();
      }
    });
  }

  /**
   * Runs the Job in this process with `cores` Sandboxes (default: all usable cores), on a Scheduler of its own that is
   * gone afterwards. For debugging: same events, same errors; rejects like `exec`, with `EvaluatorError`,
   * and with `InvalidArgumentError` for an option out of range or of another name.
   */
  async localExec(
    cores: number = availableParallelism(),
    options: LocalExecOptions = {},
  ): Promise<ResultHandle<R>> {
    if (!Number.isInteger(cores) || cores < 1 || cores > 1024) {
      throw new InvalidArgumentError('cores', `expected a whole number from 1 to 1024, got ${shown(cores)}`);
    }
    checkOptionNames(options);
    const determinism = toDeterminism(options);
    if ('id' in this.#source)
      throw new JobStateError(`job ${this.#source.id} is deployed already, localExec runs new Jobs`);
    const { requirements } = this;
    checkRequirements('job.requirements', requirements);
    const allowedOrigins = toAllowedOrigins(options, requirements);
    const { inspect = null, gpu = {} } = options;
    return await this.#begin(async () => {
      this.#inspected = inspect !== null;
      this.#isLocal = true;
      const { withLocalWorker } = await import('./local-worker.js');
      return withLocalWorker(
        cores,
        {
          determinism,
          inspect,
          allowedOrigins,
          gpu,
          requirements,
          computeGroups: joinKeys(this.computeGroups),
        },
        (scheduler) => this.#run(scheduler),
      );
    });
  }

  /** The results: of the run under way, or of a new `exec`. */
  wait(): Promise<ResultHandle<R>> {
    return this.#running ?? this.exec();
  }

  /**
   * Fetches the results there are now into `results`, waiting for nothing and telling no listener. After `localExec` they
   * are those of its run. Rejects with `JobStateError` before the Scheduler has the Job.
   */
  async fetchResults(): Promise<ResultHandle<R>> {
    const id = this.#deployedId();
    await this.#withScheduler((scheduler) => this.#fetchMissing(scheduler, id));
    return this.results;
  }

  /**
   * No Slice of the Job is handed out any more; `exec` rejects with `JobCancelledError`. Results so far are kept. Rejects
   * with `JobStateError` before the Scheduler has the Job. Cancelling a finished Job does nothing, nor does it after `localExec`.
   */
  async cancel(reason?: string): Promise<void> {
    const id = this.#deployedId();
    this.#cancelReason = reason;
    await this.#withScheduler((scheduler) => scheduler.cancelJob(id));
  }

  protected override canonical(name: string): string {
    return name === 'readyStateChange' ? 'readystatechange' : name;
  }

  #deployedId(): JobId {
    if (this.#id === null) throw new JobStateError('the Scheduler does not have the Job yet');
    return this.#id;
  }

  /** With the Scheduler of the run under way, or one opened for this call. That of `localExec` went with its run. */
  async #withScheduler(call: (scheduler: Scheduler) => Promise<void>): Promise<void> {
    if (this.#scheduler !== null) return call(this.#scheduler);
    if (this.#isLocal) return;
    const use = await this.#context.open();
    try {
      await call(use.scheduler);
    } finally {
      await use.end();
    }
  }

  /** Fetches what the handle does not have, and tells nobody. */
  async #fetchMissing(scheduler: Scheduler, id: JobId): Promise<void> {
    const { known, done } = await scheduler.jobStatus(id);
    const sink = { ...this.#sink(id, scheduler), onResult: this.#keep, onSliceError: this.#keep };
    const follower = new JobFollower(scheduler, id, sink);
    // There may be billions of Slices, and results of few.
    for (const numbers of this.#store.missing(known)) {
      if (this.#store.length >= done) return;
      await follower.fetchResults(numbers);
    }
  }

  readonly #keep = (slice: number, result: unknown): void => {
    this.#store.put(slice - 1, result as R | SliceError);
  };

  #begin(run: () => Promise<ResultHandle<R>>): Promise<ResultHandle<R>> {
    if (this.#running !== null)
      return Promise.reject(new JobStateError('exec and localExec can be called once per Job handle'));
    this.#enter('exec');
    this.#running = run().catch((error: unknown) => {
      if (this.#id === null) this.#enter('new');
      throw error;
    });
    return this.#running;
  }

  async #run(scheduler: Scheduler): Promise<ResultHandle<R>> {
    this.#scheduler = scheduler;
    try {
      this.#enter('init');
      return 'id' in this.#source
        ? await this.#reconnect(scheduler, this.#source)
        : await this.#deploy(scheduler, this.#source);
    } finally {
      this.#scheduler = null;
    }
  }

  async #reconnect(scheduler: Scheduler, { id, after }: ExistingJob): Promise<ResultHandle<R>> {
    const follower = new JobFollower(scheduler, id, this.#sink(id, scheduler), after);
    this.#enter('reconnected');
    const end = await follower.run(new AbortController().signal);
    return this.#finish(scheduler, id, end);
  }

  async #deploy(scheduler: Scheduler, source: NewJob): Promise<ResultHandle<R>> {
    const spec = await specOf(source, {
      public: this.public,
      requirements: this.requirements,
      computeGroups: this.computeGroups,
      limits: this.limits,
      required: this.#required,
      inspected: this.#inspected,
    });
    this.#enter('deploying');
    const id = await scheduler.createJob(spec);
    this.#id = id;
    // Results are told from the first Slice on: of a long upload, or an endless one, many come before its end.
    const stop = new AbortController();
    const follower = new JobFollower(scheduler, id, this.#sink(id, scheduler));
    const following = follower.run(stop.signal);
    following.finally(() => stop.abort()).catch(() => {});
    if (source.input.kind === 'list') {
      this.#enter('uploading');
      let failure: unknown = null;
      const isWhole = await uploadSlices(scheduler, id, source.input.source, stop.signal).catch(
        (error: unknown) => {
          failure = error;
          return false;
        },
      );
      if (!isWhole) {
        stop.abort();
        const end = await following.catch((error: unknown) => {
          failure ??= error;
          return null;
        });
        if (end === 'cancelled' || (failure as { code?: unknown } | null)?.code === 'EJOBSTATE')
          return this.#cancelled(id);
        // Half a Job would be worse than none.
        await scheduler.cancelJob(id).catch(() => {});
        await scheduler.removeJob(id).then(
          () => (this.#id = null),
          () => {},
        );
        throw failure;
      }
    }
    if (!stop.signal.aborted) {
      this.#enter('deployed');
      this.emit('accepted', this);
    }
    return this.#finish(scheduler, id, await following);
  }

  /** The end of the log has been reached: results it named before `after` are fetched too. */
  async #finish(
    scheduler: Scheduler,
    id: JobId,
    end: 'finished' | 'cancelled' | null,
  ): Promise<ResultHandle<R>> {
    if (end !== 'finished') return this.#cancelled(id);
    await this.#fetchMissing(scheduler, id);
    this.emit('complete', this.results);
    return this.results;
  }

  #cancelled(id: JobId): never {
    this.emit('cancel', { job: id, reason: this.#cancelReason });
    throw new JobCancelledError(id, this.#cancelReason);
  }

  #enter(state: ReadyState): void {
    this.#readyState = state;
    this.emit('readystatechange', state);
  }

  #sink(job: JobId, scheduler: Scheduler): JobFollowerSink {
    return {
      onResult: (sliceNumber, value, metrics) => {
        const result = value as R;
        if (this.#store.put(sliceNumber - 1, result))
          this.emit('result', { job, sliceNumber, result, ...eventMetrics(metrics) });
      },
      onSliceError: (sliceNumber, error, metrics) => {
        if (!this.#store.put(sliceNumber - 1, error)) return;
        const { code, message } = error;
        this.emit('error', { job, sliceNumber, error, code, message, ...eventMetrics(metrics) });
      },
      onConsole: (sliceNumber, level, message) => {
        this.emit('console', { job, sliceNumber, level, message });
      },
      onCustom: (sliceNumber, name, value) => {
        const source: CustomEventSource = { job, sliceNumber };
        this.emit('custom', { ...source, name, value });
        this.work.emit(name, value, source);
        if (!JOB_EVENTS.includes(this.canonical(name))) this.emit(name, value, source);
      },
      onState: () => {},
      onCaughtUp: async (cursor) => {
        const { state, total, done, leased, failed } = await scheduler.jobStatus(job);
        const runStatus = state === 'open' ? 'running' : state;
        this.#status = { runStatus, total, distributed: done + leased, computed: done, failed };
        this.emit('status', { job, ...this.#status, cursor });
      },
    };
  }
}

defineJobCalls(Job.prototype);

function eventMetrics({ elapsedMs, cpuMs, webgpuMs, bytesIn, bytesOut }: SliceMetrics): EventMetrics {
  return { time: elapsedMs, cpuTime: cpuMs, webGPUTime: webgpuMs, bytesIn, bytesOut };
}
