import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Scheduler } from '#src/scheduler/index.js';
import type { Supervisor } from '#src/supervisor/index.js';
import { openMachine, upTo } from './support.js';

/** How often each Slice was recorded, from the Job's log. */
async function recordings(scheduler: Scheduler, jobId: string): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (let after = 0; ;) {
    const events = await scheduler.readEvents(jobId, after, 1000);
    if (events.length === 0) return counts;
    for (const event of events) {
      if (event.type === 'results') for (const n of event.numbers) counts.set(n, (counts.get(n) ?? 0) + 1);
      after = event.seq;
    }
  }
}

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

test('a Sandbox is replaced after its use', async (t) => {
  const machine = await openMachine(t);
  const sandboxes = new Set<number>();
  machine.work({
    sandboxes: 1,
    sandboxUse: { slices: 10, workMs: 0 },
    observer: { onHandOver: ({ sandboxId }) => sandboxes.add(sandboxId) },
  });
  // More work than one hand-over takes.
  const job = machine.compute.for(1, 500, (n: number) => {
    for (const end = Date.now() + 2; Date.now() < end;);
    return n;
  });
  assert.equal((await job.exec()).length, 500);
  assert.ok(sandboxes.size >= 2, `${sandboxes.size} Sandboxes`);
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
