/**
 * A Sandbox from nothing to ready and gone again, one after another, beside an isolate of isolated-vm with a context
 * and one script; and handing a prewarmed Sandbox over to a Job. On one core, where isolated-vm, which runs in its caller's
 * thread, has no more of the machine than we do; and as it is on all cores. Beside the hand-over, what any two threads
 * need to wake each other: a message to a worker thread of Node's that was idle as long, and its answer.
 */
import { setTimeout } from 'node:timers/promises';
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { measure, type Figures } from './harness/measure.js';
import { pinToOneCore, unpin } from './harness/one-core.js';
import { Report, digits } from './harness/report.js';
import { BenchSandbox, benchJob } from './harness/sandboxes.js';
import { EchoThread } from './rivals/echo.js';
import { ivm } from './rivals/isolated-vm.js';

const TURNS = 10;
const ROUNDS = 21;
const SCRIPT = 'globalThis.workFunction = (datum) => datum';
const JOB = benchJob('(datum) => datum');
/** The default of a Sandbox, for both. */
const HEAP_MIB = 512;
/** How long a Sandbox has been there when a Job comes. */
const IDLE_MS = 20;
const ECHO = "a worker thread's message and answer";
const ECHOES = `${ECHO}, one after another`;
/** Hand-overs in one run. */
const IN_A_ROW = 20;

const evaluator = await openInProcessEvaluator({ threads: 1 });
const thread = new EchoThread();

const startAll = () =>
  measure(
    {
      Sandbox: {
        turns: TURNS,
        async run() {
          for (let i = 0; i < TURNS; i++) await (await BenchSandbox.create(evaluator)).dispose();
        },
      },
      'Sandbox, with a Job': {
        turns: TURNS,
        async run() {
          for (let i = 0; i < TURNS; i++) {
            const sandbox = await BenchSandbox.create(evaluator);
            await sandbox.assign(JOB);
            await sandbox.dispose();
          }
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
/** As a Supervisor does with a Job that gets all Sandboxes there are. */
const assignAtOnce = async (): Promise<void> => {
  await Promise.all(prewarmed.map((sandbox) => sandbox.assign(JOB)));
};
const handOverAll = async (): Promise<Record<string, Figures>> => ({
  // One alone finds a processor that slept; of many, each finds it awake.
  ...(await measure(
    {
      'one alone': { turns: 1, prepare: prewarm(1), run: assignAll },
      [ECHO]: { turns: 1, prepare: () => setTimeout(IDLE_MS), run: () => thread.send(null, false) },
    },
    { rounds: 51, warmUp: 10 },
  )),
  ...(await measure(
    {
      'one after another': { turns: IN_A_ROW, prepare: prewarm(IN_A_ROW), run: assignAll },
      'all at once': { turns: IN_A_ROW, prepare: prewarm(IN_A_ROW), run: assignAtOnce },
      [ECHOES]: {
        turns: IN_A_ROW,
        prepare: () => setTimeout(IN_A_ROW * IDLE_MS),
        async run() {
          for (let i = 0; i < IN_A_ROW; i++) await thread.send(null, false);
        },
      },
    },
    { rounds: 15 },
  )),
});

const core = pinToOneCore();
const pinned = { start: await startAll(), handOver: await handOverAll() };
unpin();
const free = { start: await startAll(), handOver: await handOverAll() };
await evaluator.close();
await thread.close();

const report = new Report('sandbox-start', { heapMiB: HEAP_MIB, rounds: ROUNDS, turns: TURNS, core });
for (const [where, { start, handOver }] of Object.entries({ 'on one core': pinned, 'on all cores': free })) {
  report.figures(`create and dispose, ${where}`, start, 'isolated-vm');
  report.figures(`hand over a prewarmed Sandbox, until assign() resolves, ${where}`, handOver);
  const ratio = start.Sandbox.wallUs.median / start['isolated-vm'].wallUs.median;
  report.standing(
    `cold Sandbox against isolated-vm, ${where}`,
    'at most 1×',
    `${digits(ratio)}×`,
    ratio <= 1,
  );
  for (const [name, { wallUs }] of Object.entries(handOver)) {
    if (name === ECHO || name === ECHOES) continue;
    report.standing(
      `hand over a prewarmed Sandbox, ${name}, ${where}`,
      'under 100 µs',
      `${digits(wallUs.median)} µs`,
      wallUs.median < 100,
    );
  }
}
report.finish();
