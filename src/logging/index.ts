export { openOutput, openOutputs, type OpenOptions } from './open.js';
export { outputsOf, type OutputEnvironment, type OutputOptions } from './options.js';
export { LOG_LEVELS, type LogLevel, type LogRecord, type LogValue } from './record.js';
export type { LogSink } from './sink.js';
export {
  OUTPUT_KINDS,
  SYSLOG_FACILITIES,
  SYSLOG_TRANSPORTS,
  type OutputKind,
  type OutputSpec,
  type SyslogFacility,
  type SyslogTransport,
} from './spec.js';
