import type { Evaluator, SliceRejection } from '../evaluator/index.js';
import {
  EvaluatorUnavailableError,
  MAX_EXPIRIES,
  RequirementError,
  WorkRejectError,
  type DcpError,
  type JobId,
  type ResultBatch,
  type ReturnReason,
  type Task,
} from '../model/index.js';
import type { Scheduler, SubmitReceipt, TaskRequest } from '../scheduler/index.js';
import { Deliveries } from './deliveries.js';
import { GpuShare, WITHDRAWN_MS, type GpuShareOptions } from './gpu-share.js';
import { HeldTask } from './held-task.js';
import { JobBackoff } from './job-backoff.js';
import { JobDesk, sandboxJob } from './job-desk.js';
import { JobDesks } from './job-desks.js';
import { isRefusal, JobOutbox } from './job-outbox.js';
import { LeaseKeeper } from './lease-keeper.js';
import { Lifecycle, type SupervisorState } from './lifecycle.js';
import { LostSlices } from './lost-slices.js';
import type { OwedSlice } from './managed-sandbox.js';
import { completeObserver, type SupervisorObserver } from './observer.js';
import { completeOptions, type CompleteSupervisorOptions, type SupervisorOptions } from './options.js';
import { errorPayload, errorResults, failuresAtEnd } from './result-batches.js';
import { isWelcome, withChange, type SupervisorChange } from './reconfiguration.js';
import {
  GATED,
  noSandbox,
  NOT_WELCOME,
  PAUSED,
  SANDBOX_ENDED,
  setAside,
  setAsideMessage,
  SHUTDOWN,
} from './return-reasons.js';
import { SandboxAllocator } from './sandbox-allocator.js';
import { Shutdown, type StopOptions } from './shutdown.js';
import { Leftovers } from './spool/index.js';
import type { SupervisorStatus } from './status.js';
import { nextTaskRequest } from './task-request.js';
import { TaskSource } from './task-source.js';
import { WorkGate, type WorkDecision } from './work-gate.js';
import { WorkRequests } from './work-requests.js';

