import type { Evaluator, SandboxRequest, SliceRejection } from '../evaluator/index.js';
import {
  EvaluatorCrashError,
  EvaluatorError,
  MAX_EXPIRIES,
  RequirementError,
  addMetrics,
  NO_METRICS,
  Outcome,
  WorkFunctionError,
  WorkRejectError,
  type DcpError,
  type JobId,
  type ResultBatch,
  type ReturnReason,
  type Task,
} from '../model/index.js';
import type { Scheduler, SubmitReceipt, TaskRequest } from '../scheduler/index.js';
import { Fetcher, type FetchReply } from './fetch/index.js';
import { GpuShare, WITHDRAWN_MS } from './gpu-share.js';
import { HeldTask } from './held-task.js';
import { JobDesk, sandboxJob } from './job-desk.js';
import { isRefusal, JobOutbox } from './job-outbox.js';
import { LeaseKeeper } from './lease-keeper.js';
import { Lifecycle, type SupervisorState } from './lifecycle.js';
import type { OwedSlice } from './managed-sandbox.js';
import { completeObserver, type SupervisorObserver } from './observer.js';
import { completeOptions, type CompleteSupervisorOptions, type SupervisorOptions } from './options.js';
import { errorPayload, errorResults, sumMetrics } from './result-batches.js';
import { SandboxAllocator } from './sandbox-allocator.js';
import type { SupervisorStatus } from './status.js';
import { TaskSource } from './task-source.js';
import { Wakeable } from './wakeable.js';

/** How a Supervisor stops. */
export interface StopOptions {
  /** `slice`: what Sandboxes have may end first; `now`: they are disposed of. Default `slice`. */
  readonly finish?: 'slice' | 'now';
  /** How long `slice` waits before it turns into `now`, milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** How long the Scheduler may take to record what is left, milliseconds. Default 10,000. */
  readonly flushTimeoutMs?: number;
}

const SHUTDOWN: ReturnReason = Object.freeze({
  code: 'ESHUTDOWN',
  message: 'the Worker stops',
  counted: false,
});
const PAUSED: ReturnReason = Object.freeze({
  code: 'ESHUTDOWN',
  message: 'the Worker pauses',
  counted: false,
});

const SANDBOX_ENDED: ReturnReason = Object.freeze({
  code: 'EEVALUATOR',
  message: 'the Sandbox ended before',
  counted: false,
});

/** The part of `targetMs` that is left when more is asked for. */
const LOW_WATER = 0.2;
/** Jobs remembered without holding anything of them: their measured Slice times make the next Task fit. */
const REMEMBERED_JOBS = 64;
/** Assignments in a row that may end with the Sandbox before the Job's Slices are given back as tried. */
const MAX_FAILED_ASSIGNMENTS = 3;
/** Sandboxes in a row the Evaluator may fail to create before held Slices are given back. */
const MAX_FAILED_OPENINGS = 3;
/** How long ended Sandboxes may take to say so, milliseconds. */
const END_TIMEOUT_MS = 5_000;

/**
 * Keeps Sandboxes busy with Slices of the Scheduler's Tasks, delivers results, gives back what came to nothing.
 *
 * It asks for `targetMs` of work for each Sandbox, and for more when a fifth of that is left: soon enough that no Sandbox
 * waits, late enough that other Workers get their share of a Job's end. It hands Slices over in chunks of a fraction of
 * a second. Slices whose run came to nothing by no doing of the Job go back to the Scheduler: their data may have been
 * changed in place, so they cannot be run again from here.
 *
 * It owns neither Scheduler nor Evaluator; both must outlive `stop()`.
 */
