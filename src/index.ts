/** The package's public face. */
export * from './compute/index.js';
export * from './model/index.js';
export {
  openEmbeddedScheduler,
  type EmbeddedSchedulerOptions,
  type Scheduler,
  type StoredResult,
  type SubmitReceipt,
  type PublicGroupUse,
  type TaskRequest,
} from './scheduler/index.js';
export {
  openInProcessEvaluator,
  openSandboxClass,
  readStartupFiles,
  StartupFiles,
  type ClassicOptions,
  type Evaluator,
  type InProcessEvaluatorOptions,
  type InProcessWorker,
  type Sandbox,
  type SandboxClass,
  type SandboxJob,
  type SandboxLimits,
  type SandboxObserver,
  type SliceRejection,
  type StartupFile,
  type StartupFilesOptions,
} from './evaluator/index.js';
export { decode, encode } from './codec/index.js';
export {
  LifecycleError,
  Supervisor,
  type SpoolNews,
  type StopOptions,
  type SupervisorObserver,
  type SupervisorOptions,
  type SupervisorState,
  type SupervisorStatus,
} from './supervisor/index.js';
export { Worker, type WorkerOptions } from './worker/index.js';