/** Sandboxes in a row the Evaluator may fail to create before held Slices are given back. */
const MAX_FAILED_OPENINGS = 3;
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
  /** As they are now: shared by the parts, changed by `reconfigure` alone. */
  readonly #options: CompleteSupervisorOptions;
  #given: SupervisorOptions;
  readonly #observer: SupervisorObserver;
  readonly #lifecycle: Lifecycle;
  readonly #desks = new JobDesks();
  readonly #deliveries: Deliveries;
  readonly #lost: LostSlices;
  readonly #sandboxes: SandboxAllocator;
  readonly #source: TaskSource;
  readonly #leases: LeaseKeeper;
  readonly #requests: WorkRequests;
  readonly #gpu: GpuShare;
  readonly #gate: WorkGate;
  readonly #backoff: JobBackoff;
  /** Null: without a spool. */
  readonly #leftovers: Leftovers | null;
  readonly #shutdown: Shutdown;
  #sourceEnded: Promise<void> = Promise.resolve();
  /** The Scheduler had nothing when it was asked last. */
  #foundNothing = false;
  #tasks = 0;

  /** Throws `InvalidArgumentError` for an option out of range. */
  constructor(
    private readonly scheduler: Scheduler,
    private readonly evaluator: Evaluator,
    options: SupervisorOptions = {},
  ) {
    this.#options = completeOptions(options);
    this.#given = { ...options, workerId: this.#options.workerId };
    this.#observer = completeObserver(options.observer ?? {});
    this.#requests = new WorkRequests(this.#options, this.#observer);
    this.#gpu = new GpuShare(this.#options.gpu);
    this.#gate = new WorkGate(this.#gpu, evaluator.gate !== undefined, () => this.#options.freezeLeaseMs, {
      deskOf: (jobId) => this.#desks.get(jobId),
      onExpired: () => void this.#applyGate(),
    });
    const { maxUnsubmittedBytes, maxAttempts } = this.#options;
    this.#deliveries = new Deliveries(this.#desks, this.#observer, maxUnsubmittedBytes);
    this.#lost = new LostSlices(this.#deliveries, this.#observer, maxAttempts, {
      returnReason: (desk) => {
        if (this.state !== 'running' && this.state !== 'finishing') return this.#whyNotRunning;
        return this.#gate.actionFor(desk) === 'run' ? SANDBOX_ENDED : GATED;
      },
      onLost: (desk) => this.#backoff.failed(desk, 1),
      onCrashed: (desk, slice, error) => this.#backoff.crashed(desk, slice, error),
      onFreed: () => this.#source.poke(),
    });
    this.#backoff = new JobBackoff(this.#options.jobBackoff, {
      onSetAside: (desk, { code, reason, ms }) => {
        this.#observer.onJobSetAside(desk.id, reason, ms, code);
        if (code === 'EEVALUATORCRASH') desk.outbox.addMessages([setAsideMessage(reason, ms)]);
        this.#deliveries.giveBackQueued(desk, setAside(reason, code));
      },
      onBack: () => this.#source.askAgain(),
    });
    this.#lifecycle = new Lifecycle((state) => this.#observer.onState(state));
    this.#sandboxes = new SandboxAllocator(evaluator, this.#options, this.#gpu, {
      desks: () => this.#desks,
      mayHandOver: () =>
        (this.state === 'running' || this.state === 'finishing') && !this.#deliveries.areOverfull,
      actionFor: (desk) => this.#gate.actionFor(desk),
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
      untilRoom: () => this.#deliveries.untilRoom(),
      onRequest: (desk, request, signal) => this.#requests.answer(desk, request, signal),
      onRoom: () => {
        this.#source.poke();
        if (this.state !== 'running') this.#shutdown.onQuieter();
      },
      onEnded: (desk, error, running, behind) => this.#onEnded(desk, error, running, behind),
      onAssignmentFailed: (desk, error) => this.#onAssignmentFailed(desk, error),
      onOpenFailed: (error, failures, retryMs) => this.#onOpenFailed(error, failures, retryMs),
      onOpened: () => this.#onOpened(),
      onNotHeldUp: () => this.#source.askAgain(),
    });
    this.#source = new TaskSource(scheduler, {
      nextRequest: () => this.#nextRequest(),
      beforeRequest: () => this.#leases.catchUp(),
      onTask: (task) => this.#onTask(task),
      onNothing: () => this.#onNothing(),
      onTrouble: (error, retryMs) => this.#observer.onTrouble('scheduler', error, retryMs),
    });
    this.#leftovers = this.#openLeftovers();
    this.#leases = new LeaseKeeper(scheduler, {
      heldTasks: () => this.#desks.heldTasks(),
      onLost: (held) => void this.#onLeaseLost(held),
      onTrouble: (error, retryMs) => this.#observer.onTrouble('scheduler', error, retryMs),
    });
    this.#shutdown = new Shutdown({
      lifecycle: this.#lifecycle,
      desks: this.#desks,
      deliveries: this.#deliveries,
      sandboxes: this.#sandboxes,
      source: this.#source,
      leases: this.#leases,
      backoff: this.#backoff,
      requests: this.#requests,
      leftovers: this.#leftovers,
      sourceEnded: () => this.#sourceEnded,
      endFrozen: () => {
        this.#gate.close();
        if (this.#gate.status().length > 0) void this.#applyGate();
      },
    });
  }

  get state(): SupervisorState {
    return this.#lifecycle.state;
  }

  /** Begins to create Sandboxes and to ask for Tasks. Throws `LifecycleError` unless `created`. */
  start(): void {
    this.#lifecycle.enter('running');
    this.#sandboxes.prewarm();
    this.#sourceEnded = this.#run();
  }

  /** Asks for nothing more and gives back what no Sandbox has. Throws `LifecycleError` unless `running`. */
  pause(): void {
    this.#lifecycle.enter('paused');
    this.#source.pause();
    this.#deliveries.giveBackAllQueued(PAUSED);
  }

  /** Throws `LifecycleError` unless `paused`. */
  resume(): void {
    this.#lifecycle.enter('running');
    this.#source.resume();
    this.#sandboxes.dispatch();
  }

  /**
   * From now on, until it is called again, work may run or not as the decision says, apart for the CPU and each GPU. Of what may not run nothing
   * new is asked for or begun, and Slices that no Sandbox has go back. With `hold` Sandboxes finish what they have. With `freeze` they stand still with it
   * and go on later as if no time had passed, for `freezeLeaseMs` at most; then, and with `kill`, they end at once and their Slices go back,
   * which is nobody's failure. An Evaluator that cannot hold its Sandboxes still lets them finish instead. Resolves when it is so. Throws
   * `InvalidArgumentError` for an unknown action.
   */
  async gate(decision: WorkDecision): Promise<void> {
    this.#gate.set(decision);
    await this.#applyGate();
  }

  async #applyGate(): Promise<void> {
    for (const desk of this.#desks) {
      const action = this.#gate.actionFor(desk);
      if (action === 'run') continue;
      this.#deliveries.giveBackQueued(desk, GATED);
      if (action === 'kill') this.#sandboxes.dismiss(desk);
    }
    const inForce = this.evaluator.gate?.(this.#gate.forEvaluator());
    this.#observer.onGate(this.#gate.status());
    if (this.state === 'running' || this.state === 'finishing') {
      // What goes on again may be more than there are places for.
      this.#sandboxes.resize();
      this.#source.askAgain();
    }
    this.#shutdown.onQuieter();
    await inForce;
  }

  /**
   * Ends for good: queued Slices go back to the Scheduler, Sandboxes end, results are submitted. Resolves when all
   * that is done or the times are up; what was not submitted then is kept in the spool, or done again by another Worker. With
   * `finish: 'task'` it is the Slices that are held which end first, and what is frozen is waited for, `freezeLeaseMs` at most; otherwise that
   * ends at once. A second call hurries the first, if it finishes less.
   */
  stop(options: StopOptions = {}): Promise<void> {
    return this.#shutdown.stop(options);
  }

  /**
   * What Jobs that require WebGPU get from now on; null: they are not taken. What is held or too many then goes as with
   * `reconfigure`. Throws `InvalidArgumentError`.
   */
  offerGpu(gpu: GpuShareOptions | null): void {
    const { gpu: complete } = completeOptions({ gpu });
    this.#given = { ...this.#given, gpu };
    this.#options.gpu = complete;
    this.#gpu.set(complete);
    this.#gate.refresh();
    this.#applyOptions();
  }

  /**
   * Changes options while it runs; all that are not named stay as they are. Of too many Sandboxes some end, each after the
   * Slices it has; more are created at once. Slices no Sandbox has go back when their Job is not welcome any more. What is
   * fixed: Scheduler, Evaluator and its threads, adapters, limits of Sandboxes, the spool.
   *
   * Throws `InvalidArgumentError`, and nothing has changed, for a value out of range, a combination that cannot be, or
   * an option that cannot change.
   */
  reconfigure(change: SupervisorChange): void {
    const { given, complete } = withChange(this.#given, change);
    this.#given = given;
    Object.assign(this.#options, complete);
    this.#requests.allow(complete.allowedOrigins);
    this.#gpu.resize(complete.gpu?.sandboxes ?? 0);
    this.#applyOptions();
  }

  /** `#options` has changed: for what is held already, too. */
  #applyOptions(): void {
    for (const desk of this.#desks) {
      desk.serve(this.#requests.serve(desk.job.requirements));
      if (!isWelcome(desk, this.#options)) this.#deliveries.giveBackQueued(desk, NOT_WELCOME);
    }
    if (this.state === 'created' || this.state === 'stopped') return;
    this.#sandboxes.resize();
    this.#source.askAgain();
  }

  status(): SupervisorStatus {
    const jobs = [...this.#desks].map((desk) => ({
      id: desk.id,
      name: desk.job.public.name,
      sliceMs: desk.meter.meanMs,
      queued: desk.queued,
      running: desk.running,
      sandboxes: desk.sandboxes,
      done: desk.done,
      failed: desk.failed,
      failuresInARow: desk.failures.inARow,
      setAsideMs: Math.max(0, desk.failures.setAsideUntil - performance.now()),
      unsubmittedBytes: desk.outbox.bytes,
    }));
    return {
      state: this.state,
      workerId: this.#options.workerId,
      gates: this.#gate.status(),
      holdsBack: this.#deliveries.areOverfull,
      evaluatorFails: this.#evaluatorFails,
      jobsSetAside: this.#backoff.setAside().length,
      places: { all: this.#options.sandboxes, gpu: this.#gpu.sandboxes },
      sandboxes: this.#sandboxes.status(),
      jobs,
      counts: {
        tasks: this.#tasks,
        ...this.#deliveries.counts,
        lostSandboxes: this.#lost.lostSandboxes,
        fetched: { ...this.#requests.counts },
      },
    };
  }

  async #run(): Promise<void> {
    // Of these Slices the Scheduler hears before it is asked for any: it must not hand out what is done.
    await this.#leftovers?.start();
    await this.#source.run();
  }

  // Tasks

  #nextRequest(): TaskRequest | null {
    if (this.#deliveries.areOverfull || (this.#hasNoSandbox && !this.#asksWithoutSandbox)) return null;
    const request = nextTaskRequest(
      this.#desks,
      this.#sandboxes,
      this.#gpu,
      this.#options,
      this.#gate,
      this.#backoff.setAside(),
    );
    return request !== null && this.#hasNoSandbox ? { ...request, sandboxes: 1, maxSlices: 1 } : request;
  }

  get #whyNotRunning(): ReturnReason {
    return this.state === 'paused' ? PAUSED : SHUTDOWN;
  }

  get #hasNoSandbox(): boolean {
    return this.#evaluatorFails && this.#sandboxes.size === 0;
  }

  async #onTask(task: Task): Promise<boolean> {
    if (this.state !== 'running') {
      await this.#returnTask(task, this.#whyNotRunning);
      return true;
    }
    if (this.#hasNoSandbox) {
      // There is something to do, which is all that was asked.
      this.#asksWithoutSandbox = false;
      await this.#returnTask(task, noSandbox(this.#trouble));
      return true;
    }
    const desk = await this.#deskOf(task);
    if (desk === null) return true;
    // The options may have changed while the Task was on its way.
    if (!isWelcome(desk, this.#options)) {
      await this.#returnTask(task, NOT_WELCOME);
      return false;
    }
    if (this.#backoff.has(desk)) {
      await this.#returnTask(task, setAside('it fails here'));
      return false;
    }
    if (this.#gate.actionFor(desk) !== 'run') {
      await this.#returnTask(task, GATED);
      return false;
    }
    const held = new HeldTask(task);
    desk.tasks.add(held);
    this.#leases.add(held);
    this.#tasks++;
    this.#foundNothing = false;
    this.#observer.onTask({ jobId: desk.id, taskId: task.id, slices: task.slices.numbers.length });
    if (this.state !== 'running')
      this.#deliveries.giveBack(desk, held, held.takeQueued(), this.#whyNotRunning);
    else if (desk.broken !== null) this.#lost.failQueued(desk);
    else if (task.slices.numbers.length === 1 && task.expiries[0]! >= MAX_EXPIRIES)
      this.#lost.failLost(desk, held);
    else this.#sandboxes.dispatch();
    return true;
  }

  /** The desk of the Task's Job; null, with the Task given back, when the Job cannot be learned of. */
  async #deskOf(task: Task): Promise<JobDesk | null> {
    const known = this.#desks.use(task.jobId);
    if (known !== undefined) return known;
    try {
      const spec = await this.scheduler.fetchJob(task.jobId);
      const desk = new JobDesk(
        sandboxJob(task.jobId, spec, this.#options.determinism, this.#requests.serve(spec.requirements)),
        spec.computeGroups,
        this.#openOutbox(task.jobId),
        this.#backoff.failuresOf(task.jobId),
      );
      this.#desks.add(desk);
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
    this.#leftovers?.onAnswer();
    if (this.state !== 'running' || !this.#desks.holdNothing || this.#leftovers?.isDone === false) return;
    this.#observer.onIdle();
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
    if (!this.#desks.remove(desk)) return;
    desk.tasks.clear();
    desk.outbox.abandon();
    this.#backoff.forget(desk);
    this.#deliveries.makeRoom();
    this.#observer.onJobGone(desk.id);
    this.#sandboxes.dismiss(desk);
    this.#source.poke();
  }

  // Sandboxes

  #onResults(desk: JobDesk, held: HeldTask, results: ResultBatch): void {
    // A Slice that ended its Sandbox has no time of its own, and a zero would make the next hand-overs too large.
    if (results.numbers.length > 1 || results.elapsedMs[0]! > 0) desk.meter.add(results.elapsedMs);
    desk.acquit(results.numbers);
    const failed = this.#deliveries.deliver(desk, held, results);
    if (failed === results.numbers.length) this.#backoff.failed(desk, failed);
    else if (failed > 0 || desk.failures.inARow > 0) this.#backoff.succeeded(desk, failuresAtEnd(results));
  }

  #onRejected(desk: JobDesk, owed: OwedSlice, { reason, retries }: SliceRejection): void {
    const numbers = Uint32Array.of(owed.number);
    desk.clear(numbers);
    desk.acquit(numbers);
    this.#backoff.failed(desk, 1);
    if (owed.held.attempts(owed.index) < retries) {
      this.#deliveries.giveBack(desk, owed.held, numbers, {
        code: 'EWORKREJECT',
        message: reason,
        counted: true,
      });
    } else {
      this.#deliveries.deliver(
        desk,
        owed.held,
        errorResults(numbers, errorPayload(new WorkRejectError(reason))),
      );
    }
  }

  #onEnded(
    desk: JobDesk | null,
    error: Error | null,
    running: OwedSlice | null,
    behind: readonly OwedSlice[],
  ): void {
    if (desk === null) {
      // Of that, the next Sandbox that cannot be had tells.
      if (error !== null && !(error instanceof EvaluatorUnavailableError))
        this.#observer.onSandboxLost(null, null, error);
    } else if (this.#desks.has(desk)) this.#lost.settleOwed(desk, error, running, behind);
  }

  #onAssignmentFailed(desk: JobDesk, error: Error): void {
    if (!this.#desks.has(desk)) return;
    if (error instanceof RequirementError) {
      // Not the Job's fault, and the next Sandbox would have no more.
      this.#gpu.withdraw();
      this.#observer.onTrouble('evaluator', error, WITHDRAWN_MS);
    }
    this.#lost.failAssignment(desk, error);
  }

  #onOpenFailed(error: unknown, failures: number, retryMs: number): void {
    // The same error once more is the same outage, of which everybody knows.
    if (error !== this.#trouble) this.#observer.onTrouble('evaluator', error, retryMs);
    this.#trouble = error;
    if (failures < MAX_FAILED_OPENINGS && !(error instanceof EvaluatorUnavailableError)) return;
    this.#evaluatorFails = true;
    if (this.#sandboxes.size > 0) return;
    this.#deliveries.giveBackAllQueued(noSandbox(error));
    if (!this.#options.looksForIdleness) return;
    this.#asksWithoutSandbox = true;
    this.#source.askAgain();
  }
  #trouble: unknown = null;
  /** The Scheduler is to be asked whether there is anything to do, though nothing could be done. */
  #asksWithoutSandbox = false;
  /** It creates no Sandboxes: without any, Slices would only wait here. */
  #evaluatorFails = false;

  #onOpened(): void {
    if (!this.#evaluatorFails) return;
    this.#evaluatorFails = false;
    this.#asksWithoutSandbox = false;
    this.#source.poke();
  }

  // What goes to the Scheduler

  #openOutbox(jobId: JobId): JobOutbox {
    const { submitIntervalMs, maxUnsubmittedBytes } = this.#options;
    const options = { intervalMs: submitIntervalMs, maxMessageBytes: maxUnsubmittedBytes / 16 };
    return new JobOutbox(this.scheduler, jobId, options, {
      onSubmitted: (receipt: SubmitReceipt) => {
        this.#observer.onSubmitted(jobId, receipt);
        this.#deliveries.makeRoom();
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

  #openLeftovers(): Leftovers | null {
    const { spool, maxSpoolBytes } = this.#options;
    if (spool === null) return null;
    return new Leftovers(spool, maxSpoolBytes, this.scheduler, {
      onNews: (news) => this.#observer.onSpool(news),
      // Only now may it be found that there is nothing to do.
      onDone: () => {
        if (this.#foundNothing) this.#source.askAgain();
      },
      onTrouble: (error, retryMs) => this.#observer.onTrouble('scheduler', error, retryMs),
    });
  }

  #releaseIfDone(desk: JobDesk, held: HeldTask): void {
    if (held.unacknowledged > 0 || !desk.tasks.delete(held)) return;
    // Who holds nothing may be given what was not for it before: the Scheduler is asked again before this is idleness.
    if (this.#foundNothing && this.#desks.holdNothing) this.#source.askAgain();
    else this.#source.poke();
  }
}
