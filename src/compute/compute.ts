import path from 'node:path';
import { checkNames, InvalidArgumentError, shown, type JobId, type JobStatus } from '../model/index.js';
import type { Scheduler } from '../scheduler/index.js';
import { planInput, planRange, type InputPlan, type RangeObject } from './input-set.js';
import { Job } from './job.js';
import { defineComputeCalls } from './published-client.js';
import { schedulerContext, type SchedulerContext } from './scheduler-context.js';
import { workFunctionOrigin, type WorkFunctionFile } from './work-function.js';

export interface ComputeOptions {
  /**
   * An open Scheduler, which stays open, or the directory of an embedded one, opened while a call needs it. Default:
   * the directory named by `DCP_SCHEDULER_DIR`, or `~/.dcp/scheduler`.
   */
  readonly scheduler?: Scheduler | string;
  /** Where files of Work Functions and the packages that Jobs require are looked up. Default: the current directory. */
  readonly directory?: string;
}

/** A function that runs once per Slice, its source text, or a file: `new URL('./work.js', import.meta.url)`. */
export type Work<Datum, Result> =
  string | URL | WorkFunctionFile | ((datum: Datum, ...args: never[]) => Result);

/** The client API, bound to one Scheduler. */
export class Compute {
  readonly #context: SchedulerContext;
  readonly #directory: string;

  /** Throws `InvalidArgumentError` for an option that is none. */
  constructor(options: ComputeOptions = {}) {
    checkNames('options', options, 'an option of a Compute', ['scheduler', 'directory']);
    const { scheduler, directory = '.' } = options;
    if (typeof directory !== 'string')
      throw new InvalidArgumentError('directory', `expected a path, got ${shown(directory)}`);
    this.#context = schedulerContext(scheduler);
    this.#directory = directory;
  }

  /**
   * A Job: its Work Function is called as `work(datum, ...args)` once for each element of the input set. Numbers
   * `start` to `end` include both ends. Nothing happens before `job.exec()` or `job.localExec()`.
   *
   * A function is taken by its source text, so it must not use variables from around it; a file comes with all it
   * imports. An array of `{ start, end }`
   * objects is data like any other (DCP makes a multi-dimensional range of it).
   *
   * Throws `InvalidArgumentError` when an argument is none of this.
   */
  for<D, R>(
    input: Iterable<D> | AsyncIterable<D>,
    work: Work<D, R>,
    args?: ArrayLike<unknown>,
  ): Job<Awaited<R>>;
  for<R>(start: number, end: number, work: Work<number, R>, args?: ArrayLike<unknown>): Job<Awaited<R>>;
  for<R>(
    start: number,
    end: number,
    step: number,
    work: Work<number, R>,
    args?: ArrayLike<unknown>,
  ): Job<Awaited<R>>;
  for<R>(range: RangeObject, work: Work<never, R>, args?: ArrayLike<unknown>): Job<Awaited<R>>;
  for(...given: unknown[]): Job {
    const { input, rest } = splitInput(given);
    const [work, args, ...more] = rest;
    if (more.length > 0)
      throw new InvalidArgumentError(
        'args',
        'expected the arguments of the Work Function as one array, at the end',
      );
    const directory = path.resolve(this.#directory);
    return new Job(this.#context, {
      workFunction: workFunctionOrigin(work, directory),
      directory,
      arguments: argumentList(args),
      input,
    });
  }

  /**
   * A handle on a Job the Scheduler has, from any process. `exec()` on it tells the Job's log again, from the start or
   * from the entry after `after` (a `cursor` of its `status` events), and resolves with all results. Rejects with
   * `JobNotFoundError`, as all these calls do, and with `SchedulerError` where there is no Scheduler; `exec` rejects with `InvalidArgumentError` when the log has not come as far as `after`.
   */
  async resume<R = unknown>(id: JobId, { after = 0 }: { readonly after?: number } = {}): Promise<Job<R>> {
    const { public: publicInfo } = await this.#with((scheduler) => scheduler.jobStatus(id));
    return new Job<R>(this.#context, { id, public: publicInfo, after });
  }

  /** The same as `resume(id)`. */
  getJob<R = unknown>(id: JobId): Promise<Job<R>> {
    return this.resume<R>(id);
  }

  /** All Jobs the Scheduler has. */
  listJobs(): Promise<JobStatus[]> {
    return this.#with((scheduler) => scheduler.listJobs());
  }

  /** Rejects with `JobNotFoundError`. */
  jobStatus(id: JobId): Promise<JobStatus> {
    return this.#with((scheduler) => scheduler.jobStatus(id));
  }

  /** No Slice of the Job is handed out any more; results are kept. Rejects with `JobNotFoundError`. */
  cancelJob(id: JobId): Promise<void> {
    return this.#with((scheduler) => scheduler.cancelJob(id));
  }

  /** Forgets the Job with its results. Rejects with `JobNotFoundError`. */
  removeJob(id: JobId): Promise<void> {
    return this.#with((scheduler) => scheduler.removeJob(id));
  }

  async #with<T>(call: (scheduler: Scheduler) => Promise<T>): Promise<T> {
    const use = await this.#context.open();
    try {
      return await call(use.scheduler);
    } finally {
      await use.end();
    }
  }
}

defineComputeCalls(Compute.prototype);

/** A client API for a Scheduler of choice. */
export function createCompute(options: ComputeOptions = {}): Compute {
  return new Compute(options);
}

function splitInput(given: unknown[]): { input: InputPlan; rest: unknown[] } {
  const [first, second, third] = given;
  if (typeof first !== 'number') return { input: planInput(first), rest: given.slice(1) };
  if (typeof second !== 'number')
    throw new InvalidArgumentError('end', `expected a number after start, got ${shown(second)}`);
  if (typeof third !== 'number')
    return { input: planRange({ start: first, end: second }), rest: given.slice(2) };
  return { input: planRange({ start: first, end: second, step: third }), rest: given.slice(3) };
}

function argumentList(args: unknown): unknown[] {
  if (args === undefined) return [];
  if (typeof args === 'object' && args !== null && Number.isInteger((args as ArrayLike<unknown>).length)) {
    return Array.from(args as ArrayLike<unknown>);
  }
  throw new InvalidArgumentError('args', `expected an array, got ${shown(args)}`);
}
