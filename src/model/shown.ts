import { oneLine } from './harmless.js';

/** The longest part of a wrong value that a message repeats, characters. */
const MOST = 100;
/** Of an object or an array. */
const MOST_ENTRIES = 10;

/** A value that was given where another was expected, for the message of an error: in one line and never long, whatever it is. */
export function shown(value: unknown, most = MOST): string {
  const text = inWords(value, most);
  return text.length > most ? `${oneLine(text.slice(0, most), most)}…` : oneLine(text, most);
}

function inWords(value: unknown, most: number): string {
  if (typeof value === 'object' && value !== null) return objectInWords(value, most);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, most));
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Of others than plain ones the class says more. A Proxy or a getter that throws gets no further than here. */
function objectInWords(value: object, most: number): string {
  try {
    if (Array.isArray(value)) {
      const items = value.slice(0, MOST_ENTRIES).map((item) => part(item, most));
      return `[${items.join(', ')}${value.length > MOST_ENTRIES ? `, … ${value.length} in all` : ''}]`;
    }
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : value.toISOString();
    const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
    if (prototype === null || prototype === Object.prototype) {
      const keys = Object.keys(value);
      const entries = keys
        .slice(0, MOST_ENTRIES)
        .map((key) => `${key}: ${part((value as Record<string, unknown>)[key], most)}`);
      return `{${entries.join(', ')}${keys.length > MOST_ENTRIES ? ', …' : ''}}`;
    }
    const name = prototype.constructor?.name;
    return typeof name === 'string' && name !== '' ? `an object of class ${name}` : 'an object';
  } catch {
    return 'an object';
  }
}

function part(value: unknown, most: number): string {
  if (typeof value !== 'object' || value === null) return inWords(value, most);
  return Array.isArray(value) ? '[…]' : '{…}';
}
