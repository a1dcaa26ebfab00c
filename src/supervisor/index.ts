export { LifecycleError, type SupervisorState } from './lifecycle.js';
export { joinObservers, type DeliveredResults, type SupervisorObserver } from './observer.js';
export type { SupervisorOptions } from './options.js';
export type { SpoolNews } from './spool/index.js';
export type { SupervisorStatus } from './status.js';
export { Supervisor, type StopOptions } from './supervisor.js';
