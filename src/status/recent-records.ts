import type { LogRecord, LogValue } from '../logging/index.js';
import { cut } from '../model/index.js';
import { RECENT_RECORDS } from './worker-status.js';

/** Of a text in a record, characters: a name or a message of a Job may have megabytes. */
const LONGEST_TEXT = 2_000;
/** Of a list in a record. */
const LONGEST_LIST = 20;
/** Of all records together, characters. */
const MOST_CHARACTERS = 256 * 1024;

/** The end of the log, for whoever comes to look: so many records, and no more text, whatever Jobs say. */
export class RecentRecords {
  #kept: { readonly record: LogRecord; readonly size: number }[] = [];
  #size = 0;

  /** Answers the record as it is kept. */
  add(record: LogRecord): LogRecord {
    const kept = shortened(record);
    const size = sizeOf(kept);
    this.#kept.push({ record: kept, size });
    this.#size += size;
    while (this.#kept.length > RECENT_RECORDS || (this.#size > MOST_CHARACTERS && this.#kept.length > 1))
      this.#size -= this.#kept.shift()!.size;
    return kept;
  }

  /** Oldest first. */
  list(): LogRecord[] {
    return this.#kept.map(({ record }) => record);
  }
}

function shortened(record: LogRecord): LogRecord {
  const fields = Object.entries(record.fields).map(([name, value]) => [name, shortValue(value)] as const);
  return { ...record, text: cut(record.text, LONGEST_TEXT), fields: Object.fromEntries(fields) };
}

function shortValue(value: LogValue): LogValue {
  if (typeof value === 'string') return cut(value, LONGEST_TEXT);
  return isList(value) ? value.slice(0, LONGEST_LIST).map((text) => cut(text, LONGEST_TEXT)) : value;
}

function isList(value: LogValue): value is readonly string[] {
  return Array.isArray(value);
}

/** Characters of its texts, and what is around each. */
function sizeOf({ text, fields }: LogRecord): number {
  const sizes = Object.values(fields).map((value) =>
    typeof value === 'string'
      ? value.length
      : isList(value)
        ? value.reduce((sum, one) => sum + one.length, 0)
        : 0,
  );
  return sizes.reduce((sum, size) => sum + size + 16, text.length + 64);
}
