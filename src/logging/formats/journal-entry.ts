/** Records as entries of journald's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/). */
import { lines } from '../harmless.js';
import type { LogRecord } from '../record.js';
import { severityOf } from '../severity.js';
import { LONGEST_VALUE } from './lines.js';
import { textsOf } from './syslog-message.js';

/** journald takes no longer names. */
const LONGEST_NAME = 64;

/**
 * `MESSAGE`, `PRIORITY`, `SYSLOG_IDENTIFIER`, `DCP_TYPE`, and each field as `DCP_…`: `elapsedMs` is `DCP_ELAPSED_MS`. A list
 * is a field that comes more than once, null one that is not there.
 */
export function journalEntry(record: LogRecord, identifier: string): Buffer {
  const parts: Buffer[] = [];
  put(parts, 'MESSAGE', record.text);
  put(parts, 'PRIORITY', String(severityOf(record.level)));
  put(parts, 'SYSLOG_IDENTIFIER', identifier);
  put(parts, 'DCP_TYPE', record.type);
  for (const [name, value] of Object.entries(record.fields)) {
    for (const text of textsOf(value)) put(parts, fieldName(name), text);
  }
  return Buffer.concat(parts);
}

function put(parts: Buffer[], name: string, text: string): void {
  const value = Buffer.from(lines(text, LONGEST_VALUE));
  if (!value.includes('\n')) {
    parts.push(Buffer.from(`${name}=`), value, Buffer.from('\n'));
    return;
  }
  // With a line break within, the value has its length before it.
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.length));
  parts.push(Buffer.from(`${name}\n`), length, value, Buffer.from('\n'));
}

/** Capital letters, digits and `_`. */
export function fieldName(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
  return `DCP_${words.replace(/[^A-Z0-9_]/g, '_')}`.slice(0, LONGEST_NAME);
}
