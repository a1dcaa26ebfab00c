import { LOG_LEVELS, type LogLevel } from './record.js';

/** The numbers of RFC 5424, section 6.2.1, which journald and systemd use, too: smaller matters more. */
const SEVERITIES: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 };

export function severityOf(level: LogLevel): number {
  return SEVERITIES[level];
}

/** Whether an output that shows `least` and what matters more shows this level. */
export function isShown(level: LogLevel, least: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(least);
}
