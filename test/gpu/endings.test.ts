/** Processes end with work on the GPU or without, quietly and soon; so do threads, whose Slices are run by others. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { HOST, onlyInProcess, underAsan } from '../evaluator/support.js';
import { endProcess, WAYS, wrongWith } from './ends.js';
import { gpuMissing } from './support.js';
import { endThreads } from './threads.js';

const missing = await gpuMissing();
/** A GPU that works may take 2 s more; the machine may be busy. */
const MAX_MS = underAsan || HOST === 'child' ? 8000 : 5000;

for (const way of WAYS) {
  test(`${way.way}, with work on the GPU and without`, { skip: missing }, async (t) => {
    const took: string[] = [];
    for (const pending of ['busy', 'idle'] as const) {
      const ending = await endProcess(way, pending, Math.random() * 40);
      assert.equal(wrongWith(ending, way, MAX_MS), null);
      took.push(ending.exitMs.toFixed(0));
    }
    if (way.signal === undefined) t.diagnostic(`ended in ${took.join(', ')} ms`);
  });
}

test(
  'threads that are ended lose no Slice',
  { skip: missing || onlyInProcess('the threads are other processes’') },
  async (t) => {
    const { slowestMs, lost, sandboxes } = await endThreads(12, (limit) => Math.floor(Math.random() * limit));
    t.diagnostic(
      `slowest terminate() ${slowestMs.toFixed(0)} ms; ${lost} of ${sandboxes} Sandboxes were lost`,
    );
    assert.ok(slowestMs < MAX_MS, `terminate() took ${slowestMs.toFixed(0)} ms`);
  },
);
