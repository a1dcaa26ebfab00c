import { DecodingError } from '../model/index.js';
import { MAX_NESTING } from './format.js';

/** What a container in the scan holds. */
const enum Holds {
  elements,
  keysAndValues,
  fields,
}

/** Per level of nesting: what is still to come there, and what it is. Scans do not interleave. */
const remainingAt = new Float64Array(MAX_NESTING + 1);
const holdsAt = new Uint8Array(MAX_NESTING + 1);

/**
 * Goes once over the bytes of a head before msgpackr sees them, and lets through only what `encode` writes: so neither
 * msgpackr's extensions nor its handling of bad input, nor how deep it recurses and how much it allocates, depend on who wrote the bytes.
 * Takes time linear in the length and allocates nothing.
 * @returns whether there are nodes in it
 * @throws {DecodingError}
 */
export function validateHead(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  let depth = 0;
  let remaining = 1;
  let holds: number = Holds.elements;
  let hasNodes = false;
  for (;;) {
    while (remaining === 0) {
      if (depth === 0) {
        if (at !== end) throw new DecodingError(`the encoded value ends at byte ${at - start} of ${end - start}`);
        return hasNodes;
      }
      depth--;
      remaining = remainingAt[depth]!;
      holds = holdsAt[depth]!;
    }
    if (at >= end) throw tooShort(end - start);
    const isKey = holds === Holds.keysAndValues && (remaining & 1) === 0;
    remaining--;
    const token = bytes[at++]!;
    let count = -1;
    let within: number = Holds.elements;
    if (token >= 0xa0 && token < 0xc0) {
      at += token - 0xa0;
    } else if (token >= 0xd9 && token <= 0xdb) {
      const width = token === 0xd9 ? 1 : token === 0xda ? 2 : 4;
      at += width + lengthAt(bytes, at, width, end, start);
    } else if (isKey) {
      throw new DecodingError(`the encoded value has a property name that is no string at byte ${at - 1 - start}`);
    } else if (token < 0x80 || token >= 0xe0) {
      continue;
    } else if (token < 0x90) {
      count = (token - 0x80) * 2;
      within = Holds.keysAndValues;
    } else if (token < 0xa0) {
      count = token - 0x90;
    } else {
      switch (token) {
        case 0xc0: // nil
        case 0xc2: // false
        case 0xc3: // true
          continue;
        case 0xcc: // 8 bits
        case 0xd0:
          at += 1;
          break;
        case 0xcd: // 16 bits
        case 0xd1:
          at += 2;
          break;
        case 0xca: // 32 bits
        case 0xce:
        case 0xd2:
          at += 4;
          break;
        case 0xcb: // 64 bits
        case 0xcf:
        case 0xd3:
          at += 8;
          break;
        case 0xd4: // undefined is the extension of type 0, with a zero byte
          if (bytes[at] !== 0 || bytes[at + 1] !== 0) throw unexpected(token, at - 1 - start);
          at += 2;
          break;
        case 0xc4: // bytes, as a field of a node only
        case 0xc5:
        case 0xc6: {
          if (holds !== Holds.fields) throw unexpected(token, at - 1 - start);
          const width = token === 0xc4 ? 1 : token === 0xc5 ? 2 : 4;
          at += width + lengthAt(bytes, at, width, end, start);
          break;
        }
        case 0xdc: // array
        case 0xdd: {
          const width = token === 0xdc ? 2 : 4;
          count = lengthAt(bytes, at, width, end, start);
          at += width;
          break;
        }
        case 0xde: // map
        case 0xdf: {
          const width = token === 0xde ? 2 : 4;
          count = lengthAt(bytes, at, width, end, start) * 2;
          at += width;
          within = Holds.keysAndValues;
          break;
        }
        default:
          throw unexpected(token, at - 1 - start);
      }
    }
    if (count < 0) {
      if (at > end) throw tooShort(end - start);
      continue;
    }
    // Each takes at least a byte: no need to wait for the end to see that a count is a lie.
    if (count > end - at) throw tooShort(end - start);
    if (within === Holds.elements && count > 0 && bytes[at] === 0xc1) {
      hasNodes = true;
      within = Holds.fields;
      at++;
      count--;
    }
    if (depth === MAX_NESTING) throw new DecodingError(`the encoded value is nested deeper than ${MAX_NESTING} levels`);
    remainingAt[depth] = remaining;
    holdsAt[depth] = holds;
    depth++;
    remaining = count;
    holds = within;
  }
}

function lengthAt(bytes: Uint8Array, at: number, width: number, end: number, start: number): number {
  if (at + width > end) throw tooShort(end - start);
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
