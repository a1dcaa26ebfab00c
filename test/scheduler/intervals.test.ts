import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  countOf,
  decodeIntervals,
  encodeIntervals,
  fromNumbers,
  intersect,
  splitAt,
  subtract,
  toNumbers,
} from '#src/scheduler/embedded/intervals.js';

const numbers = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 });
const set = (list: number[]): number[] => fromNumbers(Uint32Array.from(list));
const sorted = (list: Iterable<number>): number[] => [...new Set(list)].sort((a, b) => a - b);

test('intervals behave as the sets they stand for', () => {
  fc.assert(
    fc.property(numbers, numbers, fc.nat(50), (a, b, n) => {
      const [x, y] = [set(a), set(b)];
      assert.deepEqual([...toNumbers(x)], sorted(a));
      assert.equal(countOf(x), new Set(a).size);
      assert.deepEqual([...toNumbers(subtract(x, y))], sorted(a.filter((v) => !b.includes(v))));
      assert.deepEqual([...toNumbers(intersect(x, y))], sorted(a.filter((v) => b.includes(v))));
      const [head, tail] = splitAt(x, n);
      assert.deepEqual(
        [[...toNumbers(head)], [...toNumbers(tail)]],
        [sorted(a).slice(0, n), sorted(a).slice(n)],
      );
      assert.deepEqual(decodeIntervals(encodeIntervals(x)), x);
    }),
  );
  assert.equal(decodeIntervals(Uint8Array.of(1, 2, 3)), null);
});
