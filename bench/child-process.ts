/**
 * What a process boundary costs: empty Slices through the child-process host beside the in-process one, and arrays of 1, 16 and 64 MB to
 * the Work Function and back, with and without shared memory, beside what cannot be had for less: one copy of them per direction
 * and the round trip of an empty Slice. The Work Function answers the array that it got, or one of its own making.
 */
import assert from 'node:assert/strict';
import { decode, encode } from '#src/codec/index.js';
import { openChildProcessEvaluator, openInProcessEvaluator } from '#src/evaluator/index.js';
import { makeSliceBatch, payloadAt, type SliceBatch } from '#src/model/index.js';
import { measure, type Subject } from './harness/measure.js';
import { Report, digits } from './harness/report.js';
import { BenchSandbox } from './harness/sandboxes.js';

type Floats = Float64Array<ArrayBuffer>;

const SIZES = [1e6, 16e6, 64e6];
const SLICES = 20_000;
const ROUNDS = 15;
/** Round trips a run. */
const TURNS = 2;

const inProcess = await openInProcessEvaluator({ threads: 1 });
const child = await openChildProcessEvaluator({ threads: 1 });
const socket = await openChildProcessEvaluator({ threads: 1, sharedMemory: false });
const SAME = '(x) => x';
const OWN = '(x) => new Float64Array(x.length).fill(x[0])';
const here = await BenchSandbox.assigned(inProcess, SAME);
const there = await BenchSandbox.assigned(child, SAME);
const thereOwn = await BenchSandbox.assigned(child, OWN);
const throughSocket = await BenchSandbox.assigned(socket, SAME);

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

function roundTrip(sandbox: BenchSandbox, bytes: number): Subject {
  let array: Floats = new Float64Array(bytes / 8).fill(Math.PI);
  const through = async (): Promise<void> => {
    await sandbox.run(makeSliceBatch([1], [encode(array)]));
    array = decode(payloadAt(sandbox.results[0]!, 0)) as Floats;
  };
  return {
    turns: TURNS,
    prepare: through,
    async run() {
      for (let i = 0; i < TURNS; i++) await through();
      assert.equal(array.at(-1), Math.PI);
    },
  };
}

function copies(bytes: number): Subject {
  const from = new Uint8Array(bytes).fill(1);
  const to = new Uint8Array(bytes).fill(2);
  return {
    turns: TURNS,
    run() {
      for (let i = 0; i < 2 * TURNS; i++) to.set(from);
    },
  };
}

const report = new Report('child-process', { rounds: ROUNDS, slices: SLICES });
const rates = await measure(
  { 'child process': emptySlices(there, SLICES, 1), 'in-process': emptySlices(here, SLICES, 1) },
  { rounds: ROUNDS },
);
report.figures(`empty Slice, ${SLICES} in one hand-over`, rates, 'in-process');

const COPIES = 'one copy per direction';
const EMPTY = 'empty Slice, child process';
for (const bytes of SIZES) {
  const figures = await measure(
    {
      'child process': roundTrip(there, bytes),
      'child process, an array of its own': roundTrip(thereOwn, bytes),
      'child process, without shared memory': roundTrip(throughSocket, bytes),
      'in-process': roundTrip(here, bytes),
      [COPIES]: copies(bytes),
      [EMPTY]: emptySlices(there, 1, 20),
      'empty Slice, in-process': emptySlices(here, 1, 20),
    },
    { rounds: ROUNDS },
  );
  report.figures(`${bytes / 1e6} MB in and out`, figures, COPIES);
  const wall = (name: keyof typeof figures): number => figures[name].wallUs.median;
  const ratio = wall('child process') / (wall(COPIES) + wall(EMPTY));
  report.standing(
    `${bytes / 1e6} MB array through a child process against a copy per direction and an empty Slice`,
    bytes === 64e6 ? 'at most 2×' : 'none',
    `${digits(ratio)}×`,
    bytes === 64e6 ? ratio <= 2 : null,
  );
}
await child.close();
await socket.close();
await inProcess.close();
report.finish();
process.exit(0);
