/** Records as lines of text: for people, for programs, for files. */
import { cut, harmlessJson, oneLine } from '../../model/index.js';
import type { LogRecord, LogValue } from '../record.js';
import { severityOf } from '../severity.js';

/** Of a line for people, characters. Even if each has to be escaped, journald takes the line as one (48 KiB). */
const LONGEST_LINE = 8_000;

/** Of a text within a record for programs, characters. */
export const LONGEST_VALUE = 1 << 20;

/** `08:04:54 text`, local time. */
export function timedLine({ time, text }: LogRecord): string {
  return `${new Date(time).toTimeString().slice(0, 8)} ${oneLine(text, LONGEST_LINE)}\n`;
}

/** `<6>text`: journald reads the level from it (sd-daemon(3)) and has the time by itself. */
export function priorityLine({ level, text }: LogRecord): string {
  return `<${severityOf(level)}>${oneLine(text, LONGEST_LINE)}\n`;
}

/** `2026-11-29T08:04:54.123Z info text`, UTC. */
export function fileLine({ time, level, text }: LogRecord): string {
  return `${new Date(time).toISOString()} ${level} ${oneLine(text, LONGEST_LINE)}\n`;
}

/** `{"time":"2026-…Z","level":"info","type":"job","job":…}`: the fields, without the text that says the same. */
export function jsonLine({ time, level, type, fields }: LogRecord): string {
  const line = JSON.stringify({ time: new Date(time).toISOString(), level, type, ...fields }, shortened);
  return `${harmlessJson(line)}\n`;
}

function shortened(_key: string, value: LogValue): LogValue {
  return typeof value === 'string' ? cut(value, LONGEST_VALUE) : value;
}
