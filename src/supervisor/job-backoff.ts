import { InvalidArgumentError, type JobId } from '../model/index.js';
import type { JobDesk } from './job-desk.js';

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

/** Fills in defaults. Throws `InvalidArgumentError` for a value out of range. */
export function completeJobBackoff(options: Partial<JobBackoffOptions> | null): JobBackoffOptions | null {
  if (options === null) return null;
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

/**
 * Sets Jobs aside that only fail: their Slices by their own doing, or their Sandboxes by getting lost; and those whose Slices end
 * evaluators, even if others of their Slices do not. So a Worker is not used up by them, and a Sandbox that cannot run one Job
 * still serves others.
 */
export class JobBackoff {
  readonly #setAside = new Map<JobDesk, { readonly timer: NodeJS.Timeout; readonly code: SetAsideCode }>();

  constructor(
    private readonly options: JobBackoffOptions | null,
    private readonly owner: JobBackoffOwner,
  ) {}

  /** Slices of the Job failed, or Sandboxes of it were lost. */
  failed(desk: JobDesk, failures: number): void {
    const now = performance.now();
    if (desk.failuresInARow === 0) desk.failingSince = now;
    desk.failuresInARow += failures;
    const { options } = this;
    if (options === null || this.#setAside.has(desk)) return;
    const forMs = now - desk.failingSince;
    if (desk.failuresInARow < options.failures || forMs < options.forMs) return;
    const failed = `${desk.failuresInARow} failures in a row`;
    this.#put(desk, options, 'EJOBSETASIDE', `${failed} and nothing else for ${Math.round(forMs / 1000)} s`);
  }

  /** An evaluator was lost with this Slice alone in it, or while it loaded the Work Function (`LOADING`). */
  crashed(desk: JobDesk, slice: number, error: Error): void {
    const { options } = this;
    if (options === null) return;
    desk.crashes.set(slice, (desk.crashes.get(slice) ?? 0) + 1);
    let ended = 0;
    for (const times of desk.crashes.values()) ended += times;
    if (ended < options.crashes || this.#setAside.has(desk)) return;
    desk.crashes.clear();
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
  succeeded(desk: JobDesk, failedSince: number): void {
    desk.failuresInARow = failedSince;
    if (failedSince > 0) desk.failingSince = performance.now();
    desk.timesSetAside = 0;
    if (this.#setAside.get(desk)?.code === 'EJOBSETASIDE') this.#bringBack(desk);
  }

  /** Jobs of which no Task is wanted. */
  setAside(): JobId[] {
    return Array.from(this.#setAside.keys(), ({ id }) => id);
  }

  has(desk: JobDesk): boolean {
    return this.#setAside.has(desk);
  }

  /** The Job is over, or the Supervisor is. */
  forget(desk: JobDesk): void {
    clearTimeout(this.#setAside.get(desk)?.timer);
    this.#setAside.delete(desk);
    desk.setAsideUntil = 0;
  }

  close(): void {
    for (const desk of [...this.#setAside.keys()]) this.forget(desk);
  }

  #put(desk: JobDesk, options: JobBackoffOptions, code: SetAsideCode, reason: string): void {
    const ms = Math.min(options.maxMs, options.firstMs * 2 ** desk.timesSetAside, MAX_TIMER_MS);
    desk.timesSetAside++;
    desk.setAsideUntil = performance.now() + ms;
    const timer = setTimeout(() => this.#bringBack(desk), ms);
    this.#setAside.set(desk, { timer: timer.unref(), code });
    this.owner.onSetAside(desk, { code, reason, ms });
  }

  #bringBack(desk: JobDesk): void {
    if (!this.#setAside.has(desk)) return;
    this.forget(desk);
    this.owner.onBack();
  }
}
