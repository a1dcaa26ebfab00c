export * from './scheduler.js';
export {
  openEmbeddedScheduler,
  EmbeddedScheduler,
  type EmbeddedSchedulerOptions,
} from './embedded/scheduler.js';
export { checkLeaseMs } from './embedded/checks.js';
export { hasScheduler } from './embedded/meta-pages.js';
export type { SchedulerClock } from './embedded/clock.js';
