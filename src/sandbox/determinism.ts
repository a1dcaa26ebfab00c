/** Switches for those who port a Job or test one: the same Slice computes the same, wherever and whenever it runs. */
import type { Messages } from './messages.js';
import type { SliceScope } from './slice-scope.js';

const NativeDate = Date;
const { parse, UTC } = Date;
const { toString } = Date.prototype;
const { apply, construct } = Reflect;
const { defineProperties, defineProperty } = Object;
const { imul } = Math;

/** `Date` stands still: "now" is always `epochMs`. What is made of arguments is as ever. */
export function fixDate(epochMs: number): void {
  function FixedDate(...args: unknown[]): unknown {
    if (new.target === undefined) return apply(toString, new NativeDate(epochMs), []);
    return construct(NativeDate, args.length === 0 ? [epochMs] : args, new.target);
  }
  const method = { writable: true, configurable: true, enumerable: false };
  const { now } = { now: () => epochMs };
  defineProperties(FixedDate, {
    name: { value: 'Date' },
    length: { value: 7 },
    prototype: { value: NativeDate.prototype, writable: false },
    now: { value: now, ...method },
    parse: { value: parse, ...method },
    UTC: { value: UTC, ...method },
  });
  defineProperty(NativeDate.prototype, 'constructor', { value: FixedDate, ...method });
  defineProperty(globalThis, 'Date', { value: FixedDate, ...method });
}

/** Calls `load`, and answers what that answers. */
export type Aside = <T>(load: () => T) => T;

/**
 * `Math.random` is a sequence that depends on `seed` and the number of the Slice alone, not on which Sandbox runs it or
 * what it ran before.
 * @returns what lets code draw that belongs to no Slice: a module, whose code runs in whichever Slice requires it first
 */
export function seedRandom(seed: number, messages: Messages, scope: SliceScope): Aside {
  let next: (() => number) | null = null;
  let stream = 0;
  const { random } = {
    random(): number {
      // What was drawn while the Work Function was loaded is no Slice's.
      if (next === null || stream !== messages.slice) {
        stream = messages.slice;
        next = xoshiro128(seed, stream);
        scope.atEnd(() => {
          next = null;
        });
      }
      // 53 bits, as many as a number between 0 and 1 can have.
      return ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
    },
  };
  defineProperty(Math, 'random', { value: random, writable: true, configurable: true, enumerable: false });
  return (load) => {
    const of = { next, stream };
    next = xoshiro128(seed, 0);
    stream = messages.slice;
    try {
      return load();
    } finally {
      ({ next, stream } = of);
    }
  };
}

/** xoshiro128** (Blackman and Vigna, https://prng.di.unimi.it/): 32 bits a call, as a signed integer. */
function xoshiro128(seed: number, stream: number): () => number {
  let state = seed ^ imul(stream, 0x9e3779b1);
  // Its state comes from SplitMix32, so that seeds close to each other have nothing in common.
  const split = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = imul(z ^ (z >>> 16), 0x85ebca6b);
    z = imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
  let a = split();
  let b = split();
  let c = split();
  let d = split();
  const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
  return () => {
    const result = imul(rotate(imul(b, 5), 7), 9);
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
    return result;
  };
}
