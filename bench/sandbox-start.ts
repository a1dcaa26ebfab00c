/**
 * A Sandbox from nothing to ready and gone again, one after another, beside an isolate of isolated-vm with a context
 * and one script; and handing a prewarmed Sandbox over to a Job.
 */
import { setTimeout } from 'node:timers/promises';
import ivm from 'isolated-vm';
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { measure } from './harness/measure.js';
import { Report, digits } from './harness/report.js';
import { BenchSandbox } from './harness/sandboxes.js';

const TURNS = 10;
const ROUNDS = 21;
const SCRIPT = 'globalThis.workFunction = (datum) => datum';
const WORK_FUNCTION = '(datum) => datum';
/** The default of a Sandbox, for both. */
const HEAP_MIB = 512;
/** How long a Sandbox has been there when a Job comes. */
const IDLE_MS = 20;

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

// One hand-over a run: the Sandboxes are made before the clock starts and ended before the next run.
let warm: BenchSandbox | null = null;
const handOver = await measure(
  {
    assign: {
      turns: 1,
      async prepare() {
        await warm?.dispose();
        warm = await BenchSandbox.create(evaluator);
        // Prewarmed is one that had nothing to do for a moment.
        await setTimeout(IDLE_MS);
      },
      run: () => warm!.assign(WORK_FUNCTION),
    },
  },
  { rounds: 101, warmUp: 10 },
);
await evaluator.close();

const report = new Report('sandbox-start', { heapMiB: HEAP_MIB, rounds: ROUNDS, turns: TURNS });
report.figures('create and dispose', start, 'isolated-vm');
report.figures('hand over a prewarmed Sandbox, until assign() resolves', handOver);
const ratio = start.Sandbox.wallUs.median / start['isolated-vm'].wallUs.median;
report.standing('cold Sandbox against isolated-vm', 'at most 1×', `${digits(ratio)}×`, ratio <= 1);
const handOverUs = handOver.assign.wallUs.median;
report.standing(
  'hand over a prewarmed Sandbox',
  'under 100 µs',
  `${digits(handOverUs)} µs`,
  handOverUs < 100,
);
report.finish();
