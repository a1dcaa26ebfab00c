/**
 * From the kill of an evaluator process to a Slice of its Job that runs in another one: each time a Job that is warm and has lost none
 * before, so that nothing is held back for earlier losses. The way is taken apart: until the loss is noticed, until a Slice
 * is handed to a Sandbox in the next process, until it runs.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCompute } from '#src/compute/index.js';
import { openChildProcessEvaluator } from '#src/evaluator/index.js';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { Supervisor } from '#src/supervisor/index.js';
import { spread } from './harness/measure.js';
import { Report, digits } from './harness/report.js';

const KILLS = 25;
const SANDBOXES = 2;
/** Slices that have run before the kill, and how long each takes, milliseconds. */
const WARM_SLICES = 10;
const SLICE_MS = 20;
/** Of several thousand Slices, some always run. */
const SLICES = 5_000;
const STAGES = ['until the loss is noticed', 'until a Slice is handed over', 'until it runs'] as const;

/** Monotonic, milliseconds; `Infinity` until it happens. */
const at = { killed: 0, lost: Infinity, handedOver: Infinity, ran: Infinity };
let onRan: () => void = () => undefined;
let slicesRun = 0;

const directory = mkdtempSync(path.join(tmpdir(), 'dcp-bench-'));
const scheduler = await openEmbeddedScheduler(directory);
const evaluator = await openChildProcessEvaluator({ threads: SANDBOXES });
const supervisor = new Supervisor(scheduler, evaluator, {
  sandboxes: SANDBOXES,
  observer: {
    onSandboxLost: () => (at.lost = Math.min(at.lost, performance.now())),
    onHandOver: () => {
      if (at.lost < Infinity) at.handedOver = Math.min(at.handedOver, performance.now());
    },
    onMessages: (_job, messages) => {
      slicesRun += messages.length;
      if (at.handedOver === Infinity) return;
      at.ran = Math.min(at.ran, performance.now());
      onRan();
    },
  },
});
supervisor.start();
const compute = createCompute({ scheduler });

/** One Job, and one kill of its process. Answers how long each stage took, milliseconds. */
async function kill(): Promise<number[]> {
  Object.assign(at, { killed: 0, lost: Infinity, handedOver: Infinity, ran: Infinity });
  slicesRun = 0;
  const job = compute.for(
    1,
    SLICES,
    async (n: number, ms: number) => {
      console.log('begin');
      await new Promise((resolve) => setTimeout(resolve, ms));
      return n;
    },
    [SLICE_MS],
  );
  const ended = job.exec().catch((error: { code: string }) => error.code);
  const spareIsThere = (): boolean => evaluator.stats().processes.some(({ jobId }) => jobId === null);
  while (slicesRun < WARM_SLICES || !spareIsThere()) await sleep(5);
  // It has had the time to become ready.
  await sleep(500);
  const ran = new Promise<void>((resolve) => (onRan = resolve));
  const { pid } = evaluator.stats().processes.find(({ jobId }) => jobId === job.id)!;
  at.killed = performance.now();
  process.kill(pid, 'SIGKILL');
  await ran;
  await job.cancel();
  assert.equal(await ended, 'ECANCELLED');
  await compute.removeJob(job.id!);
  return [at.lost - at.killed, at.handedOver - at.lost, at.ran - at.handedOver];
}

const report = new Report('kill-to-rerun', { kills: KILLS, sandboxes: SANDBOXES });
await kill();
const stages: number[][] = [];
for (let i = 0; i < KILLS; i++) stages.push(await kill());
await supervisor.stop({ finish: 'now' });
await evaluator.close();
await scheduler.close();
rmSync(directory, { recursive: true, force: true });

const all = spread(stages.map((parts) => parts.reduce((sum, ms) => sum + ms, 0)));
const rows = [
  ...STAGES.map((stage, i) => ({ stage, ms: spread(stages.map((parts) => parts[i]!)) })),
  { stage: 'kill to re-running', ms: all },
];
report.data('stages, ms', rows);
report.table(
  'from the kill of a warm Job’s process',
  rows.map(({ stage, ms }) => ({
    stage,
    'median, ms': digits(ms.median),
    quartiles: ms.quartiles.map(digits).join(' – '),
    most: digits(ms.most),
  })),
);
report.standing(
  'kill to re-running on a fresh evaluator, median',
  'under 1 s',
  `${digits(all.median)} ms`,
  all.median < 1000,
);
report.finish();
process.exit(0);
