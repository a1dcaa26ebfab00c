/** What evaluators leave behind when they are closed, one after another in one process. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { HOST, MAX_EXIT_MS, median, runFixture, underAsan } from './support.js';

// An evaluator of processes takes some seconds a cycle on a busy machine.
const CYCLES = HOST === 'child' ? 12 : 20;

test(`threads and memory return to where they were after each of ${CYCLES} evaluators`, async (t) => {
  const { code, stdout, stderr } = await runFixture('cycles', [String(CYCLES)]);
  assert.deepEqual([code, stderr], [0, '']);
  const { figures, closeMs } = JSON.parse(stdout) as {
    figures: { threads: number; residentMiB: number }[];
    closeMs: number[];
  };
  const resident = figures.map(({ residentMiB }) => residentMiB);
  const before = median(resident.slice(0, CYCLES / 4));
  const after = median(resident.slice(-CYCLES / 4));
  t.diagnostic(
    `${figures.at(-1)!.threads} threads, ${before.toFixed(1)} MiB, then ${after.toFixed(1)} MiB; close ${median(closeMs).toFixed(0)} ms, at worst ${Math.max(...closeMs).toFixed(0)}`,
  );
  assert.deepEqual(new Set(figures.map(({ threads }) => threads)), new Set([figures[0]!.threads]));
  assert.ok(median(closeMs) < MAX_EXIT_MS);
  // One of many may have met what else the machine does; a wait that nothing ends is longer.
  assert.ok(Math.max(...closeMs) < 5 * MAX_EXIT_MS);
  if (!underAsan)
    assert.ok(
      after - before < (HOST === 'child' ? 60 : 25),
      `grew from ${before.toFixed(1)} to ${after.toFixed(1)} MiB`,
    );
});
