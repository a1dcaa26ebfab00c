import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evaluator } from '#src/evaluator/index.js';
import type { SliceBatch } from '#src/model/index.js';
import type { Supervisor } from '#src/supervisor/index.js';
import { CountingEvaluator, openMachine, recordings, upTo } from './support.js';

test('two Workers on one Scheduler do every Slice exactly once, results in input order', async (t) => {
  const machine = await openMachine(t);
  const workers = [machine.work({ sandboxes: 1 }), machine.work({ sandboxes: 1 })];
  const job = machine.compute.for(1, 3000, (n: number) => {
    for (let i = 0; i < 20_000; i++) Math.sqrt(i);
    return n * 2;
  });
  const results = await job.exec();
  assert.deepEqual(
    [...results],
    upTo(3000).map((n) => n * 2),
  );
  const counts = await recordings(machine.scheduler, job.id!);
  assert.equal(counts.size, 3000);
  assert.ok([...counts.values()].every((count) => count === 1));
  const done = workers.map((worker) => worker.status().counts.done);
  assert.equal(done[0]! + done[1]!, 3000, 'no Slice ran twice');
  assert.ok(Math.min(...done) > 0, `both worked: ${done.join(' and ')}`);
});

test('more Jobs than Sandboxes: all of them come to their end', async (t) => {
  const machine = await openMachine(t);
  machine.work({ targetMs: 100 });
  const jobs = upTo(5).map((k) =>
    machine.compute.for(1, 200, (n: number, factor: number) => n * factor, [k]),
  );
  const all = await Promise.all(jobs.map((job) => job.exec()));
  all.forEach((results, k) => assert.equal(results[199], 200 * (k + 1)));
});

test('a small Job gets a Sandbox while a large one has work for all of them', async (t) => {
  const machine = await openMachine(t);
  machine.work({ targetMs: 300 });
  const large = machine.compute.for(1, 100_000, () => {
    for (const end = Date.now() + 5; Date.now() < end;);
  });
  const largeEnd = large.exec().catch((error: { code: string }) => error.code);
  await new Promise((resolve) => large.once('result', resolve));
  const started = performance.now();
  await machine.compute.for(1, 3, (n: number) => n).exec();
  assert.ok(performance.now() - started < 4000, `${performance.now() - started} ms`);
  await large.cancel();
  assert.equal(await largeEnd, 'ECANCELLED');
});

test('empty Slices are handed over by the thousand, and no more than the target is held', async (t) => {
  const machine = await openMachine(t);
  let handOvers = 0;
  let mostHeld = 0;
  let leastMs = Infinity;
  const supervisor: Supervisor = machine.work({
    targetMs: 200,
    observer: {
      onHandOver: () => handOvers++,
      onTask: () => {
        const { jobs } = supervisor.status();
        for (const { queued, running, sliceMs } of jobs) {
          // A Slice during which the machine was busy elsewhere raises the mean of those already held.
          leastMs = Math.min(leastMs, sliceMs ?? Infinity);
          if (sliceMs !== null) mostHeld = Math.max(mostHeld, (queued + running) * leastMs);
        }
      },
    },
  });
  await machine.compute.for(1, 50_000, (n: number) => n).exec();
  assert.ok(handOvers < 500, `${handOvers} hand-overs for 50,000 Slices`);
  // The mean falls while the first Tasks are there: they were sized by a larger one.
  assert.ok(mostHeld <= 2 * 2 * 200, `${mostHeld} ms held by 2 Sandboxes with a target of 200 ms`);
});

