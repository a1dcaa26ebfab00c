/**
 * Sets of Slice numbers as sorted, disjoint, non-adjacent closed intervals in one flat array:
 * `[from, to, from, to, …]`. Thousands of Slices leased in order are two numbers here.
 */
export type Intervals = readonly number[];

/** The numbers given, in any order, repeats allowed. */
export function fromNumbers(numbers: Uint32Array): number[] {
  let sorted = numbers;
  for (let i = 1; i < numbers.length; i++) {
    if (numbers[i]! < numbers[i - 1]!) {
      sorted = numbers.slice().sort();
      break;
    }
  }
  const out: number[] = [];
  for (const n of sorted) {
    if (out.length > 0 && n <= out[out.length - 1]! + 1) out[out.length - 1] = n;
    else out.push(n, n);
  }
  return out;
}

/** How many numbers the set has. */
export function countOf(set: Intervals): number {
  let count = 0;
  for (let i = 0; i < set.length; i += 2) count += set[i + 1]! - set[i]! + 1;
  return count;
}

/** Numbers of `a` that are not in `b`. */
export function subtract(a: Intervals, b: Intervals): number[] {
  const out: number[] = [];
  let j = 0;
  for (let i = 0; i < a.length; i += 2) {
    let from = a[i]!;
    const to = a[i + 1]!;
    while (j < b.length && b[j + 1]! < from) j += 2;
    let k = j;
    while (k < b.length && b[k]! <= to) {
      if (b[k]! > from) out.push(from, b[k]! - 1);
      from = b[k + 1]! + 1;
      k += 2;
    }
    if (from <= to) out.push(from, to);
  }
  return out;
}

/** Numbers in both. */
export function intersect(a: Intervals, b: Intervals): number[] {
  const out: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const from = Math.max(a[i]!, b[j]!);
    const to = Math.min(a[i + 1]!, b[j + 1]!);
    if (from <= to) out.push(from, to);
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return out;
}

/** The first `count` numbers of the set, and the rest. */
export function splitAt(set: Intervals, count: number): [number[], number[]] {
  const head: number[] = [];
  const tail: number[] = [];
  let left = count;
  for (let i = 0; i < set.length; i += 2) {
    const from = set[i]!;
    const to = set[i + 1]!;
    const size = to - from + 1;
    if (left >= size) head.push(from, to);
    else if (left <= 0) tail.push(from, to);
    else {
      head.push(from, from + left - 1);
      tail.push(from + left, to);
    }
    left -= size;
  }
  return [head, tail];
}

/** Every number, in order. */
export function toNumbers(set: Intervals): Uint32Array {
  const out = new Uint32Array(countOf(set));
  let at = 0;
  for (let i = 0; i < set.length; i += 2) {
    for (let n = set[i]!; n <= set[i + 1]!; n++) out[at++] = n;
  }
  return out;
}

/** As bytes: two little-endian 32-bit numbers per interval. */
export function encodeIntervals(set: Intervals): Uint8Array {
  return new Uint8Array(Uint32Array.from(set).buffer);
}

/** Null when the bytes are not a set that `encodeIntervals` made. */
export function decodeIntervals(bytes: Uint8Array): number[] | null {
  if (bytes.byteLength % 8 !== 0) return null;
  const words = new Uint32Array(new Uint8Array(bytes).buffer);
  for (let i = 0; i < words.length; i++) {
    if (i > 0 && words[i]! < words[i - 1]!) return null;
    if (words[i] === 0) return null;
  }
  return Array.from(words);
}
