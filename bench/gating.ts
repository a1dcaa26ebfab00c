/**
 * What it takes to give a machine to its owner and to get it back: from the word until all of a warm Job stands still, until it goes on, and from the
 * word that work may run again until a Slice runs of a Job whose processes were ended, as no other is there then. A whole
 * Worker with an embedded Scheduler.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCompute } from '#src/compute/index.js';
import { openChildProcessEvaluator } from '#src/evaluator/index.js';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { Supervisor, type WorkAction, type WorkDecision } from '#src/supervisor/index.js';
import { spread } from './harness/measure.js';
import { Report, digits } from './harness/report.js';

const ROUNDS = 15;
const WARM_UP = 2;
/** Slices of a Job that end before one is killed. */
const WARM_SLICES = 20;

const directory = mkdtempSync(path.join(tmpdir(), 'dcp-bench-'));
// So soon a Worker hears that a Job was cancelled.
const scheduler = await openEmbeddedScheduler(directory, { leaseMs: 1_000 });
const evaluator = await openChildProcessEvaluator({ threads: 1, gpu: null });
const supervisor = new Supervisor(scheduler, evaluator, {
  sandboxes: 1,
  maxAttempts: 1000,
  jobBackoff: null,
});
const compute = createCompute({ scheduler });
supervisor.start();

/** A Job whose last Slice is begun, says so, and does not end. Each has its own: losses of one are no first ones any more. */
async function deploy() {
  const job = compute.for(
    1,
    WARM_SLICES + 1,
    async (n: number, last: number) => {
      if (n < last) return n;
      console.log('begun');
      return await new Promise<number>(() => setTimeout(() => undefined, 1e6));
    },
    [WARM_SLICES + 1],
  );
  let onBegun: () => void = () => undefined;
  job.on('console', () => onBegun());
  const begun = (): Promise<void> => new Promise((resolve) => (onBegun = resolve));
  const first = begun();
  const ended = job.exec().catch(() => undefined);
  await first;
  return {
    /** The Slice runs again. */
    begun,
    async end() {
      await job.cancel();
      await ended;
    },
  };
}

type Deployed = Awaited<ReturnType<typeof deploy>>;

function decision(action: WorkAction): WorkDecision {
  const verdict = { action, reasons: [] };
  return { cpu: verdict, gpus: new Map(), anyGpu: verdict };
}

/** Milliseconds, a new Job each time. */
async function times(once: (job: Deployed) => Promise<number>): Promise<number[]> {
  const taken: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const job = await deploy();
    // The spare process is there, as it is some hundred milliseconds after a Job has begun.
    while (evaluator.stats().processes.length < 2) await pause(10);
    await pause(300);
    const ms = await once(job);
    if (round >= 0) taken.push(ms);
    await job.end();
  }
  return taken;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const gated = await times(async (job) => {
  await supervisor.gate(decision('kill'));
  while (evaluator.stats().processes.length > 0) await pause(5);
  const begun = job.begun();
  const at = performance.now();
  await supervisor.gate(decision('run'));
  await begun;
  return performance.now() - at;
});
const freezing: number[] = [];
const thawing: number[] = [];
await times(async () => {
  let at = performance.now();
  await supervisor.gate(decision('freeze'));
  freezing.push(performance.now() - at);
  at = performance.now();
  await supervisor.gate(decision('run'));
  thawing.push(performance.now() - at);
  return 0;
});

await supervisor.stop({ finish: 'now' });
await evaluator.close();
await scheduler.close();
rmSync(directory, { recursive: true, force: true });

const report = new Report('gating', { rounds: ROUNDS });
const rows = {
  'free again after it was ended': gated,
  'until all stands still': freezing,
  thawed: thawing,
};
report.data('milliseconds', Object.fromEntries(Object.entries(rows).map(([name, ms]) => [name, spread(ms)])));
report.table(
  'milliseconds',
  Object.entries(rows).map(([what, ms]) => {
    const { median, quartiles, least, most } = spread(ms);
    return {
      what,
      median: digits(median),
      quartiles: quartiles.map(digits).join(' – '),
      least: digits(least),
      most: digits(most),
    };
  }),
);
report.finish();
process.exit(0);
