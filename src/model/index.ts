export * from './errors.js';
export * from './job.js';
export * from './job-event.js';
export * from './payload.js';
export * from './slice-batch.js';
export * from './slice-metrics.js';
export * from './task.js';
