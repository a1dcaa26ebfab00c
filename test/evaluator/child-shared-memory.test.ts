/** Memory that an evaluator process shares with its host: bytes come and go unchanged, and are nobody else's meanwhile. */
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type TestContext } from 'node:test';
import { openChildProcessEvaluator, type ChildProcessEvaluatorOptions } from '#src/evaluator/index.js';
import { evaluatorEnvironment } from '#src/evaluator/child-process/environment.js';
import { EvaluatorProcess } from '#src/evaluator/child-process/process.js';
import { Confinement, completeConfinement } from '#src/evaluator/confinement/index.js';
import { PeerEvaluator } from '#src/evaluator/peer/evaluator.js';
import { SHARED_BYTES } from '#src/evaluator/peer/memory.js';
import { EvaluatorPeer } from '#src/evaluator/peer/peer.js';
import { Recorder, jobOf, slices, start, valuesOf } from './support.js';

const MIB = 2 ** 20;

async function open(t: TestContext, options: ChildProcessEvaluatorOptions = {}) {
  const evaluator = await openChildProcessEvaluator({
    threads: 2,
    gpu: null,
    onLog: () => undefined,
    ...options,
  });
  t.after(() => evaluator.close());
  return evaluator;
}

/** What the process of the Job called `job` has in common with this one. */
function memoryOf(evaluator: Awaited<ReturnType<typeof open>>) {
  return evaluator.stats().processes.find(({ jobId }) => jobId === 'job')!.memory!;
}

/** Bytes of which no page looks like another. */
function pattern(bytes: number, seed = bytes): Uint8Array {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let i = 0, x = seed | 1; i < words.length; i++) words[i] = x = (x * 1664525 + 1013904223) | 0;
  return new Uint8Array(words.buffer, 0, bytes).slice();
}

const SIZES = [0, 1, 4096, SHARED_BYTES - 1, SHARED_BYTES, SHARED_BYTES + 1, SHARED_BYTES + 4095];
SIZES.push(SHARED_BYTES + 4096, SHARED_BYTES + 65_536, MIB, MIB + 65_537, 5_000_000, 20 * MIB);

const WAYS: [string, string | ((bytes: Uint8Array) => unknown)][] = [
  ['in place', (bytes) => bytes],
  ['in an array of the Work Function', (bytes) => Uint8Array.from(bytes)],
  [
    'as part of one',
    (bytes) => {
      const larger = new Uint8Array(bytes.length + 100_000);
      larger.set(bytes, 70_000);
      return larger.subarray(70_000, 70_000 + bytes.length);
    },
  ],
  [
    'in memory that cannot be detached',
    `(bytes) => {
      const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes.length / 65_536) + 1 });
      const view = new Uint8Array(memory.buffer, 24, bytes.length);
      view.set(bytes);
      return view;
    }`,
  ],
];
for (const [way, workFunction] of WAYS) {
  test(`data of ${SIZES.length} lengths come back ${way}`, async (t) => {
    const evaluator = await open(t);
    const { sandbox, seen } = await start(evaluator, workFunction);
    // Twice: what has been used before is used again.
    for (const first of [1, 1001]) {
      sandbox.run(
        slices(
          SIZES.map((size) => pattern(size)),
          first,
        ),
      );
      await seen.untilEnded(seen.order.length + SIZES.length);
    }
    assert.deepEqual([...seen.failures.values()], []);
    for (const first of [1, 1001])
      SIZES.forEach((size, index) => {
        const came = seen.values.get(first + index) as Uint8Array;
        assert.ok(came instanceof Uint8Array && Buffer.compare(came, pattern(size)) === 0, `${size} bytes`);
      });
    assert.equal(memoryOf(evaluator).claims, 0);
  });
}

test('a result in place takes no other memory, and its datum is written once', async (t) => {
  const evaluator = await open(t);
  const { sandbox, seen } = await start(evaluator, (bytes: Uint8Array) => {
    bytes[0]!++;
    return bytes;
  });
  let bytes = pattern(8 * MIB);
  for (let slice = 1; slice <= 5; slice++) {
    const expected = bytes.slice();
    expected[0]!++;
    sandbox.run(slices([bytes], slice));
    await seen.untilEnded(slice);
    bytes = seen.values.get(slice) as Uint8Array;
    assert.equal(Buffer.compare(bytes, expected), 0);
  }
  const { taskPageBytes, resultPageBytes } = memoryOf(evaluator);
  assert.equal(resultPageBytes, 0);
  // The range of a result comes back with a message of its own, so that two of them may take turns.
  assert.ok(taskPageBytes >= 8 * MIB && taskPageBytes <= 24 * MIB, `${taskPageBytes} bytes`);
});

