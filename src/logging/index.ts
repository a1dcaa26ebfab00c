export { LOG_LEVELS, type LogLevel, type LogRecord, type LogValue } from './record.js';
export type { LogSink } from './sink.js';
export { duration, slicesText } from './wording.js';
