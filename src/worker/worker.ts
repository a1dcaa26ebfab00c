import { availableParallelism } from 'node:os';
import {
  askForGpus,
  checkLocation,
  completeConfinement,
  completeGpuOptions,
  GPU_OPTIONS,
  locationText,
  openChildProcessEvaluator,
  openInProcessEvaluator,
  openRemoteEvaluator,
  type ChildProcessEvaluator,
  type ConfinementOptions,
  type ConfinementReport,
  type Evaluator,
  type EvaluatorLocation,
  type EvaluatorOffer,
  type GpuOptions,
} from '../evaluator/index.js';
import { checkNames, InvalidArgumentError, shown } from '../model/index.js';
import { checkLeaseMs, openEmbeddedScheduler, type Scheduler } from '../scheduler/index.js';
import {
  completeOptions,
  LifecycleError,
  Supervisor,
  SUPERVISOR_OPTIONS,
  type StopOptions,
  type SupervisorChange,
  type SupervisorOptions,
  type SupervisorStatus,
  type WorkDecision,
} from '../supervisor/index.js';

export type EvaluatorKind = 'child' | 'in-process';
const EVALUATOR_KINDS: readonly EvaluatorKind[] = ['child', 'in-process'];
/** As many as an evaluator has threads, and a Supervisor Sandboxes. */
const MAX_CORES = 1024;

export interface WorkerOptions extends Omit<SupervisorOptions, 'gpu'> {
  /** Directory of an embedded Scheduler, opened and closed by the Worker; or a Scheduler, which is left open. */
  readonly scheduler: string | Scheduler;
  /**
   * How long the Scheduler waits for a sign of life before others get this Worker's Slices, milliseconds, from 1000.
   * Default 60,000. Means nothing for a Scheduler that is open already.
   */
  readonly leaseMs?: number;
  /** Threads that run Sandboxes, 1 to 1024. Default: the number of usable cores. `sandboxes` defaults to it. */
  readonly cores?: number;
  /**
   * Where Sandboxes live: `child`, in processes of their own, one for each Job, which may crash; `in-process`, in this
   * one, which is for one's own code and trusted clusters; or where a standing evaluator listens, which somebody else starts and
   * ends, and for which the Worker waits. Or an Evaluator, which is left open. Default `child`.
   */
  readonly evaluator?: Evaluator | EvaluatorKind | EvaluatorLocation;
  /** What the operating system keeps evaluator processes of the Worker's own from. Default: from all that it can. */
  readonly confinement?: ConfinementOptions;
  /** Which GPUs Jobs that require WebGPU get, if this machine has any; null: such Jobs are not taken. Default: any. */
  readonly gpu?: WorkerGpuOptions | null;
  /** Hears of the lines that evaluator processes of the Worker's own print. Default: they go to standard error. */
  readonly onEvaluatorLine?: (pid: number, line: string) => void;
}

export interface WorkerGpuOptions extends GpuOptions {
  /** Of the Sandboxes, so many at most work for Jobs that require WebGPU; 0: none for now. Default: two for each adapter. */
  readonly sandboxes?: number;
  /** The part of them that is used, above 0 up to 1. Default 1; of any number at least one Sandbox is. */
  readonly utilization?: number;
}

/** While one Sandbox of an adapter waits for it, the other prepares what comes next. */
const SANDBOXES_PER_ADAPTER = 2;

const NO_GPU: ReturnType<typeof askForGpus> = Promise.resolve({ adapters: [], problems: [] });

function isLocation(evaluator: NonNullable<WorkerOptions['evaluator']>): evaluator is EvaluatorLocation {
  return typeof evaluator === 'object' && ('path' in evaluator || 'port' in evaluator);
}

type OwnOption = Exclude<keyof WorkerOptions, Exclude<keyof SupervisorOptions, 'gpu'>>;
const OWN_OPTIONS: Readonly<Record<OwnOption, true>> = {
  scheduler: true,
  leaseMs: true,
  cores: true,
  evaluator: true,
  confinement: true,
  gpu: true,
  onEvaluatorLine: true,
};