test('what a Work Function keeps stays what it was, whatever comes after', async (t) => {
  const evaluator = await open(t);
  const { sandbox, seen } = await start(evaluator, (bytes: Uint8Array) => {
    const kept = ((globalThis as { kept?: Uint8Array[] }).kept ??= []);
    if (kept.length < 5) kept.push(bytes);
    return kept.map((one) => [one[0], one.every((byte) => byte === one[0])]);
  });
  for (let slice = 1; slice <= 40; slice++) {
    sandbox.run(slices([new Uint8Array(MIB).fill(slice)], slice));
    await seen.untilEnded(slice);
  }
  assert.deepEqual(
    seen.values.get(40),
    [1, 2, 3, 4, 5].map((byte) => [byte, true]),
  );
  assert.ok(memoryOf(evaluator).placedBytes >= 5 * MIB);
});

test('a new array is all zeros, though its memory was a result before', async (t) => {
  const evaluator = await open(t, { threads: 1 });
  const { sandbox, seen } = await start(evaluator, () => {
    const array = new Uint8Array(1 << 20);
    const dirt = array.some((byte) => byte !== 0);
    array.fill(255);
    return [dirt, array];
  });
  for (let slice = 1; slice <= 20; slice++) {
    sandbox.run(slices([0], slice));
    await seen.untilEnded(slice);
  }
  assert.ok([...seen.values.values()].every((value) => (value as [boolean])[0] === false));
  // It was the same memory over and over.
  const { resultPageBytes } = memoryOf(evaluator);
  assert.ok(resultPageBytes >= MIB && resultPageBytes <= 4 * MIB, `${resultPageBytes} bytes`);
});

test('200 Tasks of 1 MiB leave nothing behind, and what nobody uses goes back to the system', async (t) => {
  const evaluator = await open(t, { threads: 1 });
  const { sandbox, seen } = await start(evaluator, (bytes: Uint8Array) => Uint8Array.from(bytes));
  for (let slice = 1; slice <= 200; slice++) {
    sandbox.run(slices([new Uint8Array(MIB).fill(slice)], slice));
    await seen.untilEnded(slice);
    seen.batches.length = 0;
  }
  const most = memoryOf(evaluator);
  t.diagnostic(JSON.stringify(most));
  assert.ok(most.taskPageBytes <= 200 * MIB && most.resultPageBytes <= 200 * MIB);
  sandbox.dispose();
  await seen.until(() => seen.end !== null);
  // The process lives two seconds without a Sandbox.
  const other = await start(evaluator, () => 1);
  const until = performance.now() + 10_000;
  for (;;) {
    const { placedBytes, taskPageBytes, resultPageBytes } = memoryOf(evaluator);
    if (placedBytes === 0 && taskPageBytes === 0 && resultPageBytes === 0) break;
    assert.ok(performance.now() < until, JSON.stringify(memoryOf(evaluator)));
    await sleep(50);
  }
  assert.equal(other.seen.end, null);
});

test('two Slices that are given the same array come to two results', async (t) => {
  const evaluator = await open(t, { threads: 1 });
  const { sandbox, seen } = await start(evaluator, (bytes: Uint8Array) => {
    const turns = globalThis as { turn?: number };
    return bytes.fill((turns.turn = (turns.turn ?? 0) + 1));
  });
  sandbox.run(slices([new Uint8Array(MIB)], 1));
  await seen.untilEnded(1);
  // Memory of the host's own, which it would use again.
  for (const first of [2, 4]) {
    const bytes = seen.values.get(first - 1) as Uint8Array;
    sandbox.run(slices([bytes, bytes], first));
    await seen.untilEnded(first + 1);
  }
  const filled = [1, 2, 3, 4, 5].map((slice) => seen.values.get(slice) as Uint8Array);
  for (const slice of [4, 5])
    assert.ok(
      filled[slice - 1]!.every((byte) => byte === slice),
      `Slice ${slice}`,
    );
});

