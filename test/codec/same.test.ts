import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSame } from './same.js';

test('the comparison of these tests sees what JavaScript distinguishes', () => {
  const shared = {};
  const buffer = new ArrayBuffer(8);
  const pairs: [unknown, unknown][] = [
    [0, -0],
    [1, 1n],
    [null, undefined],
    [[undefined], new Array(1)],
    [{ a: undefined }, {}],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    [
      [shared, shared],
      [{}, {}],
    ],
    [
      [{}, {}],
      [shared, shared],
    ],
    [new Map([[1, 2]]), new Map([[1, 3]])],
    [new Set([1, 2]), new Set([2, 1])],
    [new Date(1), new Date(2)],
    [/a/g, /a/],
    [new TypeError('x'), new RangeError('x')],
    [Object.assign(new Error('x'), { stack: 'a' }), Object.assign(new Error('x'), { stack: 'b' })],
    [Object(1), Object(2)],
    [Object(1), 1],
    [new Uint8Array(1), new Int8Array(1)],
    [new Uint8Array(1), new Uint8Array([1])],
    [
      [new Uint8Array(buffer), new Uint8Array(buffer)],
      [new Uint8Array(8), new Uint8Array(8)],
    ],
    [
      [new Uint8Array(buffer, 0, 1), new Uint8Array(buffer, 1, 1)],
      [new Uint8Array(buffer, 0, 1), new Uint8Array(buffer, 2, 1)],
    ],
    [Buffer.from('a'), Uint8Array.of(97)],
    [Object.assign([1], { a: 1 }), [1]],
  ];
  for (const [one, other] of pairs) {
    assertSame(one, one);
    assert.throws(() => assertSame(one, other), assert.AssertionError);
    assert.throws(() => assertSame(other, one), assert.AssertionError);
  }
});
