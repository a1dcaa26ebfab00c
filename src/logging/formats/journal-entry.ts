/** Records as entries of journald's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/). */
import { harmlessLines } from '../../model/index.js';
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
  const entry = new Entry();
  entry.put('MESSAGE', record.text);
  entry.put('PRIORITY', String(severityOf(record.level)));
  entry.put('SYSLOG_IDENTIFIER', identifier);
  entry.put('DCP_TYPE', record.type);
  for (const [name, value] of Object.entries(record.fields)) {
    for (const text of textsOf(value)) entry.put(fieldName(name), text);
  }
  return entry.bytes();
}

class Entry {
  readonly #parts: Buffer[] = [];
  #text = '';

  put(name: string, text: string): void {
    const value = harmlessLines(text, LONGEST_VALUE);
    if (!value.includes('\n')) {
      this.#text += `${name}=${value}\n`;
      return;
    }
    // With a line break within, the value has its length before it.
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(value)));
    this.#parts.push(Buffer.from(`${this.#text}${name}\n`), length);
    this.#text = `${value}\n`;
  }

  bytes(): Buffer {
    const rest = Buffer.from(this.#text);
    return this.#parts.length === 0 ? rest : Buffer.concat([...this.#parts, rest]);
  }
}

/** Capital letters, digits and `_`. */
function fieldName(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
  return `DCP_${words.replace(/[^A-Z0-9_]/g, '_')}`.slice(0, LONGEST_NAME);
}
