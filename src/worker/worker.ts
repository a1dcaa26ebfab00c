import { availableParallelism } from 'node:os';
import { openChildProcessEvaluator, openInProcessEvaluator, type Evaluator } from '../evaluator/index.js';
import { openEmbeddedScheduler, type Scheduler } from '../scheduler/index.js';
import {
  Supervisor,
  type StopOptions,
  type SupervisorOptions,
  type SupervisorStatus,
} from '../supervisor/index.js';

export type EvaluatorKind = 'child' | 'in-process';

export interface WorkerOptions extends SupervisorOptions {
  /** Directory of an embedded Scheduler, opened and closed by the Worker; or a Scheduler, which is left open. */
  readonly scheduler: string | Scheduler;
  /**
   * How long the Scheduler waits for a sign of life before others get this Worker's Slices, milliseconds, from 1000.
   * Default 60,000. Means nothing for a Scheduler that is open already.
   */
  readonly leaseMs?: number;
  /** Threads that run Sandboxes, at least 1. Default: the number of usable cores. `sandboxes` defaults to it. */
  readonly cores?: number;
  /**
   * Where Sandboxes live: `child`, in processes of their own, one for each Job, which may crash; `in-process`, in this
   * one, which is for one's own code and trusted clusters. Or an Evaluator, which is left open. Default `child`.
   */
  readonly evaluator?: Evaluator | EvaluatorKind;
}

const EVALUATORS: Readonly<Record<EvaluatorKind, (options: { threads: number }) => Promise<Evaluator>>> = {
  child: openChildProcessEvaluator,
  'in-process': openInProcessEvaluator,
};

/** The whole program as a library: a Supervisor with its Scheduler and Evaluator. */
export class Worker {
  readonly #options: WorkerOptions;
  #supervisor: Supervisor | null = null;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  #onEnded: () => void = () => {};
  /** Resolves when the Worker has stopped, whoever stopped it. */
  readonly ended = new Promise<void>((resolve) => (this.#onEnded = resolve));
  /** What was opened here, in the order in which it is closed. */
  readonly #opened: { close(): Promise<void> }[] = [];

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /**
   * Opens what it needs and begins to work. Rejects with `SchedulerError`, `EvaluatorError` or `InvalidArgumentError`;
   * nothing stays open then. Calling it again is the same call.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Stops the Supervisor (see `Supervisor.stop`) and closes what was opened. May be called again to hurry it. */
  async stop(options: StopOptions = {}): Promise<void> {
    await this.#starting?.catch(() => {});
    const stopped = this.#supervisor?.stop(options);
    this.#stopping ??= this.#close(stopped);
    await this.#stopping;
  }

  /** Null before `start` has resolved. */
  status(): SupervisorStatus | null {
    return this.#supervisor?.status() ?? null;
  }

  async #start(): Promise<void> {
    const {
      scheduler,
      leaseMs,
      cores = availableParallelism(),
      evaluator = 'child',
      ...options
    } = this.#options;
    const opening = leaseMs === undefined ? {} : { leaseMs };
    try {
      const openScheduler =
        typeof scheduler === 'string'
          ? await this.#own(openEmbeddedScheduler(scheduler, opening))
          : scheduler;
      const openEvaluator =
        typeof evaluator === 'string'
          ? await this.#own(EVALUATORS[evaluator]({ threads: cores }))
          : evaluator;
      this.#supervisor = new Supervisor(openScheduler, openEvaluator, { sandboxes: cores, ...options });
      this.#supervisor.start();
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  async #own<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
    const opened = await opening;
    this.#opened.unshift(opened);
    return opened;
  }

  async #close(after?: Promise<void>): Promise<void> {
    await after;
    for (const part of this.#opened.splice(0)) await part.close();
    this.#onEnded();
  }
}