/**
 * All that can be said of options before anything is opened. One that is misspelt would change nothing: of what confines Jobs nobody
 * would see it. Throws `InvalidArgumentError`.
 */
function checkOptions(options: WorkerOptions): void {
  checkNames('options', options, 'an option of a Worker', [
    ...new Set([...Object.keys(OWN_OPTIONS), ...SUPERVISOR_OPTIONS]),
  ]);
  checkParts(options);
  const { evaluator = 'child', gpu = {}, confinement = {}, onEvaluatorLine } = options;
  const { cores = availableParallelism() } = options;
  if (gpu !== null) {
    checkNames('gpu', gpu, 'an option for GPUs', [...GPU_OPTIONS, 'sandboxes', 'utilization']);
    completeGpuOptions(gpu);
  }
  completeConfinement(confinement);
  if (isLocation(evaluator)) {
    checkRemote(evaluator, gpu);
    checkUnconfined(`at ${locationText(evaluator)}, where dcp-evaluator has this option`, confinement);
  } else if (evaluator === 'in-process') checkUnconfined("in the Worker's own process", confinement);
  if (onEvaluatorLine !== undefined && typeof onEvaluatorLine !== 'function')
    throw new InvalidArgumentError('onEvaluatorLine', `expected a function, got ${shown(onEvaluatorLine)}`);
  const used = gpuSandboxes(gpu, 1);
  completeOptions({
    sandboxes: cores,
    ...ofSupervisor(options),
    gpu: gpu === null ? null : { adapters: [], sandboxes: gpu.sandboxes ?? used },
  });
}

/** What of them is for the Supervisor, but for its `gpu`. */
function ofSupervisor(options: WorkerOptions): Omit<SupervisorOptions, 'gpu'> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !(name in OWN_OPTIONS)));
}

