export { usedOf, Worker, type EvaluatorKind, type WorkerGpuOptions, type WorkerOptions } from './worker.js';
