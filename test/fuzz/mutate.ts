/** Numbers from a seed: the same seed, the same numbers (mulberry32). */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** 0 to 1, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** Bytes that mean something to msgpack, to our nodes, or at the edges of lengths. */
const TOKENS = [
  0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa1, 0xc0, 0xc1, 0xc4, 0xc6, 0xca, 0xcb, 0xcf, 0xd3, 0xd4, 0xd9,
  0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xff,
];
const WORDS = [0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000, 0xffff];

/** A damaged copy: up to six edits, as fuzzers make them. */
export function mutate(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const bytes = [...input];
  for (let edits = 1 + random.below(6); edits > 0; edits--) {
    const at = random.below(bytes.length + 1);
    switch (random.below(8)) {
      case 0:
        bytes[Math.min(at, bytes.length)] = random.below(256);
        break;
      case 1:
        bytes[Math.min(at, bytes.length)] = random.pick(TOKENS);
        break;
      case 2:
        if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
        break;
      case 3:
        bytes.splice(at, 0, random.pick(TOKENS));
        break;
      case 4:
        bytes.splice(at, 1 + random.below(8));
        break;
      case 5: {
        // A length, an end or an address.
        const word = random.pick(WORDS);
        bytes.splice(at, 4, word & 255, (word >> 8) & 255, (word >> 16) & 255, word >>> 24);
        break;
      }
      case 6: {
        const from = random.below(other.length + 1);
        bytes.splice(at, random.below(16), ...other.subarray(from, from + random.below(64)));
        break;
      }
      default:
        bytes.length = Math.min(bytes.length, at);
    }
  }
  return Uint8Array.from(bytes);
}
