/** What a display reads of a Supervisor at one moment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Chunk, HeldTask } from '#src/supervisor/held-task.js';
import type { Supervisor, SupervisorStatus } from '#src/supervisor/index.js';
import { makeRangeBatch } from '#src/model/index.js';
import { openMachine, upTo } from './support.js';

declare function progress(fraction?: number): boolean;

type SandboxStatus = SupervisorStatus['sandboxes'][number];

/** The only Sandbox with a Job, once it is as described. */
async function sandboxThat(
  supervisor: Supervisor,
  fits: (sandbox: SandboxStatus) => boolean,
): Promise<SandboxStatus> {
  for (;;) {
    const found = supervisor.status().sandboxes.find(fits);
    if (found !== undefined) return found;
    await sleep(5);
  }
}

test('the Slice a Sandbox runs is shown with its time and its last progress', async (t) => {
  const machine = await openMachine(t);
  const supervisor = machine.work({ sandboxes: 1 });
  const job = machine.compute.for(1, 3, async (n: number) => {
    progress(n / 4);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return n;
  });
  const started = performance.now();
  const results = job.exec();
  for (const n of [1, 2, 3]) {
    const shown = await sandboxThat(supervisor, ({ slice, progress }) => slice === n && progress !== null);
    assert.equal(shown.progress, n / 4);
    assert.equal(shown.jobId, job.id);
    assert.equal(shown.usesGpu, false);
    assert.equal(shown.slices, n - 1);
    assert.ok(shown.sinceMs! >= 0 && shown.sinceMs! <= performance.now() - started, `${shown.sinceMs} ms`);
    const later = await sandboxThat(supervisor, ({ slice, sinceMs }) => slice !== n || sinceMs! > 200);
    assert.equal(later.slice, n, 'its time passes while it runs');
  }
  await results;
  const idle = await sandboxThat(supervisor, ({ slice }) => slice === null);
  assert.deepEqual([idle.sinceMs, idle.progress, idle.slices], [null, null, 3]);
});

test('a Slice that ran before leaves neither time nor progress to the next', async (t) => {
  const machine = await openMachine(t);
  const supervisor = machine.work({ sandboxes: 1 });
  const job = machine.compute.for(1, 2, async (n: number) => {
    if (n === 1) progress(0.9);
    await new Promise((resolve) => setTimeout(resolve, 400));
    return n;
  });
  const results = job.exec();
  const second = await sandboxThat(supervisor, ({ slice }) => slice === 2);
  assert.equal(second.progress, null);
  assert.ok(second.sinceMs! < 400, `${second.sinceMs} ms`);
  await results;
});

test('results and failures are counted for each Job by itself', async (t) => {
  const machine = await openMachine(t);
  const supervisor = machine.work({ sandboxes: 1 });
  const fails = machine.compute.for(1, 10, (n: number) => {
    if (n % 5 === 2 || n > 7) throw new Error('no');
    return n;
  });
  await Promise.all([fails.exec(), machine.compute.for(1, 20, (n: number) => n).exec()]);
  const counted = supervisor.status().jobs.map(({ id, done, failed, failuresInARow }) => ({
    fails: id === fails.id,
    done,
    failed,
    failuresInARow,
  }));
  assert.deepEqual(
    counted.sort((a, b) => a.done - b.done),
    [
      { fails: true, done: 10, failed: 5, failuresInARow: 4 },
      { fails: false, done: 20, failed: 0, failuresInARow: 0 },
    ],
  );
});

test('what a hand-over still owes is known in whatever order Slices end', () => {
  const numbers = Uint32Array.from(upTo(5), (n) => n * 10);
  const held = new HeldTask({
    id: 'task',
    jobId: 'job',
    slices: makeRangeBatch(numbers),
    attempts: new Uint16Array(5),
    expiries: new Uint16Array(5),
    limits: { sliceTimeoutMs: 1, progressTimeoutMs: 1, cpuTimeoutMs: 1, gpuTimeoutMs: 1 },
    leaseMs: 1000,
  });
  const chunk = new Chunk(held, 0, numbers);
  assert.equal(chunk.next, 10);
  chunk.settle(10);
  assert.deepEqual([chunk.next, chunk.owes(10), chunk.owes(20)], [20, false, true]);
  chunk.settle(30);
  assert.deepEqual([chunk.next, chunk.owes(30), chunk.owes(40)], [20, false, true]);
  chunk.settle(20);
  assert.deepEqual([chunk.next, chunk.owes(20), chunk.owes(60)], [40, false, false]);
  chunk.settle(50);
  chunk.settle(40);
  assert.equal(chunk.next, null);
});
