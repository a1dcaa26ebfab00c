export { LifecycleError, type SupervisorState } from './lifecycle.js';
export { joinObservers, type DeliveredResults, type SupervisorObserver } from './observer.js';
export { completeOptions, SUPERVISOR_OPTIONS, type SupervisorOptions } from './options.js';
export type { SpoolNews } from './spool/index.js';
export type { SupervisorStatus } from './status.js';
export type { SupervisorChange } from './reconfiguration.js';
export type { GateStatus, WorkAction, WorkDecision } from './work-gate.js';
export type { StopOptions } from './shutdown.js';
export { Supervisor } from './supervisor.js';
