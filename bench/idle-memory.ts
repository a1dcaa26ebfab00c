/**
 * Memory of Sandboxes that have nothing to do, as the kernel counts it (PSS: shared pages in equal shares), beside isolates
 * of isolated-vm with a context and one script: 500 of each in this process.
 */
import { setTimeout } from 'node:timers/promises';
import { ivm } from './rivals/isolated-vm.js';
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { encode } from '#src/codec/index.js';
import { makeSliceBatch } from '#src/model/index.js';
import { pssKiB } from './harness/process-use.js';
import { Report, digits } from './harness/report.js';
import { BenchSandbox, benchJob } from './harness/sandboxes.js';

const COUNT = 500;
/** What the process makes once is made before the first measurement. */
const WARM_UP = 20;
const SLICES = 1000;
const SETTLE_MS = 1000;
const JOB = benchJob('(n) => n + 1');

const report = new Report('idle-memory', { sandboxes: COUNT, slices: SLICES });
const rows: { subject: string; 'MiB each': string | number }[] = [];

/** What `make` adds to this process, MiB for each of `COUNT`. */
async function measured(subject: string, make: () => Promise<void> | void): Promise<number> {
  const before = pssKiB();
  await make();
  await setTimeout(SETTLE_MS);
  const each = (pssKiB() - before) / 1024 / COUNT;
  rows.push({ subject, 'MiB each': digits(each) });
  report.data(subject, { mibEach: each });
  return each;
}

const evaluator = await openInProcessEvaluator();
const sandboxes: BenchSandbox[] = [];
for (let i = 0; i < WARM_UP; i++) await BenchSandbox.create(evaluator);
await setTimeout(SETTLE_MS);
const idle = await measured('Sandbox, waiting for a Job', async () => {
  for (let i = 0; i < COUNT; i++) sandboxes.push(await BenchSandbox.create(evaluator));
});
const assigned = await measured('and more once it has one', async () => {
  for (const sandbox of sandboxes) await sandbox.assign(JOB);
});
const numbers = Array.from({ length: SLICES }, (_, index) => index + 1);
const used = await measured(`and more after ${SLICES} Slices`, async () => {
  for (const sandbox of sandboxes) await sandbox.run(makeSliceBatch(numbers, numbers.map(encode)));
});

const isolates: unknown[] = [];
await measured('isolated-vm: isolate, context, one script', () => {
  for (let i = 0; i < COUNT; i++) {
    const isolate = new ivm.Isolate({ memoryLimit: 512 });
    const context = isolate.createContextSync();
    isolate.compileScriptSync('globalThis.workFunction = (n) => n + 1').runSync(context);
    isolates.push(isolate, context);
  }
});

report.table('idle Sandboxes, PSS', rows);
report.standing('idle Sandbox, new', 'at most 2.5 MB', `${digits(idle)} MiB`, idle * 1.048576 <= 2.5);
const after = idle + assigned + used;
report.standing(
  `idle Sandbox, after ${SLICES} Slices`,
  'at most 2.5 MB',
  `${digits(after)} MiB`,
  after * 1.048576 <= 2.5,
);
report.finish();
process.exit(0);
