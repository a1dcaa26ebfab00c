import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { LifecycleError } from '#src/supervisor/index.js';
import { openMachine, answered, upTo } from './support.js';

declare const work: { emit(name: string, value?: unknown): void };

const countedWork = (n: number): number => {
  work.emit('ran', n);
  for (const end = Date.now() + 2; Date.now() < end;);
  return n;
};

test('stopping under load loses no Slice and runs none twice', async (t) => {
  const machine = await openMachine(t);
  const job = machine.compute.for(upTo(600), countedWork);
  const runs = new Map<number, number>();
  job.work.on('ran', (n) => runs.set(n as number, (runs.get(n as number) ?? 0) + 1));
  let finished = false;
  const results = job.exec().finally(() => (finished = true));
  let stops = 0;
  while (job.id === null) await sleep(5);
  while (!finished) {
    const supervisor = machine.work({ targetMs: 300 });
    await sleep(50 + Math.random() * 250);
    await supervisor.stop({ finish: 'slice' });
    stops++;
    const { jobs, sandboxes } = supervisor.status();
    assert.deepEqual(sandboxes, []);
    assert.ok(jobs.every(({ queued, running }) => queued === 0 && running === 0));
    const { leased } = await machine.scheduler.jobStatus(job.id);
    assert.equal(leased, 0, 'everything was submitted or given back');
  }
  assert.deepEqual([...(await results)], upTo(600));
  assert.ok(stops >= 2, `${stops} stops`);
  assert.deepEqual(
    [...runs.values()].filter((count) => count !== 1),
    [],
  );
  assert.equal(runs.size, 600);
});

test('stopping now does not wait for Slices; another Worker does them', async (t) => {
  const machine = await openMachine(t);
  const first = machine.work();
  const job = machine.compute.for(1, 4, (n: number) =>
    n > 0 ? new Promise<number>((resolve) => setTimeout(() => resolve(n), 1500)) : n,
  );
  const results = job.exec();
  while (first.status().sandboxes.length === 0) await sleep(10);
  await sleep(100);
  const started = performance.now();
  await first.stop({ finish: 'now' });
  assert.ok(performance.now() - started < 1000, `${performance.now() - started} ms`);
  assert.equal((await machine.scheduler.jobStatus(job.id!)).leased, 0);
  machine.work({ sandboxes: 4 });
  assert.deepEqual([...(await results)], [1, 2, 3, 4]);
});

test('a second stop hurries the first', async (t) => {
  const machine = await openMachine(t);
  const supervisor = machine.work();
  const job = machine.compute.for(1, 2, () => new Promise<void>((resolve) => setTimeout(resolve, 60_000)));
  const cancelled = job.exec().catch((error: { code: string }) => error.code);
  while (supervisor.status().jobs[0]?.running !== 2) await sleep(10);
  const slow = supervisor.stop({ timeoutMs: 60_000 });
  await sleep(50);
  assert.equal(supervisor.state, 'stopping');
  await supervisor.stop({ finish: 'now' });
  await slow;
  assert.equal(supervisor.state, 'stopped');
  await job.cancel();
  assert.equal(await cancelled, 'ECANCELLED');
});

test('a paused Supervisor gives back what it holds and takes nothing until it resumes', async (t) => {
  const machine = await openMachine(t);
  const supervisor = machine.work();
  const job = machine.compute.for(1, 500, countedWork);
  const results = job.exec();
  await new Promise((resolve) => job.once('result', resolve));
  supervisor.pause();
  // What Sandboxes have goes on.
  let status = await machine.scheduler.jobStatus(job.id!);
  for (const end = Date.now() + 10_000; status.leased > 0 && Date.now() < end;) {
    await sleep(50);
    status = await machine.scheduler.jobStatus(job.id!);
  }
  assert.equal(status.leased, 0);
  assert.ok(status.done < 500);
  supervisor.resume();
  assert.equal((await results).length, 500);
});

test('a Task that comes in when it has just been paused goes back, and it is said that it pauses', async (t) => {
  const machine = await openMachine(t);
  const reasons: unknown[] = [];
  const scheduler = answered(machine.scheduler, {
    requestTask: (_request, task) => {
      if (task !== null && supervisor.state === 'running') supervisor.pause();
    },
    returnSlices: ([, , reason]) => reasons.push(reason),
  });
  const supervisor = machine.work({}, { scheduler });
  const results = machine.compute.for(1, 2, (n: number) => n).exec();
  while (reasons.length === 0) await sleep(5);
  assert.deepEqual(reasons, [{ code: 'ESHUTDOWN', message: 'the Worker pauses', counted: false }]);
  machine.work();
  assert.deepEqual([...(await results)], [1, 2]);
});

