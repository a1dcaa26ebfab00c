export type { Action, Decision, Verdict } from './decision.js';
export { Manager } from './manager.js';
export { MONITOR_NAMES } from './monitor.js';
export type { Finding, Monitor, MonitorName } from './monitor.js';
export {
  completeManagerOptions,
  type CompleteManagerOptions,
  type ManagerOptions,
  type Rule,
} from './options.js';
export type { ManagerReport } from './report.js';
export { LOAD_TYPES } from './monitors/load.js';
export { SIGNAL_MODES, watchedSignal } from './monitors/signal.js';
