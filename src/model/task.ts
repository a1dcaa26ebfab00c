import type { JobId, JobLimits } from './job.js';
import type { SliceBatch } from './slice-batch.js';

/** Names one Task for as long as its lease runs. */
export type TaskId = string;

/**
 * A Slice whose lease ran out so often may have taken its Worker down: it is handed out in a Task of its own, and to a
 * Worker that holds nothing else, so that from then on no other Slice is to blame.
 */
export const ALONE_AFTER_EXPIRIES = 5;

/** A Slice whose lease ran out so often, the last times alone, is not run again: it fails with `EEVALUATORCRASH`. */
export const MAX_EXPIRIES = 8;

/** Slices of one Job, leased to one Worker: the unit of transfer and of leasing. */
export interface Task {
  readonly id: TaskId;
  readonly jobId: JobId;
  readonly slices: SliceBatch;
  /** Per Slice: how often it was handed out before and came back counted (see `ReturnReason`). */
  readonly attempts: Uint16Array;
  /** Per Slice: how many of its attempts ended with a lease that ran out, so that nobody knows what became of it. */
  readonly expiries: Uint16Array;
  readonly limits: JobLimits;
  /** The Worker renews the lease well within this time, or loses the Task. Milliseconds. */
  readonly leaseMs: number;
}

/** Why Slices go back to the Scheduler without a result. */
export interface ReturnReason {
  /** An error code, or `ESHUTDOWN` when the Worker merely stops. */
  readonly code: string;
  readonly message: string;
  /** True when the Slice ran and the run came to nothing: counts in `Task.attempts`. */
  readonly counted: boolean;
}
