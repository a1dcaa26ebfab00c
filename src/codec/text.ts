import { allocate } from './allocate.js';
import { apply, charCodeAt, fromCharCode, setBytes, stringSlice, subarray } from './intrinsics.js';

/** Fast UTF-8, for isolates that have neither TextEncoder nor TextDecoder. */
export interface TextPrimitives {
  /** The string whose UTF-8 is `bytes` from `start` to `end`; a leading U+FEFF is kept. */
  decode(bytes: Uint8Array, start: number, end: number): string;
  /** Writes a well-formed string as UTF-8 at `at`, where 3 bytes per UTF-16 unit are free; returns the bytes written. */
  encodeInto(string: string, bytes: Uint8Array, at: number): number;
}

interface HostText {
  TextEncoder?: new () => { encodeInto(string: string, bytes: Uint8Array): { written: number } };
  TextDecoder?: new (label: string, options: { ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string };
}

function hostText(): TextPrimitives | null {
  const { TextEncoder, TextDecoder } = globalThis as unknown as HostText;
  if (!TextEncoder || !TextDecoder) return null;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    decode: (bytes, start, end) => decoder.decode(subarray(bytes, start, end)),
    encodeInto: (string, bytes, at) => encoder.encodeInto(string, subarray(bytes, at, bytes.length)).written,
  };
}

let primitives = hostText();

/**
 * Gives the codec fast UTF-8 for long strings. Node's own is used without this call.
 * `null` takes it away; long strings are then written and read by loops in JavaScript.
 */
export function setTextPrimitives(given: TextPrimitives | null): void {
  primitives = given;
}

export function hasTextPrimitives(): boolean {
  return primitives !== null;
}

/** UTF-16 units of a string whose UTF-8 keeps no memory besides, and of one that is written at once. */
const SHORT = 16_384;
const AT_ONCE = 1 << 20;

/**
 * UTF-8 of a well-formed string.
 * @throws {OversizeError} there is no memory for it
 */
export function textToUtf8(string: string): Uint8Array {
  const { length } = string;
  if (length > AT_ONCE) return longTextToUtf8(string);
  const bytes = allocate(length * 3);
  const written = subarray(bytes, 0, primitives!.encodeInto(string, bytes, 0));
  if (length <= SHORT) return written;
  // Many such would keep three times what they are.
  const own = allocate(written.length);
  setBytes(own, written);
  return own;
}

/** Part by part: room for the longest that a whole string might be is more than there may be. */
function longTextToUtf8(string: string): Uint8Array {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (let from = 0; from < string.length;) {
    let to = from + AT_ONCE;
    // Both halves of a surrogate pair are one character.
    if (to < string.length && (charCodeAt(string, to - 1) & 0xfc00) === 0xd800) to--;
    const part = textToUtf8(stringSlice(string, from, to));
    parts[parts.length] = part;
    bytes += part.length;
    from = to;
  }
  const whole = allocate(bytes);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    setBytes(whole, parts[i]!, at);
    at += parts[i]!.length;
  }
  return whole;
}

/** The string of some UTF-8; what is malformed becomes U+FFFD. */
export function utf8ToText(bytes: Uint8Array): string {
  return primitives ? primitives.decode(bytes, 0, bytes.length) : utf8ToTextSlowly(bytes);
}

/** Code units of any string, little endian. @throws {OversizeError} there is no memory for them */
export function textToUtf16(string: string): Uint8Array {
  const bytes = allocate(string.length * 2);
  for (let i = 0; i < string.length; i++) {
    const unit = charCodeAt(string, i);
    bytes[2 * i] = unit;
    bytes[2 * i + 1] = unit >> 8;
  }
  return bytes;
}

/** The string of some code units; `bytes` must be of even length. */
export function utf16ToText(bytes: Uint8Array): string {
  const text = new TextBuilder();
  for (let i = 0; i < bytes.length; i += 2) text.add(bytes[i]! | (bytes[i + 1]! << 8));
  return text.finish();
}

/** Collects UTF-16 units; `fromCharCode` takes only so many arguments. */
class TextBuilder {
  #string = '';
  #units: number[] = [];

  add(unit: number): void {
    if (this.#units.push(unit) === 4096) this.#flush();
  }

  finish(): string {
    this.#flush();
    return this.#string;
  }

  #flush(): void {
    this.#string += apply(fromCharCode, null, this.#units);
    this.#units.length = 0;
  }
}

const REPLACEMENT = 0xfffd;
/** Smallest code point for a sequence of that many bytes: shorter ones are overlong, hence malformed. */
const SMALLEST = [0, 0, 0x80, 0x800, 0x10000];

/** Where nobody gave us anything better: one malformed lead or continuation byte, one U+FFFD. */
function utf8ToTextSlowly(bytes: Uint8Array): string {
  const text = new TextBuilder();
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at++]!;
    if (lead < 0x80) {
      text.add(lead);
      continue;
    }
    const size =
      lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc0 && lead < 0xe0 ? 2 : 0;
    let point = size === 0 ? -1 : lead & (0x7f >> size);
    for (let i = 1; i < size && point >= 0; i++) {
      const next = bytes[at + i - 1];
      point = next !== undefined && (next & 0xc0) === 0x80 ? (point << 6) | (next & 0x3f) : -1;
    }
    if (point < SMALLEST[size]! || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      text.add(REPLACEMENT);
      continue;
    }
    at += size - 1;
    if (point < 0x10000) text.add(point);
    else {
      text.add(0xd800 | ((point - 0x10000) >> 10));
      text.add(0xdc00 | (point & 0x3ff));
    }
  }
  return text.finish();
}
