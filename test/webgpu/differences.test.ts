/**
 * Each program does in a Sandbox what it does under dawn.node, but for what is permitted (harness/permitted.ts). `show.ts`
 * shows what differs.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { gpuMissing } from '../gpu/support.js';
import { differencesOf, isWithin, shownAt } from './harness/differences.js';
import { PERMITTED } from './harness/permitted.js';
import type { Outcome } from './harness/program.js';
import { runPrograms } from './harness/run-programs.js';
import { PROGRAMS } from './programs/index.js';

const skip = await gpuMissing();
const names = [...PROGRAMS.keys()];
const nothing = new Map<string, Outcome>();
const [oracle, sandbox] =
  skip === false
    ? await Promise.all([runPrograms('dawn-node', names), runPrograms('sandbox', names)])
    : [nothing, nothing];

for (const name of names) {
  test(name, { skip }, () => {
    const ours = sandbox.get(name)!;
    const found = differencesOf(oracle.get(name)!, ours);
    const { places = {}, varies = false } = PERMITTED[name] ?? {};
    const permitted = Object.entries(places);
    const unexpected = found.filter(({ at }) => !permitted.some(([place]) => isWithin(at, place)));
    assert.deepEqual(unexpected, []);
    for (const [place, expected] of permitted) {
      if (expected !== null) assert.equal(shownAt(ours, place), expected, `at ${place}`);
      // What has come to agree is not to differ again.
      const differs = found.some(({ at }) => isWithin(at, place));
      assert.ok(differs || varies, `${place}: permitted to differ, and does not`);
    }
  });
}

test('only programs that there are may differ', () => {
  assert.deepEqual(
    Object.keys(PERMITTED).filter((name) => !PROGRAMS.has(name)),
    [],
  );
});
