export { usedOf, Worker, type EvaluatorKind, type WorkerOptions } from './worker.js';
