import { InvalidArgumentError, type JobId } from '../model/index.js';
import type { JobDesk } from './job-desk.js';

/** When a Job that brings nothing but failures is set aside, and for how long. */
export interface JobBackoffOptions {
  /** Failures in a row without which no Job is set aside, from 1. Default 20. */
  readonly failures: number;
  /**
   * And for so long it has brought nothing else, milliseconds. Default 10,000: a Job of short Slices may have thousands that
   * fail, and be done by then; that is its owner's affair.
   */
  readonly forMs: number;
  /** How long it is set aside the first time, milliseconds. Default a minute. It doubles each time, … */
  readonly firstMs: number;
  /** … up to this. Default an hour. A Slice that does not fail starts it all again. */
  readonly maxMs: number;
}

const DEFAULTS: JobBackoffOptions = Object.freeze({
  failures: 20,
  forMs: 10_000,
  firstMs: 60_000,
  maxMs: 3_600_000,
});

/** Fills in defaults. Throws `InvalidArgumentError` for a value out of range. */
export function completeJobBackoff(options: Partial<JobBackoffOptions> | null): JobBackoffOptions | null {
  if (options === null) return null;
  const complete = { ...DEFAULTS, ...options };
  for (const name of Object.keys(DEFAULTS) as (keyof JobBackoffOptions)[]) {
    const value = complete[name];
    const least = name === 'failures' || name === 'firstMs' ? 1 : 0;
    if (typeof value !== 'number' || !(value >= least) || value === Infinity)
      throw new InvalidArgumentError(
        `jobBackoff.${name}`,
        `expected a number from ${least}, got ${String(value)}`,
      );
  }
  return complete;
}

export interface JobBackoffOwner {
  /** Nothing more of it is wanted for so long. */
  onSetAside(desk: JobDesk, reason: string, ms: number): void;
  /** A Job that was set aside is welcome again. */
  onBack(): void;
}

/** Timers of Node go no further. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Sets Jobs aside that only fail: their Slices by their own doing, or their Sandboxes by getting lost. So a Worker is not used up by
 * them, and a Sandbox that cannot run one Job still serves others.
 */
export class JobBackoff {
  readonly #setAside = new Map<JobDesk, NodeJS.Timeout>();

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
    const ms = Math.min(options.maxMs, options.firstMs * 2 ** desk.timesSetAside, MAX_TIMER_MS);
    desk.timesSetAside++;
    desk.setAsideUntil = now + ms;
    const timer = setTimeout(() => this.#bringBack(desk), ms);
    this.#setAside.set(desk, timer.unref());
    const failed = `${desk.failuresInARow} failures in a row`;
    this.owner.onSetAside(desk, `${failed} and nothing else for ${Math.round(forMs / 1000)} s`, ms);
  }

  /** A Slice of the Job did not fail; `failedSince` of those behind it did. */
  succeeded(desk: JobDesk, failedSince: number): void {
    desk.failuresInARow = failedSince;
    if (failedSince > 0) desk.failingSince = performance.now();
    desk.timesSetAside = 0;
    this.#bringBack(desk);
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
    clearTimeout(this.#setAside.get(desk));
    this.#setAside.delete(desk);
    desk.setAsideUntil = 0;
  }

  close(): void {
    for (const desk of [...this.#setAside.keys()]) this.forget(desk);
  }

  #bringBack(desk: JobDesk): void {
    if (!this.#setAside.has(desk)) return;
    this.forget(desk);
    this.owner.onBack();
  }
}
