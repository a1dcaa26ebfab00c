import { DecodingError } from '../model/index.js';
import { MAX_NESTING } from './format.js';

/** What a container in the scan holds. */
const enum Holds {
  elements,
  keysAndValues,
  fields,
}

const VARIES = 0xff;

/** How many bytes follow a first byte that says it all: numbers, nil, booleans and strings of up to 31 bytes. */
const BYTES_AFTER = new Uint8Array(256).fill(VARIES);
BYTES_AFTER.fill(0, 0x00, 0x80);
BYTES_AFTER.fill(0, 0xe0);
for (let length = 0; length < 32; length++) BYTES_AFTER[0xa0 + length] = length;
for (const token of [0xc0, 0xc2, 0xc3]) BYTES_AFTER[token] = 0;
for (const token of [0xcc, 0xd0]) BYTES_AFTER[token] = 1;
for (const token of [0xcd, 0xd1]) BYTES_AFTER[token] = 2;
for (const token of [0xca, 0xce, 0xd2]) BYTES_AFTER[token] = 4;
for (const token of [0xcb, 0xcf, 0xd3]) BYTES_AFTER[token] = 8;

/** Per level of nesting: what is still to come there, and what it is. Scans do not interleave. */
const remainingAt = new Float64Array(MAX_NESTING + 1);
const holdsAt = new Uint8Array(MAX_NESTING + 1);

/**
 * Goes once over the first `end` bytes of a head before msgpackr sees them, and lets through only what `encode` writes: so neither
 * msgpackr's extensions nor its handling of bad input, nor how deep it recurses and how much it allocates, depend on who wrote the bytes.
 * Takes time linear in the length and allocates nothing.
 * @returns whether there are nodes in it
 * @throws {DecodingError}
 */
export function validateHead(bytes: Uint8Array, end: number): boolean {
  let at = 0;
  let depth = 0;
  let remaining = 1;
  let holds: number = Holds.elements;
  let hasNodes = false;
  for (;;) {
    while (remaining === 0) {
      if (depth === 0) {
        if (at > end) throw tooShort(end);
        if (at < end) throw new DecodingError(`the encoded value ends at byte ${at} of ${end}`);
        return hasNodes;
      }
      depth--;
      remaining = remainingAt[depth]!;
      holds = holdsAt[depth]!;
    }
    if (at >= end) throw tooShort(end);
    const isKey = holds === Holds.keysAndValues && (remaining & 1) === 0;
    remaining--;
    const token = bytes[at++]!;
    if (isKey && !isString(token))
      throw new DecodingError(`the encoded value has a property name that is no string at byte ${at - 1}`);
    const fixed = BYTES_AFTER[token]!;
    if (fixed !== VARIES) {
      // Should that be beyond the end, the next turn says so.
      at += fixed;
      continue;
    }
    let count = -1;
    let within: number = Holds.elements;
    if (token < 0x90) {
      count = (token - 0x80) * 2;
      within = Holds.keysAndValues;
    } else if (token < 0xa0) {
      count = token - 0x90;
    } else {
      switch (token) {
        case 0xd4: // undefined is the extension of type 0, with a zero byte
          if (bytes[at] !== 0 || bytes[at + 1] !== 0) throw unexpected(token, at - 1);
          at += 2;
          continue;
        case 0xc4: // bytes, as a field of a node only
        case 0xc5:
        case 0xc6:
          if (holds !== Holds.fields) throw unexpected(token, at - 1);
          at += lengthAt(bytes, at, 1 << (token - 0xc4), end) + (1 << (token - 0xc4));
          continue;
        case 0xd9: // string
        case 0xda:
        case 0xdb:
          at += lengthAt(bytes, at, 1 << (token - 0xd9), end) + (1 << (token - 0xd9));
          continue;
        case 0xdc: // array
        case 0xdd:
          count = lengthAt(bytes, at, 2 << (token - 0xdc), end);
          at += 2 << (token - 0xdc);
          break;
        case 0xde: // map
        case 0xdf:
          count = lengthAt(bytes, at, 2 << (token - 0xde), end) * 2;
          at += 2 << (token - 0xde);
          within = Holds.keysAndValues;
          break;
        default:
          throw unexpected(token, at - 1);
      }
    }
    // Each takes at least a byte: no need to wait for the end to see that a count is a lie.
    if (count > end - at) throw tooShort(end);
    if (within === Holds.elements && count > 0 && bytes[at] === 0xc1) {
      hasNodes = true;
      within = Holds.fields;
      at++;
      count--;
    }
    if (depth === MAX_NESTING)
      throw new DecodingError(`the encoded value is nested deeper than ${MAX_NESTING} levels`);
    remainingAt[depth] = remaining;
    holdsAt[depth] = holds;
    depth++;
    remaining = count;
    holds = within;
  }
}

function isString(token: number): boolean {
  return (token >= 0xa0 && token < 0xc0) || (token >= 0xd9 && token <= 0xdb);
}

function lengthAt(bytes: Uint8Array, at: number, width: number, end: number): number {
  if (at + width > end) throw tooShort(end);
  let length = 0;
  for (let i = 0; i < width; i++) length = length * 256 + bytes[at + i]!;
  return length;
}

function tooShort(length: number): DecodingError {
  return new DecodingError(`the encoded value is longer than the ${length} bytes given`);
}

function unexpected(token: number, at: number): DecodingError {
  return new DecodingError(`the encoded value has an unexpected byte 0x${token.toString(16)} at ${at}`);
}
