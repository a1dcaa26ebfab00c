export type {
  Evaluator,
  Sandbox,
  SandboxJob,
  SandboxLimits,
  SandboxObserver,
  SandboxRequest,
  SliceRejection,
} from './evaluator.js';
export type { InspectOptions } from './inspector/index.js';
export { openInProcessEvaluator, type InProcessEvaluatorOptions } from './in-process/evaluator.js';
export { openChildProcessEvaluator, type ChildProcessEvaluatorOptions } from './child-process/evaluator.js';
export { serveFrames } from './child-process/serve.js';
