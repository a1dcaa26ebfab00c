import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BoundedQueue } from '#src/logging/bounded-queue.js';

const bytesOf = (text: string): number => text.length;

function drained(queue: BoundedQueue<string>): string[] {
  const items: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
}

test('at its limit of items the oldest go, and are counted', () => {
  const queue = new BoundedQueue({ items: 3, bytes: 1_000 }, bytesOf);
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].map((item) => queue.push(item)),
    [0, 0, 0, 1, 1],
  );
  assert.deepEqual(drained(queue), ['c', 'd', 'e']);
});

test('at its limit of bytes as many of the oldest go as it takes', () => {
  const queue = new BoundedQueue({ items: 100, bytes: 10 }, bytesOf);
  for (const item of ['aaa', 'bbb', 'ccc']) assert.equal(queue.push(item), 0);
  assert.equal(queue.push('d'), 0);
  assert.equal(queue.bytes, 10);
  assert.equal(queue.push('eeee'), 2);
  assert.deepEqual(drained(queue), ['ccc', 'd', 'eeee']);
  assert.equal(queue.bytes, 0);
});

test('one that is larger than the whole queue goes itself, and takes nobody with it', () => {
  const queue = new BoundedQueue({ items: 2, bytes: 5 }, bytesOf);
  queue.push('ab');
  assert.equal(queue.push('x'.repeat(6)), 1);
  assert.equal(queue.push('x'.repeat(5)), 1, 'one of exactly its size fits, alone');
  assert.deepEqual(drained(queue), ['xxxxx']);
});

test('whatever is put in and taken out, it is a queue of the last ones within its limits', () => {
  const step = fc.oneof(fc.string({ minLength: 1, maxLength: 8 }), fc.constant(null));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new BoundedQueue({ items: 5, bytes: 20 }, bytesOf);
      let expected: string[] = [];
      for (const item of steps) {
        if (item === null) {
          assert.equal(queue.shift(), expected.shift());
          continue;
        }
        const before = expected.length;
        expected.push(item);
        while (expected.length > 5 || expected.join('').length > 20) expected = expected.slice(1);
        assert.equal(queue.push(item), before + 1 - expected.length);
        assert.equal(queue.size, expected.length);
        assert.equal(queue.bytes, expected.join('').length);
      }
      assert.deepEqual(drained(queue), expected);
    }),
  );
});
