/**
 * What it costs to take another Sandbox after so many Slices (`maxSandboxUse`): a Job of a Worker, from `exec` to its last result, with
 * Slices that compute for some microseconds, beside the same where one Sandbox runs them all.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCompute } from '#src/compute/index.js';
import { openChildProcessEvaluator, openInProcessEvaluator, type Evaluator } from '#src/evaluator/index.js';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { Supervisor } from '#src/supervisor/index.js';
import { measure, type Subject } from './harness/measure.js';
import { Report, digits } from './harness/report.js';

const ROUNDS = 5;
/** The default, and a use that no Job here comes to. */
const USES = { '1000': 1000, unlimited: 2 ** 32 - 1 };
/** Turns of a loop in a Slice, and Slices of a Job. */
const WORK = { 'empty Slices': [0, 20_000], 'Slices of 0.1 ms': [20_000, 4_000] } as const;

const directory = mkdtempSync(path.join(tmpdir(), 'dcp-bench-'));
const scheduler = await openEmbeddedScheduler(directory);
const compute = createCompute({ scheduler });

function job(evaluator: Evaluator, maxSandboxUse: number, turns: number, slices: number): Subject {
  let supervisor: Supervisor;
  return {
    turns: slices,
    prepare() {
      supervisor = new Supervisor(scheduler, evaluator, { maxSandboxUse });
      supervisor.start();
    },
    async run() {
      const made = compute.for(
        1,
        slices,
        (n: number, turns: number) => {
          let sum = n;
          for (let i = 0; i < turns; i++) sum = (sum * 31 + i) | 0;
          return sum;
        },
        [turns],
      );
      assert.equal((await made.exec()).length, slices);
      await compute.removeJob(made.id!);
    },
    finish: () => supervisor.stop({ finish: 'now' }),
  };
}

const report = new Report('sandbox-use', { rounds: ROUNDS });
for (const [host, open] of [
  ['in-process', openInProcessEvaluator],
  ['child processes', openChildProcessEvaluator],
] as const) {
  const evaluator = await open();
  for (const [name, [turns, slices]] of Object.entries(WORK)) {
    const figures = await measure(
      Object.fromEntries(Object.entries(USES).map(([use, max]) => [use, job(evaluator, max, turns, slices)])),
      { rounds: ROUNDS, warmUp: 1 },
    );
    report.figures(`${name}, ${host}, per Slice`, figures, 'unlimited');
    const ratio = figures['1000']!.wallUs.median / figures['unlimited']!.wallUs.median;
    report.standing(`${name}, ${host}: 1000 a Sandbox against one Sandbox`, 'reported', `${digits(ratio)}×`);
  }
  await evaluator.close();
}
await scheduler.close();
rmSync(directory, { recursive: true, force: true });
report.finish();