test('Slices with much data are handed over by their bytes, however short they are', async (t) => {
  const machine = await openMachine(t);
  const most = { slices: 0, bytes: 0 };
  const evaluator: Evaluator = {
    createSandbox: async (observer, limits) => {
      const sandbox = await machine.evaluator.createSandbox(observer, limits);
      const run = (batch: SliceBatch): void => {
        const bytes = batch.segments.reduce((sum, segment) => sum + segment.byteLength, batch.heads.length);
        most.slices = Math.max(most.slices, batch.numbers.length);
        most.bytes = Math.max(most.bytes, bytes);
        sandbox.run(batch);
      };
      return {
        id: sandbox.id,
        assign: (job) => sandbox.assign(job),
        run,
        answer: (...answer) => sandbox.answer(...answer),
        dispose: () => sandbox.dispose(),
      };
    },
    close: () => Promise.resolve(),
  };
  machine.work({ sandboxes: 1, sandboxLimits: { bufferMiB: 32 } }, { evaluator });
  const data = upTo(400).map((n) => new Uint8Array(n <= 200 ? 1 : 2 ** 18).fill(n));
  const results = await machine.compute.for(data, (bytes: Uint8Array) => bytes[bytes.length - 1]).exec();
  assert.deepEqual(
    [...results],
    upTo(400).map((n) => n % 256),
  );
  assert.ok(most.slices > 50, `${most.slices} Slices at once`);
  // An eighth of what the Sandbox may have: all of them would not fit.
  assert.ok(most.bytes <= 4 * 2 ** 20, `${most.bytes} bytes at once`);
});

test('a Sandbox gets as many Slices as its use allows, and no more', async (t) => {
  const machine = await openMachine(t);
  const handed = new Map<number, number>();
  machine.work({
    maxSandboxUse: 30,
    observer: {
      onHandOver: ({ sandboxId, slices }) => handed.set(sandboxId, (handed.get(sandboxId) ?? 0) + slices),
    },
  });
  const results = await machine.compute.for(1, 500, (n: number) => n).exec();
  assert.deepEqual([...results], upTo(500));
  const uses = [...handed.values()];
  assert.ok(Math.max(...uses) <= 30, `${uses.join()} Slices`);
  assert.ok(uses.length >= Math.ceil(500 / 30), `${uses.length} Sandboxes`);
});

test('the one that takes the place of a Sandbox is ready before that has run its last Slice', async (t) => {
  const machine = await openMachine(t);
  let running = 0;
  const others: string[][] = [];
  const supervisor: Supervisor = machine.work({
    sandboxes: 1,
    maxSandboxUse: 1,
    observer: {
      onHandOver: ({ sandboxId }) => (running = sandboxId),
      onResults: () => {
        const { sandboxes } = supervisor.status();
        others.push(sandboxes.filter(({ id }) => id !== running).map(({ state }) => state));
      },
    },
  });
  const job = machine.compute.for(1, 4, (n: number) => {
    for (const end = Date.now() + 300; Date.now() < end;);
    return n;
  });
  assert.deepEqual([...(await job.exec())], upTo(4));
  // Only when the first has shown how long they take is more than one held.
  assert.deepEqual(others, [[], ['ready'], ['ready'], []]);
});

test('while Sandboxes take turns, no more of them run than there may be', async (t) => {
  const machine = await openMachine(t);
  let most = 0;
  const evaluator = new CountingEvaluator(machine.evaluator, (running) => (most = Math.max(most, running)));
  machine.work({ sandboxes: 2, maxSandboxUse: 5 }, { evaluator });
  const jobs = upTo(3).map(() =>
    machine.compute.for(1, 100, async (n: number) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return n;
    }),
  );
  for (const results of await Promise.all(jobs.map((job) => job.exec()))) assert.equal(results.length, 100);
  assert.equal(most, 2);
});

test('each Sandbox of a Job has arguments of its own', async (t) => {
  const machine = await openMachine(t);
  machine.work();
  const counters = new Uint32Array(100_000);
  const job = machine.compute.for(
    1,
    300,
    (_n: number, counts: Uint32Array) => {
      counts[0]!++;
      return counts[1];
    },
    [counters],
  );
  assert.ok([...(await job.exec())].every((value) => value === 0));
  assert.equal(counters[0], 0);
});
