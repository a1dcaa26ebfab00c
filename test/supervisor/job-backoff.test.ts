/** Jobs that only fail are left alone for a while, so that a Worker is not used up by them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scheduler, TaskRequest } from '#src/scheduler/index.js';
import { MortalEvaluator, openMachine, wrapped } from './support.js';

/** So long that each is handed over by itself. */
const LONG_SLICE_MS = 260;

const failing = async (n: number, ms: number): Promise<never> => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  throw new Error(`no ${n}`);
};

/** The real Scheduler; `onRequest` hears what is asked of it and may change it. */
function overheard(scheduler: Scheduler, onRequest: (request: TaskRequest) => TaskRequest): Scheduler {
  return wrapped(scheduler, (name, method) =>
    name === 'requestTask' ? (request) => method(onRequest(request as TaskRequest)) : undefined,
  );
}

test('a Job that only fails is set aside for longer and longer; others go on meanwhile', async (t) => {
  const machine = await openMachine(t);
  const setAside: { id: string; ms: number; reason: string }[] = [];
  const supervisor = machine.work({
    jobBackoff: { failures: 4, forMs: 0, firstMs: 300, maxMs: 1000 },
    observer: { onJobSetAside: (id, reason, ms) => setAside.push({ id, reason, ms }) },
  });
  const bad = machine.compute.for(1, 12, failing, [LONG_SLICE_MS]);
  const results = bad.exec();
  while (setAside.length === 0) await sleep(5);
  const shown = supervisor.status().jobs.find(({ id }) => id === bad.id)!;
  assert.ok(shown.failuresInARow >= 4 && shown.setAsideMs > 0 && shown.setAsideMs <= 300);
  assert.equal(shown.queued, 0, 'what was held of it went back');
  assert.equal((await machine.compute.for(1, 20, (n: number) => n).exec()).length, 20);
  assert.equal((await results).length, 12);
  assert.ok(setAside.every(({ id }) => id === bad.id));
  assert.deepEqual(
    setAside.slice(0, 4).map(({ ms }) => ms),
    [300, 600, 1000, 1000].slice(0, setAside.length),
  );
  assert.ok(setAside.length >= 3, `${setAside.length} times`);
  assert.match(setAside[0]!.reason, /^[45] failures in a row and nothing else for \d+ s$/);
});

test('one Slice that does not fail makes the Job welcome again', async (t) => {
  const machine = await openMachine(t);
  let setAside = 0;
  const supervisor = machine.work({
    sandboxes: 1,
    jobBackoff: { failures: 4, forMs: 0, firstMs: 60_000 },
    observer: { onJobSetAside: () => setAside++ },
  });
  const job = machine.compute.for(1, 23, (n: number) => {
    if (n % 4 !== 0) throw new Error('no');
    return n;
  });
  assert.equal((await job.exec()).length, 23);
  assert.equal(setAside, 0);
  assert.equal(supervisor.status().jobs[0]!.failuresInARow, 3);
});

test('a Slice that still runs may bring a Job back that was set aside', async (t) => {
  const machine = await openMachine(t);
  let setAside = 0;
  machine.work({
    sandboxes: 2,
    jobBackoff: { failures: 2, forMs: 0, firstMs: 60_000 },
    observer: { onJobSetAside: () => setAside++ },
  });
  const job = machine.compute.for(1, 6, async (n: number) => {
    await new Promise((resolve) => setTimeout(resolve, n === 1 ? 1500 : 300));
    if (n > 1 && n < 5) throw new Error('no');
    return n;
  });
  assert.equal((await job.exec()).length, 6);
  assert.equal(setAside, 1);
});

test('many short Slices that fail are their owner’s affair', async (t) => {
  const machine = await openMachine(t);
  let setAside = 0;
  machine.work({ observer: { onJobSetAside: () => setAside++ } });
  assert.equal((await machine.compute.for(1, 500, failing, [0]).exec()).length, 500);
  assert.equal(setAside, 0);
});

test('a Work Function that cannot be used fails its Slices, however many, and is not set aside', async (t) => {
  const machine = await openMachine(t);
  let setAside = 0;
  machine.work({ jobBackoff: { failures: 1, forMs: 0 }, observer: { onJobSetAside: () => setAside++ } });
  assert.equal((await machine.compute.for(1, 2000, '({ not: "a function" })').exec()).length, 2000);
  assert.equal(setAside, 0);
});

test('a Job that loses its Sandboxes is set aside', async (t) => {
  const machine = await openMachine(t);
  const evaluator = new MortalEvaluator(machine.evaluator, {
    mayDie: (message) => message.type === 'console' && message.message === 'end me',
  });
  let setAside = 0;
  const supervisor = machine.work(
    {
      maxAttempts: 1000,
      jobBackoff: { failures: 4, forMs: 0, firstMs: 60_000 },
      observer: { onJobSetAside: () => setAside++ },
    },
    { evaluator },
  );
  const job = machine.compute.for(1, 50, () => {
    console.log('end me');
    return new Promise<void>((resolve) => setTimeout(resolve, 10_000));
  });
  const ended = job.exec().catch((error: { code: string }) => error.code);
  while (setAside === 0) await sleep(10);
  await sleep(1000);
  const { lostSandboxes } = supervisor.status().counts;
  assert.ok(lostSandboxes >= 4 && lostSandboxes <= 6, `${lostSandboxes} lost`);
  assert.equal((await machine.scheduler.jobStatus(job.id!)).leased, 0, 'others may have it');
  await job.cancel();
  assert.equal(await ended, 'ECANCELLED');
});

for (const [name, change] of [
  ['a Scheduler with nothing else is not asked again and again', (request: TaskRequest) => request],
  [
    'nor one that hands out what it was asked not to',
    (request: TaskRequest) => ({ ...request, exceptJobs: [] }),
  ],
] as const)
  test(name, async (t) => {
    const machine = await openMachine(t);
    let asked = 0;
    let setAside = 0;
    const scheduler = overheard(machine.scheduler, (request) => {
      asked++;
      return change(request);
    });
    machine.work(
      {
        jobBackoff: { failures: 2, forMs: 0, firstMs: 60_000 },
        observer: { onJobSetAside: () => setAside++ },
      },
      { scheduler },
    );
    const job = machine.compute.for(1, 20, failing, [LONG_SLICE_MS]);
    const ended = job.exec().catch((error: { code: string }) => error.code);
    while (setAside === 0) await sleep(10);
    await sleep(LONG_SLICE_MS);
    asked = 0;
    await sleep(1500);
    assert.ok(asked > 0 && asked < 60, `${asked} requests in 1.5 s`);
    const { done } = await machine.scheduler.jobStatus(job.id!);
    assert.ok(done < 6, `${done} Slices run`);
    await job.cancel();
    assert.equal(await ended, 'ECANCELLED');
  });

test('values out of range are refused with their name', async (t) => {
  const machine = await openMachine(t);
  for (const [field, value] of [
    ['failures', 0],
    ['forMs', -1],
    ['crashes', 0],
    ['firstMs', 0],
    ['maxMs', NaN],
    ['maxMs', Infinity],
  ] as const)
    assert.throws(() => machine.work({ jobBackoff: { [field]: value } }), {
      code: 'EINVAL',
      field: `jobBackoff.${field}`,
    });
});
