export * from './scheduler.js';
export {
  openEmbeddedScheduler,
  EmbeddedScheduler,
  type EmbeddedSchedulerOptions,
} from './embedded/scheduler.js';
export type { SchedulerClock } from './embedded/clock.js';
