import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultFields } from '#src/cli/present.js';

test('a result whose parts stand in many places is shown in short', () => {
  let arrays: unknown = ['part'];
  let maps: unknown = 'part';
  for (let i = 0; i < 40; i++) {
    arrays = [arrays, arrays, arrays];
    maps = new Map([
      [1, maps],
      [2, maps],
    ]);
  }
  assert.deepEqual(resultFields(arrays), {
    inspect:
      '[ [ [Array], [Array], [Array] ], [ [Array], [Array], [Array] ], [ [Array], [Array], [Array] ] ]',
  });
  assert.deepEqual(resultFields(maps), {
    inspect: 'Map(2) { 1 => Map(2) { 1 => [Map], 2 => [Map] }, 2 => Map(2) { 1 => [Map], 2 => [Map] } }',
  });
});

test('one that is large, or has a part twice, is shown whole', () => {
  const large = Array.from({ length: 300_000 }, (_, n) => [n]);
  assert.deepEqual(resultFields(large), { value: large });
  const part = { deep: [1, 2, 3] };
  assert.deepEqual(resultFields([part, part]), { value: [part, part] });
  const cycle: unknown[] = [];
  cycle.push(cycle);
  assert.deepEqual(resultFields(cycle), { inspect: '<ref *1> [ [Circular *1] ]' });
});
