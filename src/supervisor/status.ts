import type { JobId, SliceMetrics } from '../model/index.js';
import type { SupervisorState } from './lifecycle.js';
import type { ManagedSandboxState } from './managed-sandbox.js';

/** A Supervisor at one moment. */
export interface SupervisorStatus {
  readonly state: SupervisorState;
  readonly workerId: string;
  /** Sandboxes that have a Job. */
  readonly sandboxes: readonly {
    readonly id: number;
    readonly jobId: JobId;
    readonly state: ManagedSandboxState;
    /** Slices it has run. */
    readonly slices: number;
  }[];
  readonly jobs: readonly {
    readonly id: JobId;
    readonly name: string;
    /** Mean wall time of a Slice as measured here, milliseconds; null before the first. */
    readonly sliceMs: number | null;
    /** Slices held that no Sandbox has, and those some Sandbox has. */
    readonly queued: number;
    readonly running: number;
    readonly sandboxes: number;
    /** Bytes of results the Scheduler has not acknowledged. */
    readonly unsubmittedBytes: number;
  }[];
  /** Since the start. */
  readonly counts: {
    readonly tasks: number;
    /** Slices that ended with a result, and those of them that failed. */
    readonly done: number;
    readonly failed: number;
    /** Slices given back to the Scheduler. */
    readonly returned: number;
    /** Sandboxes that ended by no doing of ours or the Job's. */
    readonly lostSandboxes: number;
    /** Requests of Work Functions that ended, those that failed, and bytes of bodies. */
    readonly fetched: {
      readonly requests: number;
      readonly failed: number;
      readonly bytesIn: number;
      readonly bytesOut: number;
    };
    /** Of all Slices done together. */
    readonly metrics: SliceMetrics;
  };
}
