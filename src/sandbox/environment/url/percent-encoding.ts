/**
 * Percent-encoding (https://url.spec.whatwg.org/#percent-encoded-bytes) in place of the library's, which encodes and joins one
 * code point after another: here what stays as it is is copied in one piece. scripts/whatwg-url.mjs puts it in.
 */

/** What of ASCII is encoded; all that is not ASCII is. */
export type EncodeSet = Uint8Array;

const encodeSet = (base: EncodeSet | null, more: string): EncodeSet => {
  const set = new Uint8Array(0x80);
  for (let unit = 0; unit < 0x80; unit++) set[unit] = base ? base[unit]! : Number(unit < 0x20 || unit > 0x7e);
  for (let index = 0; index < more.length; index++) set[more.charCodeAt(index)] = 1;
  return set;
};

// The library's names for them.
export const isC0ControlPercentEncode = encodeSet(null, '');
export const isFragmentPercentEncode = encodeSet(isC0ControlPercentEncode, ' "<>`');
export const isQueryPercentEncode = encodeSet(isC0ControlPercentEncode, ' "#<>');
export const isSpecialQueryPercentEncode = encodeSet(isQueryPercentEncode, "'");
export const isPathPercentEncode = encodeSet(isQueryPercentEncode, '?`{}^');
export const isUserinfoPercentEncode = encodeSet(isPathPercentEncode, '/:;=@[\\]|');
const isComponentPercentEncode = encodeSet(isUserinfoPercentEncode, '$%&+,');
export const isURLEncodedPercentEncode = encodeSet(isComponentPercentEncode, "!'()~");

const DIGITS = '0123456789ABCDEF';

/** By byte: https://url.spec.whatwg.org/#percent-encode */
const ENCODED: string[] = [];
for (let byte = 0; byte < 0x100; byte++) ENCODED[byte] = `%${DIGITS[byte >> 4]!}${DIGITS[byte & 15]!}`;

/** A scalar value that is not ASCII. */
function encodeScalar(value: number): string {
  const last = ENCODED[0x80 | (value & 0x3f)]!;
  if (value < 0x800) return ENCODED[0xc0 | (value >> 6)]! + last;
  const middle = ENCODED[0x80 | ((value >> 6) & 0x3f)]! + last;
  if (value < 0x1_0000) return ENCODED[0xe0 | (value >> 12)]! + middle;
  return ENCODED[0xf0 | (value >> 18)]! + ENCODED[0x80 | ((value >> 12) & 0x3f)]! + middle;
}

/**
 * https://url.spec.whatwg.org/#string-utf-8-percent-encode
 * @param input without lone surrogates
 */
export function utf8PercentEncodeString(input: string, set: EncodeSet, spaceAsPlus = false): string {
  let output = '';
  let copied = 0;
  for (let index = 0; index < input.length; index++) {
    const unit = input.charCodeAt(index);
    if (unit < 0x80 && set[unit] === 0) continue;
    if (copied < index) output += input.slice(copied, index);
    if (unit >= 0x80) {
      const isPair = unit >= 0xd800 && unit <= 0xdbff;
      output += encodeScalar(isPair ? input.codePointAt(index)! : unit);
      if (isPair) index++;
    } else {
      output += spaceAsPlus && unit === 0x20 ? '+' : ENCODED[unit]!;
    }
    copied = index + 1;
  }
  return copied === 0 ? input : output + input.slice(copied);
}

/** https://url.spec.whatwg.org/#utf-8-percent-encode */
export function utf8PercentEncodeCodePoint(codePoint: number, set: EncodeSet): string {
  return utf8PercentEncodeString(String.fromCodePoint(codePoint), set);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const PERCENT = 0x25;

/** The value of a digit's code; -1: it is none. Past the end of the bytes is `undefined`. */
function hexDigit(code: number | undefined): number {
  if (code === undefined || code < 0x30) return -1;
  if (code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** https://url.spec.whatwg.org/#percent-decode, in place; answers how many bytes are left. */
function percentDecode(bytes: Uint8Array): number {
  const { length } = bytes;
  let written = 0;
  for (let index = 0; index < length; index++) {
    let byte = bytes[index]!;
    if (byte === PERCENT) {
      const high = hexDigit(bytes[index + 1]);
      const low = high < 0 ? -1 : hexDigit(bytes[index + 2]);
      if (low >= 0) {
        byte = high * 16 + low;
        index += 2;
      }
    }
    bytes[written++] = byte;
  }
  return written;
}

/** https://url.spec.whatwg.org/#string-percent-decode */
export function percentDecodeString(input: string): Uint8Array {
  const bytes = encoder.encode(input);
  return new Uint8Array(bytes.buffer, 0, percentDecode(bytes));
}

/** https://url.spec.whatwg.org/#percent-decode */
export function percentDecodeBytes(input: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(input);
  return new Uint8Array(bytes.buffer, 0, percentDecode(bytes));
}

/** What percent-decoding makes of a text, read as UTF-8; a byte order mark stays. */
export function percentDecodeText(input: string): string {
  return input.includes('%') ? decoder.decode(percentDecodeString(input)) : input;
}