test('who is paused finishes what Sandboxes hold as well, however long that takes', async (t) => {
  const machine = await openMachine(t);
  const returned: number[] = [];
  const states: string[] = [];
  const supervisor = machine.work({
    observer: { onState: (state) => states.push(state), onReturned: (_job, slices) => returned.push(slices) },
  });
  const job = machine.compute.for(1, 2, async (n: number) => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    return -n;
  });
  const results = job.exec();
  while (supervisor.status().jobs[0]?.running !== 2) await sleep(5);
  supervisor.pause();
  await supervisor.stop({ finish: 'task', timeoutMs: 1 });
  assert.deepEqual([...(await results)], [-1, -2]);
  assert.deepEqual(returned, []);
  assert.deepEqual(states, ['running', 'paused', 'finishing', 'stopping', 'stopped']);
});

test('illegal transitions throw', async (t) => {
  const machine = await openMachine(t);
  const supervisor = machine.work();
  assert.throws(() => supervisor.start(), LifecycleError);
  assert.throws(() => supervisor.resume(), /cannot go from "running" to "running"/);
  await supervisor.stop();
  assert.throws(() => supervisor.pause(), { code: 'ELIFECYCLE' });
  await supervisor.stop();
});

test('finishing what is held gives nothing back, asks for nothing more, and stops', async (t) => {
  const machine = await openMachine(t);
  const returned: number[] = [];
  const states: string[] = [];
  let tasks = 0;
  const supervisor = machine.work({
    sandboxes: 1,
    targetMs: 1500,
    observer: {
      onReturned: (_job, slices) => returned.push(slices),
      onState: (state) => states.push(state),
      onTask: () => tasks++,
    },
  });
  const job = machine.compute.for(1, 1000, (n: number) => {
    for (const end = Date.now() + 20; Date.now() < end;);
    return n;
  });
  const ended = job.exec().catch((error: { code: string }) => error.code);
  while (!supervisor.status().jobs.some(({ queued }) => queued > 8)) await sleep(1);
  const { queued, running } = supervisor.status().jobs[0]!;
  const { done } = supervisor.status().counts;
  const asked = tasks;
  await supervisor.stop({ finish: 'task' });
  assert.ok(queued > 8, `${queued} Slices had no Sandbox`);
  // A Task that was on its way when it was told is given back, whole.
  assert.equal(supervisor.status().counts.done, done + queued + running);
  assert.ok(returned.length <= 1 && tasks === asked, `${returned.join()} returned`);
  assert.deepEqual(states, ['running', 'finishing', 'stopping', 'stopped']);
  const status = await machine.scheduler.jobStatus(job.id!);
  assert.deepEqual([status.done, status.leased], [done + queued + running, 0]);
  await job.cancel();
  assert.equal(await ended, 'ECANCELLED');
});

test('one that finishes what it holds can be hurried, by time and by another stop', async (t) => {
  const machine = await openMachine(t);
  const long = (n: number): Promise<number> =>
    new Promise((resolve) => setTimeout(() => resolve(n), n === 0 ? 1 : 400));
  const job = machine.compute.for(1, 100, long);
  const ended = job.exec().catch((error: { code: string }) => error.code);
  for (const hurry of ['time', 'slice', 'now'] as const) {
    const supervisor = machine.work({ sandboxes: 1, targetMs: 20_000 });
    while (!supervisor.status().jobs.some(({ queued }) => queued > 8)) await sleep(5);
    const stopped = supervisor.stop({ finish: 'task', ...(hurry === 'time' && { taskTimeoutMs: 100 }) });
    assert.equal(supervisor.state, 'finishing');
    assert.throws(() => supervisor.pause(), LifecycleError);
    if (hurry !== 'time') void supervisor.stop({ finish: hurry });
    await stopped;
    const { leased } = await machine.scheduler.jobStatus(job.id!);
    assert.equal(leased, 0, hurry);
  }
  await job.cancel();
  assert.equal(await ended, 'ECANCELLED');
});
