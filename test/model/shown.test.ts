/** Wrong values as messages of errors repeat them: in one line, short, and without a mishap of their own. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { shown } from '#src/model/index.js';

const thrower = (): never => {
  throw new Error('a trap');
};
const cyclic: Record<string, unknown> = { n: 1 };
cyclic['self'] = cyclic;
class Own {}

for (const [value, words] of [
  ['a "b"\n', String.raw`"a \"b\"\n"`],
  ['\u202eabc', String.raw`"\u202eabc"`],
  [1.5, '1.5'],
  [-0, '-0'],
  [NaN, 'NaN'],
  [10n, '10n'],
  [null, 'null'],
  [undefined, 'undefined'],
  [Symbol('s'), 'Symbol(s)'],
  [() => 1, 'a function'],
  [{ a: 1, b: { c: 2 }, d: [1] }, '{a: 1, b: {…}, d: […]}'],
  [cyclic, '{n: 1, self: {…}}'],
  [Object.create(null), '{}'],
  [[], '[]'],
  [[1, 'x', 2n], '[1, "x", 2n]'],
  [Array.from({ length: 1_000_000 }, () => 0), '[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, … 1000000 in all]'],
  [new Map(), 'an object of class Map'],
  [new Uint8Array(5), 'an object of class Uint8Array'],
  [new Date(0), '1970-01-01T00:00:00.000Z'],
  [new Date(NaN), 'an invalid Date'],
  [new Own(), 'an object of class Own'],
  [new Proxy({}, { getPrototypeOf: thrower }), 'an object'],
  [Object.defineProperty({}, 'a', { get: thrower, enumerable: true }), 'an object'],
  [{ toString: thrower, toJSON: thrower }, '{toString: a function, toJSON: a function}'],
] as const)
  test(`${words.slice(0, 40)}`, () => assert.equal(shown(value), words));

test('what is long is cut', () => {
  assert.equal(shown('x'.repeat(1_000_000)), `"${'x'.repeat(99)}…`);
  assert.equal(shown({ ['k'.repeat(200)]: 1 }), `{${'k'.repeat(99)}…`);
  assert.equal(shown('abcdef', 3), '"ab…');
});
