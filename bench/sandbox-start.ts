/**
 * A Sandbox from nothing to ready and gone again, one after another, beside an isolate of isolated-vm with a context
 * and one script; and handing a prewarmed Sandbox over to a Job.
 */
import { setTimeout } from 'node:timers/promises';
import ivm from 'isolated-vm';
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { measure } from './harness/measure.js';
import { Report, digits } from './harness/report.js';
import { BenchSandbox, benchJob } from './harness/sandboxes.js';

const TURNS = 10;
const ROUNDS = 21;
const SCRIPT = 'globalThis.workFunction = (datum) => datum';
const JOB = benchJob('(datum) => datum');
/** The default of a Sandbox, for both. */
const HEAP_MIB = 512;
/** How long a Sandbox has been there when a Job comes. */
const IDLE_MS = 20;
/** Hand-overs in one run. */
const IN_A_ROW = 20;

const evaluator = await openInProcessEvaluator({ threads: 1 });

const start = await measure(
  {
    Sandbox: {
      turns: TURNS,
      async run() {
        for (let i = 0; i < TURNS; i++) await (await BenchSandbox.create(evaluator)).dispose();
      },
    },
    'isolated-vm': {
      turns: TURNS,
      run() {
        for (let i = 0; i < TURNS; i++) {
          const isolate = new ivm.Isolate({ memoryLimit: HEAP_MIB });
          const context = isolate.createContextSync();
          isolate.compileScriptSync(SCRIPT).runSync(context);
          isolate.dispose();
        }
      },
    },
    'isolated-vm, asynchronous': {
      turns: TURNS,
      async run() {
        for (let i = 0; i < TURNS; i++) {
          const isolate = new ivm.Isolate({ memoryLimit: HEAP_MIB });
          const context = await isolate.createContext();
          await (await isolate.compileScript(SCRIPT)).run(context);
          isolate.dispose();
        }
      },
    },
  },
  { rounds: ROUNDS },
);

// The Sandboxes are made before the clock starts and ended before the next run.
let prewarmed: BenchSandbox[] = [];
const prewarm = (count: number) => async (): Promise<void> => {
  for (const sandbox of prewarmed) await sandbox.dispose();
  prewarmed = [];
  for (let i = 0; i < count; i++) prewarmed.push(await BenchSandbox.create(evaluator));
  // Prewarmed is one that had nothing to do for a moment.
  await setTimeout(count * IDLE_MS);
};
const assignAll = async (): Promise<void> => {
  for (const sandbox of prewarmed) await sandbox.assign(JOB);
};
// One alone finds a processor that slept; of many, each finds it awake.
const alone = await measure(
  { 'one alone': { turns: 1, prepare: prewarm(1), run: assignAll } },
  { rounds: 101, warmUp: 10 },
);
const inARow = await measure(
  { 'one after another': { turns: IN_A_ROW, prepare: prewarm(IN_A_ROW), run: assignAll } },
  { rounds: 21 },
);
await evaluator.close();

const report = new Report('sandbox-start', { heapMiB: HEAP_MIB, rounds: ROUNDS, turns: TURNS });
report.figures('create and dispose', start, 'isolated-vm');
report.figures('hand over a prewarmed Sandbox, until assign() resolves', { ...alone, ...inARow });
const ratio = start.Sandbox.wallUs.median / start['isolated-vm'].wallUs.median;
report.standing('cold Sandbox against isolated-vm', 'at most 1×', `${digits(ratio)}×`, ratio <= 1);
for (const [name, figures] of Object.entries({ ...alone, ...inARow })) {
  const { median } = figures.wallUs;
  report.standing(
    `hand over a prewarmed Sandbox, ${name}`,
    'under 100 µs',
    `${digits(median)} µs`,
    median < 100,
  );
}
report.finish();