/** Open files of a process, and those that are shared memory. */
function holdings(pid: number | 'self' = 'self'): { files: number; descriptors: number } {
  const names = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return {
    files: names.filter((name) => name.startsWith('/memfd:dcp-')).length,
    descriptors: names.length,
  };
}

test('an evaluator process has the memory, and its descriptors no longer', async (t) => {
  const evaluator = await open(t);
  const { sandbox, seen } = await start(evaluator, (bytes: Uint8Array) => bytes);
  sandbox.run(slices([pattern(MIB)]));
  await seen.untilEnded(1);
  const { pid, memory } = evaluator.stats().processes.find(({ jobId }) => jobId === 'job')!;
  assert.ok(memory!.taskPageBytes >= MIB);
  assert.equal(holdings(pid).files, 0);
});

test('processes that are killed while they have 64 MiB leave no memory and no descriptor', async (t) => {
  const before = holdings();
  const evaluator = await openChildProcessEvaluator({ threads: 1, gpu: null, onLog: () => undefined });
  t.after(() => evaluator.close());
  for (let round = 0; round < 4; round++) {
    const { sandbox, seen } = await start(evaluator, (bytes: Uint8Array) => bytes.slice(), {
      job: { id: 'job' },
    });
    sandbox.run(slices([pattern(4 * MIB), ...Array.from({ length: 15 }, () => new Uint8Array(4 * MIB))]));
    // Somewhere on its way; at first before anything has come back.
    await seen.untilEnded(round);
    process.kill(evaluator.stats().processes.find(({ jobId }) => jobId === 'job')!.pid, 'SIGKILL');
    await seen.until(() => seen.end !== null);
    assert.equal(seen.order.length + seen.end!.unfinished.length, 16);
    if (round > 0) assert.equal(Buffer.compare(seen.values.get(1) as Uint8Array, pattern(4 * MIB)), 0);
    for (const value of [...seen.values.values()].slice(1))
      assert.ok((value as Uint8Array).every((byte) => byte === 0));
  }
  await evaluator.close();
  assert.deepEqual(holdings(), before);
});

/** Evaluator processes whose regions are so long. */
class NarrowEvaluator extends PeerEvaluator<EvaluatorProcess> {
  readonly #confinement = new Confinement({
    ...completeConfinement({}),
    gpu: false,
    env: evaluatorEnvironment(process.env),
  });

  constructor(private readonly regionBytes: number) {
    super();
  }

  protected override openPeer(): EvaluatorPeer<EvaluatorProcess> {
    const options = {
      threads: 1,
      gpu: null,
      regionBytes: this.regionBytes,
      confinement: this.#confinement,
      onLog: () => undefined,
    };
    return new EvaluatorPeer(
      { startTimeoutMs: 30_000, hangTimeoutMs: 10_000 },
      (owner) => new EvaluatorProcess(options, owner),
    );
  }
  get memory() {
    return [...this.peers].find(({ jobId }) => jobId !== null)!.link.memory;
  }
}

for (const [regionBytes, what] of [
  [2 * MIB, 'for which there is no room'],
  [0, 'without shared memory'],
] as const) {
  test(`data and results ${what} go through the socket`, async (t) => {
    const evaluator = new NarrowEvaluator(regionBytes);
    t.after(() => evaluator.close());
    const seen = new Recorder();
    const sandbox = await evaluator.createSandbox(seen);
    await sandbox.assign(jobOf((bytes: Uint8Array) => Uint8Array.from(bytes)));
    const data = [pattern(3 * MIB), pattern(MIB), pattern(700_000), pattern(SHARED_BYTES), pattern(2 * MIB)];
    sandbox.run(slices(data.map((bytes) => bytes.slice())));
    await seen.untilEnded(data.length);
    valuesOf(seen).forEach((came, index) =>
      assert.equal(Buffer.compare(came as Uint8Array, data[index]!), 0, `Slice ${index + 1}`),
    );
    assert.equal(evaluator.memory === null, regionBytes === 0);
    const used = evaluator.memory?.stats().taskPageBytes ?? 0;
    assert.ok(regionBytes === 0 ? used === 0 : used > 0 && used <= regionBytes, `${used} bytes`);
  });
}
