export { busySandboxes } from './busy-sandboxes.js';
export { furtherGates, gateText } from './gate-text.js';
export { IDLE_REASONS, type IdleCode } from './idle-reason.js';
export {
  HISTORY_LENGTH,
  RECENT_RECORDS,
  type StatusSource,
  type WorkerControl,
  type WorkerHistory,
  type WorkerProfile,
  type WorkerState,
  type WorkerStatus,
} from './worker-status.js';
export { exposition, EXPOSITION_TYPE, type Metric, type Sample } from './exposition.js';
export { listenOnSocket } from './server/index.js';
export { metricsText } from './metrics.js';
export { reportText, summaryText } from './report.js';
export {
  openStatusServer,
  readToken,
  StatusServer,
  type HttpListenerOptions,
  type StatusServerOptions,
} from './server/index.js';
export { StatusBoard } from './status-board.js';
export { openTaskTraces } from './task-traces.js';
export { WorkerLog } from './worker-log.js';
