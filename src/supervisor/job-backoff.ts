import { checkNames, InvalidArgumentError, type JobId } from '../model/index.js';
import type { JobDesk } from './job-desk.js';
import { JobFailures } from './job-failures.js';

/** When a Job that brings nothing but failures, or one evaluator after another to its end, is set aside, and for how long. */
export interface JobBackoffOptions {
  /** Failures in a row without which no Job is set aside, from 1. Default 20. */
  readonly failures: number;
  /**
   * And for so long it has brought nothing else, milliseconds. Default 10,000: a Job of short Slices may have thousands that
   * fail, and be done by then; that is its owner's affair.
   */
  readonly forMs: number;
  /**
   * Evaluators that its Slices have ended, each while it ran alone, for which a Job is set aside, from 1, whatever its other
   * Slices bring. A Slice that came to its end after all does not count. Default 9: those of three Slices.
   */
  readonly crashes: number;
  /** How long it is set aside the first time, milliseconds. Default a minute. It doubles each time, … */
  readonly firstMs: number;
  /** … up to this. Default an hour. A Slice that does not fail starts it all again. */
  readonly maxMs: number;
}

const DEFAULTS: JobBackoffOptions = Object.freeze({
  failures: 20,
  forMs: 10_000,
  crashes: 9,
  firstMs: 60_000,
  maxMs: 3_600_000,
});

/** Fills in defaults. Throws `InvalidArgumentError` for a value out of range or of another name. */
export function completeJobBackoff(options: Partial<JobBackoffOptions> | null): JobBackoffOptions | null {
  if (options === null) return null;
  checkNames('jobBackoff', options, 'a part of it', Object.keys(DEFAULTS));
  const complete = { ...DEFAULTS, ...options };
  for (const name of Object.keys(DEFAULTS) as (keyof JobBackoffOptions)[]) {
    const value = complete[name];
    const least = name === 'forMs' || name === 'maxMs' ? 0 : 1;
    if (typeof value !== 'number' || !(value >= least) || value === Infinity)
      throw new InvalidArgumentError(
        `jobBackoff.${name}`,
        `expected a number from ${least}, got ${String(value)}`,
      );
  }
  return complete;
}

/** Why a Job is set aside: it brought nothing but failures; its Slices end one evaluator after another. */
export type SetAsideCode = 'EJOBSETASIDE' | 'EEVALUATORCRASH';

export interface JobBackoffOwner {
  /** Nothing more of it is wanted for so long. */
  onSetAside(
    desk: JobDesk,
    why: { readonly code: SetAsideCode; readonly reason: string; readonly ms: number },
  ): void;
  /** A Job that was set aside is welcome again. */
  onBack(): void;
}

/** Timers of Node go no further. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Jobs that are welcome again, of which is remembered how often they were set aside. */
const REMEMBERED_JOBS = 1000;

interface SetAside {
  readonly failures: JobFailures;
  readonly timer: NodeJS.Timeout;
  readonly code: SetAsideCode;
}

/**
 * Sets Jobs aside that only fail: their Slices by their own doing, or their Sandboxes by getting lost; and those whose Slices end
 * evaluators, even if others of their Slices do not. So a Worker is not used up by them, and a Sandbox that cannot run one Job
 * still serves others. A Job stays set aside also when nothing else is known of it any more.
 */
export class JobBackoff {
  readonly #setAside = new Map<JobId, SetAside>();
  /** The one that came back last comes last. */
  readonly #remembered = new Map<JobId, JobFailures>();

  constructor(
    private readonly options: JobBackoffOptions | null,
    private readonly owner: JobBackoffOwner,
  ) {}

  /** How the Job has failed before, as far as that is remembered. */
  failuresOf(id: JobId): JobFailures {
    return this.#setAside.get(id)?.failures ?? this.#remembered.get(id) ?? new JobFailures(id);
  }

  /** Slices of the Job failed, or Sandboxes of it were lost. */
  failed(desk: JobDesk, count: number): void {
    const now = performance.now();
    const { failures } = desk;
    if (failures.inARow === 0) failures.since = now;
    failures.inARow += count;
    const { options } = this;
    if (options === null || this.has(desk)) return;
    const forMs = now - failures.since;
    if (failures.inARow < options.failures || forMs < options.forMs) return;
    const failed = `${failures.inARow} failures in a row`;
    this.#put(desk, options, 'EJOBSETASIDE', `${failed} and nothing else for ${Math.round(forMs / 1000)} s`);
  }

  /** An evaluator was lost with this Slice alone in it, or while it loaded the Work Function (`LOADING`). */
  crashed(desk: JobDesk, slice: number, error: Error): void {
    const { options } = this;
    if (options === null) return;
    const { crashes } = desk.failures;
    crashes.set(slice, (crashes.get(slice) ?? 0) + 1);
    let ended = 0;
    for (const times of crashes.values()) ended += times;
    if (ended < options.crashes || this.has(desk)) return;
    crashes.clear();
    this.#put(
      desk,
      options,
      'EEVALUATORCRASH',
      `it has ended ${ended} evaluators; the last time: ${error.message}`,
    );
  }

  /**
   * A Slice of the Job did not fail; `failedSince` of those behind it did. That makes a Job welcome again unless it is evaluators
   * that it ends.
   */
  succeeded({ failures }: JobDesk, failedSince: number): void {
    failures.inARow = failedSince;
    if (failedSince > 0) failures.since = performance.now();
    failures.timesSetAside = 0;
    if (this.#setAside.get(failures.jobId)?.code === 'EJOBSETASIDE') this.#bringBack(failures);
  }

  /** Jobs of which no Task is wanted. */
  setAside(): JobId[] {
    return [...this.#setAside.keys()];
  }

  has({ id }: JobDesk): boolean {
    return this.#setAside.has(id);
  }

  /** The Job is over. */
  forget({ failures }: JobDesk): void {
    this.#end(failures);
    this.#remembered.delete(failures.jobId);
  }

  close(): void {
    for (const { failures } of [...this.#setAside.values()]) this.#end(failures);
  }

  #put(desk: JobDesk, options: JobBackoffOptions, code: SetAsideCode, reason: string): void {
    const { failures } = desk;
    const ms = Math.min(options.maxMs, options.firstMs * 2 ** failures.timesSetAside, MAX_TIMER_MS);
    failures.timesSetAside++;
    failures.setAsideUntil = performance.now() + ms;
    // Neither this nor the timer may hold the desk: all of the Job would stay in memory for as long.
    const timer = setTimeout(() => this.#bringBack(failures), ms);
    this.#setAside.set(desk.id, { failures, timer: timer.unref(), code });
    this.owner.onSetAside(desk, { code, reason, ms });
  }

  #bringBack(failures: JobFailures): void {
    const { jobId } = failures;
    this.#end(failures);
    this.#remembered.delete(jobId);
    this.#remembered.set(jobId, failures);
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= REMEMBERED_JOBS) break;
      this.#remembered.delete(oldest);
    }
    this.owner.onBack();
  }

  #end(failures: JobFailures): void {
    clearTimeout(this.#setAside.get(failures.jobId)?.timer);
    this.#setAside.delete(failures.jobId);
    failures.setAsideUntil = 0;
  }
}
