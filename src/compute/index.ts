import { createCompute } from './compute.js';

export { Compute, createCompute, type ComputeOptions, type Work } from './compute.js';
export { JobCancelledError } from './errors.js';
export type { RangeObject } from './input-set.js';
export {
  Job,
  type CustomEventSource,
  type EventMetrics,
  type JobEvents,
  type JobRunStatus,
  type ReadyState,
} from './job.js';
export type { ComputeGroup } from './new-job.js';
export type { LocalExecOptions } from './local-exec.js';
export type { WorkFunctionFile } from './work-function.js';
export type { ResultHandle } from './result-handle.js';
export { defaultSchedulerDirectory } from './scheduler-context.js';

/** The client API on the default Scheduler: `DCP_SCHEDULER_DIR`, or `~/.dcp/scheduler`. */
export const compute = createCompute();
