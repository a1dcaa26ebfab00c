import type { JobId, JobLimits } from './job.js';
import type { SliceBatch } from './slice-batch.js';

/** Names one Task for as long as its lease runs. */
export type TaskId = string;

/** Slices of one Job, leased to one Worker: the unit of transfer and of leasing. */
export interface Task {
  readonly id: TaskId;
  readonly jobId: JobId;
  readonly slices: SliceBatch;
  /** Per Slice: how often it was handed out before and came back counted (see `ReturnReason`). */
  readonly attempts: Uint16Array;
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
