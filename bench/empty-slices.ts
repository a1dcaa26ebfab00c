/**
 * Slices that do nothing, so that what is left is what a Slice costs: many in one Task, one per Task, synchronous and
 * asynchronous. Beside them the bare minimum (msgpackr's decode, a call, msgpackr's encode in an isolate of isolated-vm),
 * calls of isolated-vm, and empty tasks of piscina on one thread.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ivm } from './rivals/isolated-vm.js';
import type { Reference } from 'isolated-vm';
import { Piscina } from 'piscina';
import { decode, encode } from '#src/codec/index.js';
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { makeSliceBatch, payloadAt, type SliceBatch } from '#src/model/index.js';
import { measure, type Subject } from './harness/measure.js';
import { Report, digits } from './harness/report.js';
import { BenchSandbox } from './harness/sandboxes.js';

const SLICES = 100_000;
const SINGLE = 500;
const PISCINA_TASKS = 5_000;
const ROUNDS = 15;
const DATUM = 7;
/** A datum that goes through msgpackr on both sides. */
const SMALL_OBJECT = { id: 7, name: 'x', score: 1.5 };
const here = path.dirname(fileURLToPath(import.meta.url));

const evaluator = await openInProcessEvaluator({ threads: 1 });

function batchOf(count: number, datum: unknown = DATUM): SliceBatch {
  const payload = encode(datum);
  return makeSliceBatch(
    Array.from({ length: count }, (_, i) => i + 1),
    new Array<typeof payload>(count).fill(payload),
  );
}

async function slices(workFunction: string, datum: unknown = DATUM): Promise<Subject> {
  const sandbox = await BenchSandbox.assigned(evaluator, workFunction);
  await sandbox.run(batchOf(1, datum));
  assert.deepEqual(decode(payloadAt(sandbox.results[0]!, 0)), datum);
  let batch: SliceBatch;
  return {
    turns: SLICES,
    prepare: () => (batch = batchOf(SLICES, datum)),
    run: () => sandbox.run(batch),
  };
}

async function singleSlices(workFunction: string): Promise<Subject> {
  const sandbox = await BenchSandbox.assigned(evaluator, workFunction);
  const { numbers, headEnds, segmentEnds, segments } = batchOf(1);
  const { head } = encode(DATUM);
  return {
    turns: SINGLE,
    async run() {
      for (let i = 0; i < SINGLE; i++) {
        await sandbox.run({ numbers, heads: head.slice(), headEnds, segments, segmentEnds });
      }
    },
  };
}

