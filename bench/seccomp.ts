/**
 * What the filter of system calls costs an evaluator process that is confined otherwise, too: Slices that carry nothing, one at a
 * time and many in one hand-over; arrays of 1 MB; and the memory of Sandboxes, because V8 maps its builtins from Node's file
 * where it can open that, and copies them where it cannot.
 */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { encode } from '#src/codec/index.js';
import { openChildProcessEvaluator } from '#src/evaluator/index.js';
import { makeSliceBatch, type SliceBatch } from '#src/model/index.js';
import { measure, type Subject } from './harness/measure.js';
import { Report, digits } from './harness/report.js';
import { BenchSandbox } from './harness/sandboxes.js';

const MANY = 20_000;
const BYTES = 1e6;
const SANDBOXES = 20;
const SETTLE_MS = 500;

const WAYS = { 'no filter': { without: ['seccomp'] }, filter: {} } as const;
type Way = keyof typeof WAYS;

async function open(way: Way) {
  const evaluator = await openChildProcessEvaluator({ threads: 1, gpu: null, confinement: WAYS[way] });
  const sandbox = await BenchSandbox.assigned(evaluator, '(x) => x');
  return { evaluator, sandbox };
}

/** `count` Slices in one hand-over, `turns` times one after another. */
function slices(sandbox: BenchSandbox, datum: () => unknown, count: number, turns: number): Subject {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  let batches: SliceBatch[] = [];
  return {
    turns: turns * count,
    prepare() {
      batches = Array.from({ length: turns }, () =>
        makeSliceBatch(
          numbers,
          numbers.map(() => encode(datum())),
        ),
      );
    },
    async run() {
      for (const batch of batches) await sandbox.run(batch);
    },
  };
}

/** Of one process, KiB. */
function pssOf(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s*(\d+)/m.exec(rollup)![1]);
}

const free = await open('no filter');
const held = await open('filter');
const both = (make: (sandbox: BenchSandbox) => Subject): Record<Way, Subject> => ({
  'no filter': make(free.sandbox),
  filter: make(held.sandbox),
});

const report = new Report('seccomp', { slices: MANY, bytes: BYTES, sandboxes: SANDBOXES });
const many = await measure(
  both((sandbox) => slices(sandbox, () => null, MANY, 1)),
  { rounds: 15 },
);
report.figures(`empty Slice, ${MANY} in one hand-over`, many, 'no filter');
const single = await measure(
  both((sandbox) => slices(sandbox, () => null, 1, 200)),
  { rounds: 15 },
);
report.figures('empty Slice, one at a time', single, 'no filter');
const arrays = await measure(
  both((sandbox) => slices(sandbox, () => new Uint8Array(BYTES), 1, 20)),
  { rounds: 15 },
);
report.figures('1 MB in and out', arrays, 'no filter');

const memory: { process: string; 'MiB a Sandbox': string | number }[] = [];
for (const [way, { evaluator }] of Object.entries({ 'no filter': free, filter: held })) {
  const { pid } = evaluator.stats().processes.find(({ jobId }) => jobId !== null)!;
  const before = pssOf(pid);
  for (let i = 0; i < SANDBOXES; i++) await BenchSandbox.assigned(evaluator, '(x) => x');
  await setTimeout(SETTLE_MS);
  const each = (pssOf(pid) - before) / 1024 / SANDBOXES;
  memory.push({ process: way, 'MiB a Sandbox': digits(each) });
  report.data(way, { mibEach: each });
}
report.table('a Sandbox with a Job, PSS', memory);
await Promise.all([free.evaluator.close(), held.evaluator.close()]);

const ratio = many.filter.wallUs.median / many['no filter'].wallUs.median;
report.standing('an empty Slice behind the filter against one without', 'none', `${digits(ratio)}×`);
report.finish();
process.exit(0);
