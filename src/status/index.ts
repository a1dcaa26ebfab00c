export { IDLE_REASONS, type IdleCode, type IdleReason } from './idle-reason.js';
export {
  HISTORY_LENGTH,
  RECENT_RECORDS,
  type StatusSource,
  type WorkerControl,
  type WorkerHistory,
  type WorkerRates,
  type WorkerState,
  type WorkerStatus,
  type WorkerUsage,
} from './worker-status.js';
export { metricsText } from './metrics.js';
export { printable } from './printable.js';
export { reportText, summaryText } from './report.js';
export {
  openStatusServer,
  readToken,
  StatusServer,
  type HttpListenerOptions,
  type StatusServerOptions,
} from './server/index.js';
export { bytesText, countText, durationText, percentText, rateText } from './wording.js';
export { StatusBoard, type StatusBoardOptions, type WorkerFacts, type WorkerLook } from './status-board.js';
export { WorkerLog } from './worker-log.js';