/** What types say of these, for who has none. */
function checkParts({ scheduler, leaseMs, cores, evaluator = 'child' }: WorkerOptions): void {
  if (!(typeof scheduler === 'string' ? scheduler !== '' : isObject(scheduler)))
    throw new InvalidArgumentError(
      'scheduler',
      `expected a directory or a Scheduler, got ${shown(scheduler)}`,
    );
  if (leaseMs !== undefined) checkLeaseMs('leaseMs', leaseMs);
  if (cores !== undefined && !(Number.isInteger(cores) && cores >= 1 && cores <= MAX_CORES))
    throw new InvalidArgumentError(
      'cores',
      `expected a whole number from 1 to ${MAX_CORES}, got ${shown(cores)}`,
    );
  // Whatever else this was taken for would run what is not to be trusted in this process.
  if (!(typeof evaluator === 'string' ? EVALUATOR_KINDS.includes(evaluator) : isObject(evaluator)))
    throw new InvalidArgumentError(
      'evaluator',
      `expected ${EVALUATOR_KINDS.map((kind) => shown(kind)).join(', ')}, where a standing evaluator listens, or an Evaluator, got ${shown(evaluator)}`,
    );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** A standing evaluator was told which adapters it offers when it was started. */
function checkRemote(location: EvaluatorLocation, gpu: WorkerGpuOptions | null): void {
  checkLocation(location);
  const { adapters = [], bannedAdapters = [], allowSoftware = false } = gpu ?? {};
  if (adapters.length + bannedAdapters.length > 0 || allowSoftware)
    throw new InvalidArgumentError(
      'gpu',
      `which adapters there are is for the evaluator at ${locationText(location)} to say: give these options to dcp-evaluator`,
    );
}

/** Nobody here can say that what is required is there. */
function checkUnconfined(evaluator: string, { mode }: ConfinementOptions): void {
  if (mode === 'require')
    throw new InvalidArgumentError(
      'confinement',
      `require asks for evaluator processes of the Worker's own, and Sandboxes live ${evaluator}`,
    );
}

/** How many of so many Sandboxes a utilization leaves: whole ones, and at least one. */
export function usedOf(sandboxes: number, utilization: number): number {
  // 100 * 0.29 is less than 29.
  return Math.max(1, Math.floor(sandboxes * utilization + 1e-9));
}

/** How many Sandboxes work for Jobs that require WebGPU at most, with so many adapters. Throws `InvalidArgumentError`. */
export function gpuSandboxes(gpu: WorkerGpuOptions | null | undefined, adapters: number): number {
  const { sandboxes = adapters * SANDBOXES_PER_ADAPTER, utilization = 1 } = gpu ?? {};
  if (!(utilization > 0 && utilization <= 1))
    throw new InvalidArgumentError('gpu.utilization', `expected above 0 up to 1, got ${shown(utilization)}`);
  return sandboxes === 0 ? 0 : usedOf(sandboxes, utilization);
}

/** The whole program as a library: a Supervisor with its Scheduler and Evaluator. */
export class Worker {
  readonly #options: WorkerOptions;
  #supervisor: Supervisor | null = null;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  #isToldToStop = false;
  #onEnded: () => void = () => {};
  /** Resolves when the Worker has stopped, whoever stopped it. */
  readonly ended = new Promise<void>((resolve) => (this.#onEnded = resolve));
  /** What was opened here, in the order in which it is closed. */
  readonly #opened: { close(): Promise<void> }[] = [];

  /** Throws `InvalidArgumentError` for an option out of range or of another name. */
  constructor(options: WorkerOptions) {
    checkOptions(options);
    this.#options = { ...options };
  }

  /**
   * Opens what it needs and begins to work. Rejects with `SchedulerError` or `EvaluatorError`, and with `InvalidArgumentError` for what only those
   * know that are opened; nothing stays open then. Calling it again is the same call; after `stop` a first call rejects with `LifecycleError`.
   */
  start(): Promise<void> {
    if (this.#starting === null && this.#isToldToStop)
      return Promise.reject(new LifecycleError('worker', 'stopped', 'running'));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Stops the Supervisor (see `Supervisor.stop`) and closes what was opened. May be called again to hurry it. */
  async stop(options: StopOptions = {}): Promise<void> {
    this.#isToldToStop = true;
    await this.#starting?.catch(() => {});
    const stopped = this.#supervisor?.stop(options);
    this.#stopping ??= this.#close(stopped);
    await this.#stopping;
  }

  /**
   * See `Supervisor.reconfigure`. `cores`, the threads that run Sandboxes, is fixed: more Sandboxes than that share them.
   * Throws `LifecycleError` before `start` has resolved.
   */
  reconfigure(change: SupervisorChange): void {
    if (this.#supervisor === null) throw new LifecycleError('worker', 'created', 'another configuration');
    this.#supervisor.reconfigure(change);
  }

  /**
   * The adapters that Jobs get, by name, and what is in the way of more. Nothing before `start` has resolved, or before a
   * standing evaluator has been there.
   */
  get gpu(): { readonly adapters: readonly string[]; readonly problems: readonly string[] } {
    return this.#gpu;
  }
  #gpu: { readonly adapters: readonly string[]; readonly problems: readonly string[] } = {
    adapters: [],
    problems: [],
  };

  /** `Scheduler.identity` of the one that it has open. Null before `start` has resolved. */
  get schedulerIdentity(): string | null {
    return this.#schedulerIdentity;
  }
  #schedulerIdentity: string | null = null;

  /** What its evaluator processes are confined by; null: none has come yet, or it has none of its own. */
  get confinement(): ConfinementReport | null {
    return this.#child?.confinement ?? null;
  }
  #child: ChildProcessEvaluator | null = null;

  /** As `Supervisor.pause` and `Supervisor.resume`; nothing before `start` has resolved. */
  pause(): void {
    this.#supervisor?.pause();
  }
  resume(): void {
    this.#supervisor?.resume();
  }

  /** See `Supervisor.gate`. Before `start` has resolved it is remembered, so that nothing begins that may not run. */
  async gate(decision: WorkDecision): Promise<void> {
    this.#decision = decision;
    await this.#supervisor?.gate(decision);
  }
  #decision: WorkDecision | null = null;

  /** Null before `start` has resolved. */
  status(): SupervisorStatus | null {
    return this.#supervisor?.status() ?? null;
  }

  async #start(): Promise<void> {
    const {
      scheduler,
      leaseMs,
      evaluator = 'child',
      gpu = {},
      confinement = {},
      onEvaluatorLine,
    } = this.#options;
    const { cores = availableParallelism() } = this.#options;
    const opening = leaseMs === undefined ? {} : { leaseMs };
    try {
      const isRemote = isLocation(evaluator);
      // Drivers take their time: meanwhile the rest is opened.
      const asking = gpu === null || isRemote ? NO_GPU : askForGpus(gpu);
      const openScheduler =
        typeof scheduler === 'string'
          ? await this.#own(openEmbeddedScheduler(scheduler, opening))
          : scheduler;
      this.#schedulerIdentity = openScheduler.identity;
      const openEvaluator =
        typeof evaluator === 'string'
          ? await this.#own(
              this.#openOwn(evaluator, {
                threads: cores,
                gpu,
                confinement,
                ...(onEvaluatorLine && { onLog: onEvaluatorLine }),
              }),
            )
          : isRemote
            ? await this.#own(this.#openRemote(evaluator))
            : evaluator;
      const { adapters, problems } = await asking;
      this.#gpu = { adapters: adapters.map(({ name }) => name), problems: problems.map(({ what }) => what) };
      this.#supervisor = new Supervisor(openScheduler, openEvaluator, {
        sandboxes: cores,
        ...ofSupervisor(this.#options),
        gpu: adapters.length === 0 ? null : { adapters, sandboxes: gpuSandboxes(gpu, adapters.length) },
      });
      if (this.#decision !== null) void this.#supervisor.gate(this.#decision);
      this.#supervisor.start();
      this.#takeOffer();
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  async #openOwn(
    kind: EvaluatorKind,
    options: {
      threads: number;
      gpu: GpuOptions | null;
      confinement: ConfinementOptions;
      onLog?: (pid: number, line: string) => void;
    },
  ): Promise<Evaluator> {
    if (kind === 'child') return (this.#child = await openChildProcessEvaluator(options));
    return openInProcessEvaluator(options);
  }

  /** Of what a standing evaluator has we hear when it is there, and again when it is there again. */
  #openRemote(location: EvaluatorLocation): Evaluator {
    const onOffer = (offer: EvaluatorOffer): void => {
      this.#offer = offer;
      this.#takeOffer();
    };
    return openRemoteEvaluator({ ...location, ...(this.#options.gpu === null ? {} : { onOffer }) });
  }
  #offer: EvaluatorOffer | null = null;

  #takeOffer(): void {
    const supervisor = this.#supervisor;
    if (supervisor === null || this.#offer === null) return;
    const { adapters, problems } = this.#offer;
    const { gpu = {} } = this.#options;
    this.#gpu = { adapters: adapters.map(({ name }) => name), problems };
    supervisor.offerGpu(
      adapters.length === 0 ? null : { adapters, sandboxes: gpuSandboxes(gpu, adapters.length) },
    );
  }

  async #own<T extends { close(): Promise<void> }>(opening: Promise<T> | T): Promise<T> {
    const opened = await opening;
    this.#opened.unshift(opened);
    return opened;
  }

  /** Closes every part, whatever another one's end came to; rejects with the first of their errors. */
  async #close(stopped?: Promise<void>): Promise<void> {
    const errors: unknown[] = [];
    const ends = [() => stopped, ...this.#opened.splice(0).map((part) => () => part.close())];
    for (const end of ends) {
      try {
        await end();
      } catch (error) {
        errors.push(error);
      }
    }
    this.#onEnded();
    if (errors.length > 0) throw errors[0];
  }
}
