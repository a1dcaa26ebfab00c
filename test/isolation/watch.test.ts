/** The watch over the attacks sees what it is there to see: each of its checks, where it must fail. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Evaluator } from '#src/evaluator/index.js';
import { openHost } from '../evaluator/support.js';
import { realmDifferences, realmSnapshot } from './host-realm.js';
import { check, HOST_SECRET, Neighbour, NEIGHBOUR_SECRET, run, Witness, type Attack } from './support.js';

let evaluator: Evaluator;
before(async () => (evaluator = await openHost(1)));
after(() => evaluator.close());

const caught: readonly (readonly [
  what: string,
  attack: Partial<Attack> & { readonly code: string },
  complaint: RegExp,
])[] = [
  ['an answer that says what was reached', { code: `return 'reached it';` }, /reached/],
  ['an answer of a promise', { code: `return Promise.resolve('a text');` }, /the attack reached a text/],
  ['a console message', { code: `console.log('reached it');` }, /reached/],
  ['an emitted value', { code: `work.emit('x', ['reached it']);` }, /reached/],
  ['the text of an error', { code: `throw new Error('reached it');` }, /reached/],
  ['a rejection of the Slice', { code: `work.reject('reached it');` }, /reached/],
  ["the host's secret", { code: `console.log('${HOST_SECRET}');` }, /host's secret/],
  ["the neighbour's secret", { code: `return { at: '${NEIGHBOUR_SECRET}' };` }, /neighbour's secret/],
  ['a Slice behind the attack', { code: '', later: `return 'something';` }, /something/],
  ['a Slice behind it that fails', { code: '', later: `throw new Error('spoiled');` }, /spoiled/],
  ['an end that does not come', { code: '', endsWith: /ENOPROGRESS/ }, /ended as undefined/],
  ['another end', { code: 'throw 1;', endsWith: /ENOPROGRESS/ }, /not an Error but: 1/],
];
for (const [what, attack, complaint] of caught) {
  test(`the watch sees ${what}`, async () => {
    const full: Attack = { name: what, from: 'here', ...attack };
    const witness = await run(evaluator, full);
    assert.throws(() => check(full, witness), complaint);
  });
}

test('the watch sees Slices that are answered for twice, never, or were not handed over', () => {
  const answered = (...numbers: number[]): (() => unknown) => {
    const witness = new Witness();
    witness.onEnded(null, Uint32Array.from(numbers));
    return () => witness.answerOf(1);
  };
  assert.doesNotThrow(answered(1, 2, 3, 4));
  assert.throws(answered(1, 2, 2), /two answers for Slice 2/);
  assert.throws(answered(2, 3, 4), /nothing was said of Slice 1/);
  assert.throws(answered(1, 9), /an answer for Slice 9/);
});

test("the watch sees what changes in the host's realm", () => {
  const before = realmSnapshot();
  const { map } = Array.prototype;
  Object.assign(Object.prototype, { polluted: 1 });
  Array.prototype.map = function () {
    return [];
  };
  let differences: string[];
  try {
    differences = realmDifferences(before);
  } finally {
    Array.prototype.map = map;
    delete (Object.prototype as { polluted?: number }).polluted;
  }
  assert.deepEqual(differences.sort(), [
    'Array.prototype.map has changed',
    'Object.prototype.polluted is new',
  ]);
  assert.deepEqual(realmDifferences(before), []);
});

test('the watch sees a neighbour that is gone', async () => {
  const own = await openHost(1);
  const neighbour = await Neighbour.start(own);
  await neighbour.isWell();
  await own.close();
  await assert.rejects(neighbour.isWell());
});