/** The bundled msgpackr loop in a bare isolate. */
async function bareIsolate(): Promise<{ loop: Subject; loopOverHeads: Subject; objectLoop: Subject }> {
  const { outputFiles } = await build({
    entryPoints: [path.join(here, 'rivals/msgpackr-loop.js')],
    bundle: true,
    format: 'iife',
    globalName: 'rival',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  const isolate = new ivm.Isolate({ memoryLimit: 512 });
  const context = isolate.createContextSync();
  isolate.compileScriptSync(outputFiles[0]!.text).runSync(context);
  const bytes = encode(DATUM).head;
  const object = encode(SMALL_OBJECT).head;
  const { heads, headEnds } = batchOf(SLICES);
  context.evalClosureSync(
    `globalThis.input = { bytes: $0, object: $1, heads: $2, headEnds: $3 };
     globalThis.workFunction = (datum) => datum;`,
    [bytes, object, heads, headEnds].map((array) => new ivm.ExternalCopy(array).copyInto()),
  );
  const subject = (source: string, written: number): Subject => {
    const script = isolate.compileScriptSync(source);
    return {
      turns: SLICES,
      run() {
        assert.equal(script.runSync(context), written);
      },
    };
  };
  return {
    loop: subject(`rival.loop(input.bytes, ${SLICES}, workFunction)`, SLICES * bytes.length),
    loopOverHeads: subject('rival.loopOverHeads(input.heads, input.headEnds, workFunction)', heads.length),
    // Without `variableMapSize`, msgpackr gives every object a header of three bytes.
    objectLoop: subject(`rival.loop(input.object, ${SLICES}, workFunction)`, SLICES * (object.length + 2)),
  };
}

function isolatedCalls(): { sync: Subject; async: Subject } {
  const isolate = new ivm.Isolate({ memoryLimit: 512 });
  const context = isolate.createContextSync();
  const call = context.evalSync('(datum) => datum', { reference: true }) as Reference<
    (datum: number) => number
  >;
  return {
    sync: {
      turns: SLICES / 10,
      run() {
        for (let i = 0; i < SLICES / 10; i++) call.applySync(undefined, [DATUM]);
      },
    },
    async: {
      turns: SINGLE,
      async run() {
        for (let i = 0; i < SINGLE; i++) await call.apply(undefined, [DATUM]);
      },
    },
  };
}

const pool = new Piscina({
  filename: path.join(here, 'rivals/empty-task.js'),
  minThreads: 1,
  maxThreads: 1,
  concurrentTasksPerWorker: 16,
});
const piscina: { queued: Subject; single: Subject } = {
  queued: {
    turns: PISCINA_TASKS,
    run: () => Promise.all(Array.from({ length: PISCINA_TASKS }, () => pool.run(DATUM))),
  },
  single: {
    turns: SINGLE,
    async run() {
      for (let i = 0; i < SINGLE; i++) await pool.run(DATUM);
    },
  },
};

const SYNCHRONOUS = '(datum) => datum';
const ASYNCHRONOUS = 'async (datum) => datum';
const bare = await bareIsolate();
const calls = isolatedCalls();

const inOneTask = await measure(
  {
    'bare msgpackr': bare.loop,
    'synchronous Slices': await slices(SYNCHRONOUS),
    'bare msgpackr over the heads': bare.loopOverHeads,
    'asynchronous Slices': await slices(ASYNCHRONOUS),
    'isolated-vm, synchronous calls': calls.sync,
    'piscina, one thread': piscina.queued,
  },
  { rounds: ROUNDS },
);
const objects = await measure(
  {
    'bare msgpackr': bare.objectLoop,
    'synchronous Slices': await slices(SYNCHRONOUS, SMALL_OBJECT),
  },
  { rounds: ROUNDS },
);
const onePerTask = await measure(
  {
    Slice: await singleSlices(SYNCHRONOUS),
    'asynchronous Slice': await singleSlices(ASYNCHRONOUS),
    'isolated-vm, asynchronous call': calls.async,
    'piscina, one thread': piscina.single,
  },
  { rounds: ROUNDS },
);
await evaluator.close();
await pool.destroy();

const report = new Report('empty-slices', { slices: SLICES, rounds: ROUNDS });
report.figures(`${SLICES} in one Task, per Slice`, inOneTask, 'bare msgpackr');
report.figures(
  `${SLICES} in one Task with ${JSON.stringify(SMALL_OBJECT)}, per Slice`,
  objects,
  'bare msgpackr',
);
report.figures('one Slice per Task, one after another', onePerTask, 'Slice');
const wall = (name: keyof typeof inOneTask): number => inOneTask[name].wallUs.median;
const ratio = wall('synchronous Slices') / wall('bare msgpackr');
report.standing(
  'empty synchronous Slices against bare msgpackr',
  'at most 1.5×',
  `${digits(ratio)}×`,
  ratio <= 1.5,
);
const rate = wall('synchronous Slices') / wall('asynchronous Slices');
report.standing(
  'asynchronous Slices against synchronous ones',
  'at least 1/3 of the rate',
  `${digits(rate)}`,
  rate >= 1 / 3,
);
const threads = wall('piscina, one thread') / wall('synchronous Slices');
report.standing('empty Slices against one piscina thread', 'reported', `${digits(threads)} times its rate`);
report.finish();
// isolated-vm's isolates would keep nothing alive, but the process has no more to do.
process.exit(0);
