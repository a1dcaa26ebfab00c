import type { JobId, SliceMetrics } from '../model/index.js';
import type { SupervisorState } from './lifecycle.js';
import type { ManagedSandboxState } from './managed-sandbox.js';
import type { GateStatus } from './work-gate.js';

/** A Supervisor at one moment. */
export interface SupervisorStatus {
  readonly state: SupervisorState;
  readonly workerId: string;
  /** No Slice is started until the Scheduler has recorded some of the results that wait for it. */
  readonly holdsBack: boolean;
  /** The evaluator could not create the last Sandboxes that were wanted. */
  readonly evaluatorFails: boolean;
  /** Jobs of which nothing is wanted for a while because they fail, those included that are not among `jobs` any more. */
  readonly jobsSetAside: number;
  /** What may not run now, and why; see `Supervisor.gate`. */
  readonly gates: readonly GateStatus[];
  /** Slices that may run at the same time: all, and of these those of Jobs that use a GPU. */
  readonly places: { readonly all: number; readonly gpu: number };
  /** Sandboxes that have a Job. */
  readonly sandboxes: readonly {
    readonly id: number;
    readonly jobId: JobId;
    readonly state: ManagedSandboxState;
    /** It works for a Job that requires WebGPU. */
    readonly usesGpu: boolean;
    /** It stands still with what it has. */
    readonly isFrozen: boolean;
    /** Slices it has run. */
    readonly slices: number;
    /**
     * The Slice it runs now; null: none. Results travel together: of Slices of less than some 10 ms it is one that ran
     * lately.
     */
    readonly slice: number | null;
    /** How long that Slice has been running, milliseconds, to some 10 ms. */
    readonly sinceMs: number | null;
    /** What that Slice reported last by `progress(fraction)`, 0 to 1; null: nothing yet. */
    readonly progress: number | null;
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
    /** Slices that ended here with a result, and those of them that failed, since the Job came; see `counts`. */
    readonly done: number;
    readonly failed: number;
    /** Slices that failed, and Sandboxes lost, since the last Slice that did not. */
    readonly failuresInARow: number;
    /** For how long nothing of the Job is wanted because of these, milliseconds; 0: it is welcome. */
    readonly setAsideMs: number;
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
