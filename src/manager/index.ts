export type { Action, Decision, Reason, Verdict } from './decision.js';
export { MONITOR_NAMES } from './monitor.js';
export type { Finding, Monitor, MonitorName, MonitorOwner, Target } from './monitor.js';
