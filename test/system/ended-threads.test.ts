/** Long buffers that V8 does not count are kept by the thread that made them: what becomes of them when it ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { loadNative } from '#src/evaluator/native.js';

const MIB = 2 ** 20;
/** Of a thread. */
const COUNT = 64;
/** Threads, one after another. */
const ROUNDS = 10;
/** Far less than all of them have, and far more than the C library keeps for the next. */
const MOST_LEFT = (ROUNDS * COUNT * MIB) / 2;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A thread that makes buffers, keeps them or hands them to us, and ends. */
async function buffersOf(kind: 'kept' | 'handed over'): Promise<Uint8Array[]> {
  const handOver =
    kind === 'handed over' ? `parentPort.postMessage(all, all.map(({ buffer }) => buffer));` : '';
  const thread = new Worker(
    `const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(import.meta.resolve('#src/evaluator/native.js'))}).then(({ loadNative }) => {
      const native = loadNative();
      globalThis.all = Array.from({ length: ${COUNT} }, (_, i) => native.allocateBuffer(${MIB}).fill(i));
      ${handOver}
    });`,
    { eval: true },
  );
  const got: Uint8Array[] = [];
  thread.on('message', (all: Uint8Array[]) => got.push(...all));
  assert.deepEqual(await once(thread, 'exit'), [0]);
  return got;
}

const residentBytes = (): number => process.memoryUsage().rss;

// The addon stays loaded when the thread ends.
const { sweepBuffers } = loadNative();

/** Resolves when a sweep finds that nothing is left. */
async function allGivenUp(): Promise<void> {
  const until = performance.now() + 60_000;
  while (sweepBuffers()) {
    assert.ok(performance.now() < until, 'buffers that are garbage are still there');
    collectGarbage();
    await setTimeout(10);
  }
}

async function handedOver(): Promise<void> {
  const all = await buffersOf('handed over');
  assert.equal(all.length, COUNT);
  // There are some, and they stay as they are.
  assert.equal(sweepBuffers(), true);
  assert.ok(all.every((bytes, i) => Buffer.alloc(MIB, i).equals(bytes)));
}

test('what nobody else has is gone with it', async () => {
  await buffersOf('kept');
  const before = residentBytes();
  for (let times = 0; times < ROUNDS; times++) await buffersOf('kept');
  assert.ok(residentBytes() < before + MOST_LEFT, `${(residentBytes() - before) / MIB} MiB were left`);
  assert.equal(sweepBuffers(), false);
});

test('what it has handed over stays whole, and is given up by the sweep of another thread once it is garbage', async () => {
  await handedOver();
  await allGivenUp();
  const before = residentBytes();
  for (let times = 0; times < ROUNDS; times++) {
    await handedOver();
    await allGivenUp();
  }
  assert.ok(residentBytes() < before + MOST_LEFT, `${(residentBytes() - before) / MIB} MiB were left`);
});
