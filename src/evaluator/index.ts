export type {
  Evaluator,
  Sandbox,
  SandboxJob,
  SandboxLimits,
  SandboxObserver,
  SliceRejection,
} from './evaluator.js';
export { openInProcessEvaluator, type InProcessEvaluatorOptions } from './in-process/evaluator.js';
