/**
 * A Float64Array to the Work Function and back, one Slice per Task, encode to decode, beside the round trip to a worker
 * thread (structuredClone by transfer and by copy) and through isolated-vm. What comes back is sent again, so
 * that no round waits for fresh memory.
 */
import assert from 'node:assert/strict';
import { EchoThread } from './rivals/echo.js';
import { ivm } from './rivals/isolated-vm.js';
import type { Reference } from 'isolated-vm';
import { decode, encode } from '#src/codec/index.js';
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { loadNative } from '#src/evaluator/native.js';
import { makeSliceBatch, payloadAt } from '#src/model/index.js';
import { measure, type Figures, type Subject } from './harness/measure.js';
import { Report, digits } from './harness/report.js';
import { BenchSandbox } from './harness/sandboxes.js';

const { addressOf } = loadNative();

type Floats = Float64Array<ArrayBuffer>;

const KIB = 1024;
const MIB = 1024 * KIB;
/** That of the standing figure. One of 64 MiB meets a limit of V8 in the caller's isolate: docs/PERFORMANCE.md. */
const LARGE = 64e6;
const SIZES = [64 * KIB, MIB, 4 * MIB, 16 * MIB, LARGE, 64 * MIB];
const ROUNDS = 15;
/** Round trips a run: many of what costs microseconds, few of what copies megabytes. */
const TURNS = 20;

const evaluator = await openInProcessEvaluator({ threads: 1 });
const sandbox = await BenchSandbox.assigned(evaluator, '(array) => array');
const thread = new EchoThread();
const isolate = new ivm.Isolate({ memoryLimit: 512 });
const echo = isolate.createContextSync().evalSync('(array) => array', { reference: true }) as Reference<
  (array: unknown) => unknown
>;

async function throughSandbox(array: Floats): Promise<Floats> {
  await sandbox.run(makeSliceBatch([1], [encode(array)]));
  return decode(payloadAt(sandbox.results[0]!, 0)) as Floats;
}

function throughIsolate(array: Floats): Floats {
  const copy = new ivm.ExternalCopy(array).copyInto({ release: true });
  return echo.applySync(undefined, [copy], { result: { copy: true } }) as Floats;
}

/** A subject that passes one array around. */
function roundTrips(
  bytes: number,
  turns: number,
  through: (array: Floats) => Floats | Promise<Floats>,
): Subject {
  let array: Floats | null = null;
  return {
    turns,
    async prepare() {
      array ??= new Float64Array(bytes / 8).fill(Math.PI);
      // Untimed, so that no size pays for the garbage of the one before.
      for (let i = 0; i < turns; i++) array = await through(array);
    },
    async run() {
      for (let i = 0; i < turns; i++) array = await through(array!);
      assert.equal(array!.at(-1), Math.PI);
    },
  };
}

/** The array that comes back lies where the datum lay. */
async function assertSameMemory(): Promise<void> {
  const payload = encode(new Float64Array(LARGE / 8));
  const address = addressOf(payload.segments[0]!);
  await sandbox.run(makeSliceBatch([1], [payload]));
  const result = payloadAt(sandbox.results[0]!, 0);
  assert.equal(addressOf(result.segments[0]!), address);
}

await assertSameMemory();

// Sizes turn about, too: what is compared is one size with another.
const ours = await measure(
  Object.fromEntries(SIZES.map((bytes) => [label(bytes), roundTrips(bytes, TURNS, throughSandbox)])),
  { rounds: ROUNDS * 2 },
);
const report = new Report('typed-arrays', { rounds: ROUNDS });
report.figures('Slice, in-process, by size', ours, label(SIZES[0]!));
for (const bytes of SIZES) {
  const copies = bytes >= 4 * MIB ? 2 : TURNS;
  const figures: Record<string, Figures> = await measure(
    {
      Slice: roundTrips(bytes, TURNS, throughSandbox),
      'worker thread, transfer': roundTrips(bytes, TURNS, (array) => thread.send(array, true)),
      'worker thread, copy': roundTrips(bytes, copies, (array) => thread.send(array, false)),
      'isolated-vm, copy': roundTrips(bytes, copies, throughIsolate),
    },
    { rounds: bytes >= 16 * MIB ? 5 : ROUNDS, warmUp: 2 },
  );
  report.figures(`${label(bytes)}, in and out`, figures, 'Slice');
}
await thread.close();
await evaluator.close();

const median = (bytes: number): number => ours[label(bytes)]!.wallUs.median;
const ratio = median(LARGE) / median(64 * KIB);
report.standing('64 MB array in and out against 64 KB', 'at most 1.2×', `${digits(ratio)}×`, ratio <= 1.2);
report.finish();
process.exit(0);

function label(bytes: number): string {
  if (bytes === LARGE) return '64 MB';
  return bytes < MIB ? `${bytes / KIB} KiB` : `${bytes / MIB} MiB`;
}
