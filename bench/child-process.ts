/**
 * What a process boundary costs: empty Slices through the child-process host beside the in-process one, and a 64 MB array to the
 * Work Function and back beside what cannot be had for less: one copy of it per direction and the round trip of an empty Slice.
 */
import assert from 'node:assert/strict';
import { decode, encode } from '#src/codec/index.js';
import { openChildProcessEvaluator, openInProcessEvaluator } from '#src/evaluator/index.js';
import { makeSliceBatch, payloadAt, type SliceBatch } from '#src/model/index.js';
import { measure, type Subject } from './harness/measure.js';
import { Report, digits } from './harness/report.js';
import { BenchSandbox } from './harness/sandboxes.js';

type Floats = Float64Array<ArrayBuffer>;

const BYTES = 64e6;
const SLICES = 20_000;
const ROUNDS = 15;

const inProcess = await openInProcessEvaluator({ threads: 1 });
const child = await openChildProcessEvaluator({ threads: 1 });
const here = await BenchSandbox.assigned(inProcess, '(x) => x');
const there = await BenchSandbox.assigned(child, '(x) => x');

function emptySlices(sandbox: BenchSandbox, count: number, turns: number): Subject {
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  const payloads = numbers.map((n) => encode(n));
  let batches: SliceBatch[] = [];
  return {
    turns: turns * count,
    prepare() {
      batches = Array.from({ length: turns }, () => makeSliceBatch(numbers, payloads));
    },
    async run() {
      for (const batch of batches) await sandbox.run(batch);
    },
  };
}

function roundTrip(sandbox: BenchSandbox): Subject {
  let array: Floats = new Float64Array(BYTES / 8).fill(Math.PI);
  const through = async (): Promise<void> => {
    await sandbox.run(makeSliceBatch([1], [encode(array)]));
    array = decode(payloadAt(sandbox.results[0]!, 0)) as Floats;
  };
  return {
    turns: 2,
    prepare: through,
    async run() {
      await through();
      await through();
      assert.equal(array.at(-1), Math.PI);
    },
  };
}

function copies(): Subject {
  const from = new Uint8Array(BYTES).fill(1);
  const to = new Uint8Array(BYTES).fill(2);
  return {
    turns: 2,
    run() {
      for (let i = 0; i < 4; i++) to.set(from);
    },
  };
}

const report = new Report('child-process', { rounds: ROUNDS, slices: SLICES, bytes: BYTES });
const rates = await measure(
  { 'child process': emptySlices(there, SLICES, 1), 'in-process': emptySlices(here, SLICES, 1) },
  { rounds: ROUNDS },
);
report.figures(`empty Slice, ${SLICES} in one hand-over`, rates, 'in-process');

const long = await measure(
  {
    'child process': roundTrip(there),
    'in-process': roundTrip(here),
    'one copy per direction': copies(),
    'empty Slice, child process': emptySlices(there, 1, 20),
    'empty Slice, in-process': emptySlices(here, 1, 20),
  },
  { rounds: ROUNDS },
);
report.figures('64 MB in and out', long, 'one copy per direction');
await child.close();
await inProcess.close();

const wall = (name: keyof typeof long): number => long[name].wallUs.median;
const ratio = wall('child process') / (wall('one copy per direction') + wall('empty Slice, child process'));
report.standing(
  '64 MB array through a child process against a copy per direction and an empty Slice',
  'at most 2×',
  `${digits(ratio)}×`,
  ratio <= 2,
);
report.finish();
process.exit(0);
