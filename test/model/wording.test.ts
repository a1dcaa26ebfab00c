import assert from 'node:assert/strict';
import test from 'node:test';
import { durationText } from '#src/model/index.js';

test('a duration that rounds up to the next unit is said in that', () => {
  const said = [9.96, 999.4, 999.7, 1000, 59_949, 59_990, 60_000, 3_600_000].map(durationText);
  assert.deepEqual(said, [
    '10 ms',
    '999 ms',
    '1.0 s',
    '1.0 s',
    '59.9 s',
    '1 min 0 s',
    '1 min 0 s',
    '1 h 0 min',
  ]);
});
