import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { interruptible, openMachine, unreliable, upTo } from './support.js';

test('a Scheduler whose calls fail one time in five delays results and loses none', async (t) => {
  // A Task whose answer got lost is leased for as long as a lease lasts.
  const machine = await openMachine(t, { leaseMs: 1000 });
  const scheduler = unreliable(
    machine.scheduler,
    ['requestTask', 'fetchJob', 'submitResults', 'appendMessages', 'renewLeases', 'returnSlices'],
    0.2,
  );
  let troubles = 0;
  machine.work(
    { submitIntervalMs: 5, targetMs: 100, observer: { onTrouble: () => troubles++ } },
    { scheduler },
  );
  const job = machine.compute.for(upTo(300), (n: number) => {
    for (const end = Date.now() + 2; Date.now() < end;);
    return n;
  });
  assert.deepEqual([...(await job.exec())], upTo(300));
  assert.ok(troubles > 0);
});

test('a Job that is cancelled or removed while it runs is dropped, its Slices are ended', async (t) => {
  const machine = await openMachine(t, { leaseMs: 1000 });
  const gone: string[] = [];
  const supervisor = machine.work({ observer: { onJobGone: (id) => gone.push(id) } });
  const jobs = [1, 2].map(() =>
    machine.compute.for(1, 1, () => new Promise<void>((resolve) => setTimeout(resolve, 60_000))),
  );
  const ends = jobs.map((job) => job.exec().catch((error: { code: string }) => error.code));
  while (supervisor.status().jobs.filter(({ running }) => running === 1).length < 2) await sleep(10);
  await jobs[0]!.cancel();
  assert.equal(await ends[0], 'ECANCELLED');
  await machine.scheduler.removeJob(jobs[1]!.id!);
  assert.equal(await ends[1], 'ENOJOB');
  while (gone.length < 2) await sleep(50);
  await sleep(50);
  assert.deepEqual(supervisor.status().sandboxes, []);
  // And the Supervisor goes on.
  assert.equal((await machine.compute.for(1, 2, (n: number) => n).exec()).length, 2);
});

test('a process that stood still for longer than a lease keeps its Slices and runs them once', async (t) => {
  const machine = await openMachine(t, { leaseMs: 1000 });
  // Its next request is due before the next renewal, as with leases of usual length.
  machine.scheduler.waitForWork = () => sleep(1, true);
  const supervisor = machine.work();
  const job = machine.compute.for(1, 1, async (n: number) => {
    console.log('begins');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return n;
  });
  let begun = 0;
  job.on('console', () => begun++);
  const results = job.exec();
  while (supervisor.status().jobs[0]?.running !== 1) await sleep(10);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200);
  assert.deepEqual([...(await results)], [1]);
  assert.equal(begun, 1);
});

declare const work: { emit(name: string, value?: unknown): void };

test('what Slices say outlasts a Scheduler that is away for long, but does not hold up results', async (t) => {
  const machine = await openMachine(t);
  const line = interruptible(machine.scheduler);
  let troubles = 0;
  const first = machine.work(
    { sandboxes: 1, observer: { onTrouble: () => troubles++ } },
    { scheduler: line.scheduler },
  );
  const emitting = (n: number): number => {
    work.emit('ran', n);
    return n;
  };
  const job = machine.compute.for(1, 3, async (n: number) => {
    work.emit('ran', n);
    await new Promise((resolve) => setTimeout(resolve, 300));
    return n;
  });
  const ran: unknown[] = [];
  job.work.on('ran', (n) => ran.push(n));
  const results = job.exec();
  while (ran.length === 0) await sleep(5);
  line.isAway = true;
  // More failures than messages alone would be granted.
  while (troubles < 7) await sleep(20);
  line.isAway = false;
  assert.deepEqual([...(await results)], [1, 2, 3]);
  assert.deepEqual(ran, [1, 2, 3]);
  await first.stop();

  const deaf = unreliable(machine.scheduler, ['appendMessages'], 2);
  machine.work({ sandboxes: 1 }, { scheduler: deaf });
  const started = performance.now();
  assert.equal((await machine.compute.for(1, 3, emitting).exec()).length, 3);
  assert.ok(performance.now() - started < 30_000);
});
