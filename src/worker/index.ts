export {
  checkMachineWatch,
  MachineWatch,
  type CheckedWatch,
  type MachineWatchOptions,
} from './machine-watch.js';
export {
  gpuSandboxes,
  usedOf,
  Worker,
  type EvaluatorKind,
  type WorkerGpuOptions,
  type WorkerOptions,
} from './worker.js';