export class Supervisor {
  readonly #options: CompleteSupervisorOptions;
  readonly #observer: SupervisorObserver;
  readonly #lifecycle: Lifecycle;
  readonly #desks = new Map<JobId, JobDesk>();
  readonly #sandboxes: SandboxAllocator;
  readonly #source: TaskSource;
  readonly #leases: LeaseKeeper;
  readonly #fetcher: Fetcher;
  readonly #gpu: GpuShare;
  /** Woken when Sandboxes owe less or end, while the Supervisor stops. */
  readonly #quiet = new Wakeable();
  #sourceEnded: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | null = null;
  #finishNow = false;
  /** Who waits for room for results. */
  readonly #heldBack: (() => void)[] = [];
  /** The Scheduler had nothing when it was asked last. */
  #foundNothing = false;
  readonly #counts = {
    tasks: 0,
    done: 0,
    failed: 0,
    returned: 0,
    lostSandboxes: 0,
    fetched: { requests: 0, failed: 0, bytesIn: 0, bytesOut: 0 },
    metrics: NO_METRICS,
  };

  /** Throws `InvalidArgumentError` for an option out of range. */
  constructor(
    private readonly scheduler: Scheduler,
    evaluator: Evaluator,
    options: SupervisorOptions = {},
  ) {
    this.#options = completeOptions(options);
    this.#observer = completeObserver(options.observer ?? {});
    this.#fetcher = new Fetcher({
      allowedOrigins: this.#options.allowedOrigins,
      limits: this.#options.fetchLimits,
    });
    this.#gpu = new GpuShare(this.#options.gpu);
    this.#lifecycle = new Lifecycle((state) => this.#observer.onState(state));
    this.#sandboxes = new SandboxAllocator(evaluator, this.#options, {
      desks: () => this.#desks.values(),
      mayHandOver: () => this.state === 'running' && !this.#isOverfull(),
      onHandOver: ({ id }, sandbox, slices) => {
        this.#observer.onHandOver({ jobId: id, sandboxId: sandbox.id, slices });
      },
      onResults: (desk, held, results) => this.#onResults(desk, held, results),
      onRejected: (desk, owed, rejection) => this.#onRejected(desk, owed, rejection),
      onMessages: (desk, messages) => {
        desk.outbox.addMessages(messages);
        this.#observer.onMessages(desk.id, messages);
      },
      onProgress: ({ id }, slice, fraction) => this.#observer.onProgress(id, slice, fraction),
      untilRoom: () => this.#untilRoom(),
      onRequest: (desk, request, signal) => this.#onRequest(desk, request, signal),
      onRoom: () => {
        this.#source.poke();
        if (this.state !== 'running') this.#quiet.wake();
      },
      onEnded: (desk, error, running, behind) => this.#onEnded(desk, error, running, behind),
      onAssignmentFailed: (desk, error) => this.#onAssignmentFailed(desk, error),
      onOpenFailed: (error, failures, retryMs) => this.#onOpenFailed(error, failures, retryMs),
    });
    this.#source = new TaskSource(scheduler, {
      nextRequest: () => this.#nextRequest(),
      onTask: (task) => this.#onTask(task),
      onNothing: () => this.#onNothing(),
      onTrouble: (error, retryMs) => this.#observer.onTrouble('scheduler', error, retryMs),
    });
    this.#leases = new LeaseKeeper(scheduler, {
      heldTasks: () => this.#heldTasks(),
      onLost: (held) => void this.#onLeaseLost(held),
      onTrouble: (error, retryMs) => this.#observer.onTrouble('scheduler', error, retryMs),
    });
  }

  get state(): SupervisorState {
    return this.#lifecycle.state;
  }

  /** Begins to create Sandboxes and to ask for Tasks. Throws `LifecycleError` unless `created`. */
  start(): void {
    this.#lifecycle.enter('running');
    this.#sandboxes.prewarm();
    this.#sourceEnded = this.#source.run();
  }

  /** Asks for nothing more and gives back what no Sandbox has. Throws `LifecycleError` unless `running`. */
  pause(): void {
    this.#lifecycle.enter('paused');
    this.#source.pause();
    this.#returnQueued(PAUSED);
  }

  /** Throws `LifecycleError` unless `paused`. */
  resume(): void {
    this.#lifecycle.enter('running');
    this.#source.resume();
    this.#sandboxes.dispatch();
  }

  /**
   * Ends for good: queued Slices go back to the Scheduler, Sandboxes end, results are submitted. Resolves when all
   * that is done or the times are up; what was not submitted then is done again by another Worker. A second call
   * with `finish: 'now'` hurries the first.
   */
  stop(options: StopOptions = {}): Promise<void> {
    if (options.finish === 'now') {
      this.#finishNow = true;
      this.#quiet.wake();
    }
    this.#stopped ??= this.#stop(options);
    return this.#stopped;
  }

  status(): SupervisorStatus {
    const jobs = [...this.#desks.values()].map((desk) => ({
      id: desk.id,
      name: desk.job.public.name,
      sliceMs: desk.meter.meanMs,
      queued: desk.queued,
      running: desk.running,
      sandboxes: desk.sandboxes,
      unsubmittedBytes: desk.outbox.bytes,
    }));
    return {
      state: this.state,
      workerId: this.#options.workerId,
      sandboxes: this.#sandboxes.status(),
      jobs,
      counts: { ...this.#counts, fetched: { ...this.#counts.fetched } },
    };
  }

  // Tasks

  #nextRequest(): TaskRequest | null {
    const {
      workerId,
      computeGroups,
      jobIds,
      allowedOrigins,
      sandboxes,
      targetMs,
      maxTaskSlices,
      maxTaskBytes,
    } = this.#options;
    if (this.#isOverfull()) return null;
    let running = 0;
    let bytes = 0;
    const cpu = { ms: 0, queued: 0 };
    const gpu = { ms: 0, queued: 0 };
    const sliceMs: Record<JobId, number> = {};
    for (const desk of this.#desks.values()) {
      const held = desk.usesGpu ? gpu : cpu;
      held.ms += desk.heldMs(targetMs);
      held.queued += desk.queued;
      running += desk.running;
      for (const held of desk.tasks) bytes += held.bytes;
      const mean = desk.meter.meanMs;
      if (mean !== null) sliceMs[desk.id] = mean;
    }
    // Work for the GPU keeps no more Sandboxes busy than there are for it, however much there is.
    const heldMs = cpu.ms + Math.min(gpu.ms, this.#gpu.sandboxes * targetMs);
    const queued = cpu.queued + Math.min(gpu.queued, this.#sandboxes.freeForGpu);
    let hungry = sandboxes;
    if (
      heldMs >= sandboxes * targetMs * LOW_WATER ||
      cpu.queued + gpu.queued + running >= maxTaskSlices ||
      bytes >= maxTaskBytes
    ) {
      // Enough on the whole; but Slices longer than the target may leave Sandboxes without any.
      hungry = sandboxes - this.#sandboxes.busy - queued;
      if (hungry <= 0) return null;
    }
    return {
      workerId,
      computeGroups,
      jobIds,
      capabilities: { webgpu: this.#gpu.offers(gpu, targetMs * LOW_WATER), fetch: allowedOrigins },
      sandboxes: hungry,
      targetMs,
      sliceMs,
      maxSlices: maxTaskSlices,
      maxBytes: maxTaskBytes,
    };
  }

  async #onTask(task: Task): Promise<void> {
    if (this.state !== 'running') return this.#returnTask(task, SHUTDOWN);
    const desk = await this.#deskOf(task);
    if (desk === null) return;
    const held = new HeldTask(task);
    desk.tasks.add(held);
    this.#leases.add(held);
    this.#counts.tasks++;
    this.#foundNothing = false;
    this.#observer.onTask({ jobId: desk.id, taskId: task.id, slices: task.slices.numbers.length });
    if (this.state !== 'running') this.#returnQueued(SHUTDOWN);
    else if (desk.broken !== null) this.#failQueued(desk);
    else if (task.slices.numbers.length === 1 && task.expiries[0]! >= MAX_EXPIRIES)
      this.#failLost(desk, held);
    else this.#sandboxes.dispatch();
  }

  /** The desk of the Task's Job; null, with the Task given back, when the Job cannot be learned of. */
  async #deskOf(task: Task): Promise<JobDesk | null> {
    const known = this.#desks.get(task.jobId);
    if (known !== undefined) {
      // The order of the desks is the order of their use: the last one used is forgotten last.
      this.#desks.delete(known.id);
      this.#desks.set(known.id, known);
      return known;
    }
    try {
      const spec = await this.scheduler.fetchJob(task.jobId);
      const desk = new JobDesk(
        sandboxJob(task.jobId, spec, this.#options.determinism, this.#fetcher.serves(spec.requirements)),
        this.#openOutbox(task.jobId),
      );
      this.#desks.set(desk.id, desk);
      this.#forgetOldDesks();
      this.#observer.onJob(desk.id, spec.public);
      return desk;
    } catch (error) {
      if (isRefusal(error)) return null;
      await this.#returnTask(task, { code: 'ESCHEDULER', message: String(error), counted: false });
      throw error;
    }
  }

  async #returnTask(task: Task, reason: ReturnReason): Promise<void> {
    await this.scheduler.returnSlices(task.id, task.slices.numbers, reason).catch((error: unknown) => {
      // The lease runs out by itself.
      this.#observer.onTrouble('scheduler', error, task.leaseMs);
    });
  }

  #onNothing(): void {
    this.#foundNothing = true;
    if (this.state === 'running' && this.#holdsNothing()) this.#observer.onIdle();
  }

  #holdsNothing(): boolean {
    for (const desk of this.#desks.values()) if (desk.tasks.size > 0) return false;
    return true;
  }

  #heldTasks(): HeldTask[] {
    const tasks: HeldTask[] = [];
    for (const desk of this.#desks.values()) for (const held of desk.tasks) if (!held.gone) tasks.push(held);
    return tasks;
  }

  async #onLeaseLost(held: HeldTask): Promise<void> {
    const desk = this.#desks.get(held.task.jobId);
    held.lose();
    if (desk === undefined) return;
    this.#releaseIfDone(desk, held);
    this.#source.poke();
    try {
      const { state } = await this.scheduler.jobStatus(desk.id);
      if (state === 'cancelled') this.#dropJob(desk);
    } catch (error) {
      if (isRefusal(error)) this.#dropJob(desk);
    }
  }

  /** The Job is over: nothing of it is run or delivered any more. */
  #dropJob(desk: JobDesk): void {
    if (this.#desks.get(desk.id) !== desk) return;
    this.#desks.delete(desk.id);
    desk.tasks.clear();
    desk.outbox.abandon();
    this.#letResultsIn();
    this.#observer.onJobGone(desk.id);
    this.#sandboxes.dismiss(desk);
    this.#source.poke();
  }

  #forgetOldDesks(): void {
    for (const desk of this.#desks.values()) {
      if (this.#desks.size <= REMEMBERED_JOBS) return;
      if (desk.isEmpty) this.#desks.delete(desk.id);
    }
  }

  // Sandboxes

  #onResults(desk: JobDesk, held: HeldTask, results: ResultBatch): void {
    // A Slice that ended its Sandbox has no time of its own, and a zero would make the next hand-overs too large.
    if (results.numbers.length > 1 || results.elapsedMs[0]! > 0) desk.meter.add(results.elapsedMs);
    this.#deliver(desk, held, results);
  }

  #onRejected(desk: JobDesk, owed: OwedSlice, { reason, retries }: SliceRejection): void {
    const numbers = Uint32Array.of(owed.number);
    desk.clear(numbers);
    if (owed.held.attempts(owed.index) < retries) {
      this.#giveBack(desk, owed.held, numbers, { code: 'EWORKREJECT', message: reason, counted: true });
    } else {
      this.#deliver(desk, owed.held, errorResults(numbers, errorPayload(new WorkRejectError(reason))));
    }
  }

  async #onRequest(desk: JobDesk, request: SandboxRequest, signal: AbortSignal): Promise<FetchReply> {
    const reply = await this.#fetcher.answer(desk.job.requirements, request, signal);
    const { ok, bytesIn, bytesOut } = reply.outcome;
    const { fetched } = this.#counts;
    fetched.requests++;
    if (!ok) fetched.failed++;
    fetched.bytesIn += bytesIn;
    fetched.bytesOut += bytesOut;
    this.#observer.onFetched(desk.id, reply.outcome);
    return reply;
  }

  #onEnded(
    desk: JobDesk | null,
    error: Error | null,
    running: OwedSlice | null,
    behind: readonly OwedSlice[],
  ): void {
    if (desk === null) {
      if (error !== null) this.#observer.onSandboxLost(null, null, error);
    } else if (this.#desks.get(desk.id) === desk) this.#settleOwed(desk, error, running, behind);
  }

  /** What a Sandbox still owed when it ended goes back to the Scheduler; only what ran counts as tried. */
  #settleOwed(
    desk: JobDesk,
    error: Error | null,
    running: OwedSlice | null,
    behind: readonly OwedSlice[],
  ): void {
    if (error === null) {
      // Disposed of, or ended by a Slice that has its error already.
      const reason = this.state === 'running' ? SANDBOX_ENDED : SHUTDOWN;
      this.#giveBackAll(desk, running === null ? behind : [running, ...behind], reason);
      return;
    }
    if (error instanceof RequirementError) {
      const reason = { code: error.code, message: error.message, counted: false };
      this.#giveBackAll(desk, running === null ? behind : [running, ...behind], reason);
      return;
    }
    if (!(error instanceof WorkFunctionError)) {
      this.#counts.lostSandboxes++;
      this.#observer.onSandboxLost(desk.id, running?.number ?? null, error);
    }
    const suspects = error instanceof EvaluatorError ? error.suspects : 1;
    if (suspects === 1 && running !== null) {
      this.#blame(desk, [running], error);
      this.#giveBackAll(desk, behind, { code: 'EEVALUATOR', message: error.message, counted: false });
      return;
    }
    const owed = running === null ? behind : [running, ...behind];
    // Which one it was shows when each has run alone; until then none of them counts as tried.
    if (suspects > 1) for (const { number } of owed) desk.suspects.add(number);
    this.#giveBackAll(desk, owed, { code: 'EEVALUATOR', message: error.message, counted: false });
  }

  /** Slices whose run came to nothing by no doing of theirs, as far as anybody knows: again, up to `maxAttempts`. */
  #blame(desk: JobDesk, slices: readonly OwedSlice[], error: Error): void {
    const { maxAttempts } = this.#options;
    const again: OwedSlice[] = [];
    for (const owed of slices) {
      const runs = owed.held.attempts(owed.index) + 1;
      if (runs < maxAttempts) {
        again.push(owed);
        continue;
      }
      const crash = new EvaluatorCrashError(
        `the evaluator was lost in each of ${runs} runs; the last time: ${error.message}`,
      );
      this.#deliver(desk, owed.held, errorResults(Uint32Array.of(owed.number), errorPayload(crash)));
    }
    this.#giveBackAll(desk, again, { code: 'EEVALUATOR', message: error.message, counted: true });
  }

  #breakJob(desk: JobDesk, error: WorkFunctionError): void {
    if (desk.broken !== null) return;
    desk.broken = errorPayload(error);
    this.#observer.onBrokenJob(desk.id, error);
    this.#failQueued(desk);
  }

  #failQueued(desk: JobDesk): void {
    for (const held of desk.tasks) {
      const numbers = held.takeQueued();
      if (numbers.length > 0) this.#deliver(desk, held, errorResults(numbers, desk.broken!));
    }
    this.#source.poke();
  }

  /** The Slice of this Task had a Worker to itself more than once, and was never heard of again. */
  #failLost(desk: JobDesk, held: HeldTask): void {
    const crash = new EvaluatorCrashError(
      `the Worker was lost in each of ${held.task.expiries[0]} runs, the last of them with this Slice alone`,
    );
    this.#deliver(desk, held, errorResults(held.takeQueued(), errorPayload(crash)));
  }

  #onAssignmentFailed(desk: JobDesk, error: Error): void {
    if (this.#desks.get(desk.id) !== desk) return;
    if (error instanceof WorkFunctionError) this.#breakJob(desk, error);
    else if (error instanceof RequirementError) {
      // Not the Job's fault, and the next Sandbox would have no more.
      this.#gpu.withdraw();
      this.#observer.onTrouble('evaluator', error, WITHDRAWN_MS);
      const reason = { code: error.code, message: error.message, counted: false };
      for (const held of desk.tasks) this.#giveBack(desk, held, held.takeQueued(), reason);
    } else if (++desk.failedAssignments >= MAX_FAILED_ASSIGNMENTS) {
      // Perhaps the Job's source does this to every Sandbox; its Slices must not go round for ever.
      desk.failedAssignments = 0;
      this.#blameQueued(desk, error);
    }
  }

  #blameQueued(desk: JobDesk, error: Error): void {
    for (const held of desk.tasks) {
      const from = held.handedOver;
      const owed = Array.from(held.takeQueued(), (number, i) => ({ held, index: from + i, number }));
      this.#blame(desk, owed, error);
    }
  }

  #onOpenFailed(error: unknown, failures: number, retryMs: number): void {
    this.#observer.onTrouble('evaluator', error, retryMs);
    if (failures < MAX_FAILED_OPENINGS || this.#sandboxes.size > 0) return;
    this.#returnQueued({ code: 'EEVALUATOR', message: String(error), counted: false });
  }

  // What goes to the Scheduler

  #openOutbox(jobId: JobId): JobOutbox {
    const { submitIntervalMs, maxUnsubmittedBytes } = this.#options;
    const options = { intervalMs: submitIntervalMs, maxMessageBytes: maxUnsubmittedBytes / 16 };
    return new JobOutbox(this.scheduler, jobId, options, {
      onSubmitted: (receipt: SubmitReceipt) => {
        this.#observer.onSubmitted(jobId, receipt);
        this.#letResultsIn();
        this.#sandboxes.dispatch();
        this.#source.poke();
      },
      onAcknowledged: (held: HeldTask) => {
        const desk = this.#desks.get(jobId);
        if (desk !== undefined) this.#releaseIfDone(desk, held);
      },
      onRefused: (_error: DcpError) => {
        const desk = this.#desks.get(jobId);
        if (desk !== undefined) this.#dropJob(desk);
      },
      onTrouble: (error, retryMs) => this.#observer.onTrouble('scheduler', error, retryMs),
    });
  }

  #deliver(desk: JobDesk, held: HeldTask, results: ResultBatch): void {
    desk.clear(results.numbers);
    desk.outbox.addResults(held, results);
    let failed = 0;
    for (const outcome of results.outcomes) if (outcome === Outcome.error) failed++;
    const metrics = sumMetrics(results);
    const slices = results.numbers.length;
    this.#counts.done += slices;
    this.#counts.failed += failed;
    this.#counts.metrics = addMetrics(this.#counts.metrics, metrics);
    this.#observer.onResults({ jobId: desk.id, taskId: held.task.id, slices, failed, metrics });
    if (desk.running === 0 && desk.queued === 0) desk.outbox.hurry();
  }

  #giveBack(desk: JobDesk, held: HeldTask, numbers: Uint32Array, reason: ReturnReason): void {
    if (numbers.length === 0) return;
    desk.outbox.addReturn(held, numbers, reason);
    this.#counts.returned += numbers.length;
    this.#observer.onReturned(desk.id, numbers.length, reason);
    if (desk.running === 0 && desk.queued === 0) desk.outbox.hurry();
  }

  #giveBackAll(desk: JobDesk, slices: readonly OwedSlice[], reason: ReturnReason): void {
    const byTask = new Map<HeldTask, number[]>();
    for (const { held, number } of slices) {
      const numbers = byTask.get(held);
      if (numbers === undefined) byTask.set(held, [number]);
      else numbers.push(number);
    }
    for (const [held, numbers] of byTask) this.#giveBack(desk, held, Uint32Array.from(numbers), reason);
  }

  #returnQueued(reason: ReturnReason): void {
    for (const desk of this.#desks.values()) {
      for (const held of desk.tasks) this.#giveBack(desk, held, held.takeQueued(), reason);
    }
  }

  #releaseIfDone(desk: JobDesk, held: HeldTask): void {
    if (held.unacknowledged > 0 || !desk.tasks.delete(held)) return;
    // Who holds nothing may be given what was not for it before: the Scheduler is asked again before this is idleness.
    if (this.#foundNothing && this.#holdsNothing()) this.#source.askAgain();
    else this.#source.poke();
  }

  /** So many results wait for the Scheduler that no more may come. */
  #isOverfull(): boolean {
    let bytes = 0;
    for (const desk of this.#desks.values()) bytes += desk.outbox.bytes;
    return bytes >= this.#options.maxUnsubmittedBytes;
  }

  /** Sandboxes hold back with results while the Scheduler does not take those there are. */
  #untilRoom(): Promise<void> | undefined {
    if (!this.#isOverfull()) return undefined;
    return new Promise((resolve) => this.#heldBack.push(resolve));
  }

  #letResultsIn(): void {
    if (this.#heldBack.length === 0 || this.#isOverfull()) return;
    for (const resolve of this.#heldBack.splice(0)) resolve();
  }

  // The end

  async #stop({ timeoutMs = 10_000, flushTimeoutMs = 10_000 }: StopOptions): Promise<void> {
    if (this.state === 'created' || this.state === 'stopped') {
      if (this.state === 'created') this.#lifecycle.enter('stopped');
      return;
    }
    this.#lifecycle.enter('stopping');
    this.#source.stop();
    this.#returnQueued(SHUTDOWN);
    await this.#untilQuiet(timeoutMs, () => this.#finishNow || this.#sandboxes.busy === 0);
    this.#sandboxes.close();
    await this.#untilQuiet(END_TIMEOUT_MS, () => this.#sandboxes.size === 0);
    const flushed = this.#flush();
    await within(flushTimeoutMs, flushed);
    this.#leases.stop();
    for (const desk of this.#desks.values()) desk.outbox.abandon();
    await this.#fetcher.close();
    this.#lifecycle.enter('stopped');
  }

  async #flush(): Promise<void> {
    // A Task may still come in; it goes back the same way.
    await this.#sourceEnded;
    await Promise.all([...this.#desks.values()].map((desk) => desk.outbox.flush()));
  }

  async #untilQuiet(timeoutMs: number, isQuiet: () => boolean): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (!isQuiet() && performance.now() < until) await this.#quiet.wait(until - performance.now());
  }
}

/** Waits for `work`, but not longer than this. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
