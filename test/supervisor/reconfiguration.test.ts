/** What changes while a Supervisor runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Evaluator } from '#src/evaluator/index.js';
import { InvalidArgumentError, makeRangeBatch, type Task } from '#src/model/index.js';
import { HeldTask } from '#src/supervisor/held-task.js';
import { Worker } from '#src/worker/index.js';
import { CountingEvaluator, openMachine, answered, recordings, temporaryDirectory, upTo } from './support.js';

declare const work: { emit(name: string, value?: unknown): void };

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

test('Sandboxes become fewer and more under load: none too many, no Slice lost or run twice', async (t) => {
  const machine = await openMachine(t);
  let running = 0;
  let most = 0;
  const evaluator = new CountingEvaluator(machine.evaluator, (now) => {
    running = now;
    most = Math.max(most, now);
  });
  const supervisor = machine.work({ sandboxes: 4 }, { evaluator });
  const job = machine.compute.for(1, 1000, async (n: number) => {
    work.emit('ran', n);
    await new Promise((resolve) => setTimeout(resolve, 10));
    return -n;
  });
  const runs: number[] = [];
  job.work.on('ran', (n) => runs.push(n as number));
  const results = job.exec();
  await until(() => running === 4);
  for (const sandboxes of [1, 3, 1, 4]) {
    const before = supervisor.status().counts.done;
    supervisor.reconfigure({ sandboxes });
    // Each ends with the Slices it has.
    await until(() => running <= sandboxes);
    most = 0;
    await until(() => running === sandboxes);
    await until(() => supervisor.status().counts.done > before + 20);
    assert.ok(most <= sandboxes, `${most} ran, ${sandboxes} may`);
  }
  assert.deepEqual(
    [...(await results)],
    upTo(1000).map((n) => -n),
  );
  assert.equal(runs.length, 1000);
  assert.equal(new Set(runs).size, 1000);
  const counts = await recordings(machine.scheduler, job.id!);
  assert.deepEqual(
    [...counts.values()].filter((count) => count !== 1),
    [],
  );
  assert.equal(supervisor.status().counts.lostSandboxes, 0);
});

test('Sandboxes that had more Slices than they are allowed from now on give way, and no Slice is lost or run twice', async (t) => {
  const machine = await openMachine(t);
  const handed = new Map<number, number>();
  const supervisor = machine.work({
    observer: {
      onHandOver: ({ sandboxId, slices }) => handed.set(sandboxId, (handed.get(sandboxId) ?? 0) + slices),
    },
  });
  const job = machine.compute.for(1, 600, (n: number) => {
    work.emit('ran', n);
    for (const end = Date.now() + 1; Date.now() < end;);
    return -n;
  });
  const runs: number[] = [];
  job.work.on('ran', (n) => runs.push(n as number));
  const results = job.exec();
  await until(() => handed.size === 2 && Math.min(...handed.values()) > 20);
  const before = [...handed.keys()];
  supervisor.reconfigure({ maxSandboxUse: 10 });
  assert.deepEqual(
    [...(await results)],
    upTo(600).map((n) => -n),
  );
  assert.deepEqual([runs.length, new Set(runs).size], [600, 600]);
  const later = [...handed].filter(([id]) => !before.includes(id));
  assert.ok(later.length > 0 && later.every(([, slices]) => slices <= 10), JSON.stringify([...handed]));
});

test('a hand-over of no Slices is refused', () => {
  const task = { slices: makeRangeBatch([1, 2]) } as unknown as Task;
  const held = new HeldTask(task);
  for (const count of [0, -490, NaN])
    assert.throws(
      () => held.cut(count),
      (error) =>
        error instanceof InvalidArgumentError && error.message.startsWith('count: expected a number from 1'),
    );
  assert.deepEqual([held.queued, [...held.cut(1).chunk.numbers]], [2, [1]]);
});

test('Sandboxes that are idle or warm end at once when they are too many', async (t) => {
  const machine = await openMachine(t);
  const supervisor = machine.work({ sandboxes: 4 });
  const sleeper = machine.compute.for(1, 8, async (n: number) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return n;
  });
  await sleeper.exec();
  await until(() => supervisor.status().sandboxes.length === 4);
  supervisor.reconfigure({ sandboxes: 1 });
  await until(() => supervisor.status().sandboxes.length === 1);
  assert.equal((await machine.compute.for(1, 20, (n: number) => n).exec()).length, 20);
});

test('a Job that is not welcome any more is given back, and its Slices that run end well', async (t) => {
  const machine = await openMachine(t);
  const returned: string[] = [];
  const supervisor = machine.work({
    sandboxes: 1,
    targetMs: 10_000,
    computeGroups: ['ours'],
    observer: { onReturned: (_job, _slices, { code }) => returned.push(code) },
  });
  const slow = async (n: number): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return n;
  };
  const job = machine.compute.for(1, 30, slow);
  const ended = job.exec().catch((error: { code: string }) => error.code);
  await until(() => (supervisor.status().jobs[0]?.queued ?? 0) > 3);
  supervisor.reconfigure({ leavePublicGroup: true });
  await until(() => supervisor.status().jobs[0]!.running === 0);
  await until(() => returned.length > 0);
  const { done } = supervisor.status().counts;
  await sleep(1200);
  assert.equal(supervisor.status().counts.done, done);
  assert.deepEqual([...new Set(returned)], ['ENOTWELCOME']);
  assert.equal((await machine.scheduler.jobStatus(job.id!)).leased, 0);
  const ours = machine.compute.for(1, 3, (n: number) => n);
  ours.computeGroups = [{ joinKey: 'ours' }];
  assert.equal((await ours.exec()).length, 3);
  // And back, at once.
  supervisor.reconfigure({ leavePublicGroup: false });
  await until(() => supervisor.status().counts.done > done + 3);
  supervisor.reconfigure({ jobIds: [ours.id!] });
  await until(() => supervisor.status().jobs.every(({ queued, running }) => queued + running === 0));
  supervisor.reconfigure({ jobIds: null });
  await until(() => supervisor.status().jobs.some(({ running }) => running > 0));
  await job.cancel();
  assert.equal(await ended, 'ECANCELLED');
});

test('origins that are allowed from now on bring Jobs that wait for them', async (t) => {
  const machine = await openMachine(t);
  const supervisor = machine.work();
  const job = machine.compute.for(1, 2, (n: number) => n);
  job.requirements = { environment: { fetch: ['https://data.example'] } };
  let done = false;
  const results = job.exec().finally(() => (done = true));
  await sleep(500);
  assert.equal(done, false);
  supervisor.reconfigure({ allowedOrigins: ['https://*.example'] });
  assert.equal((await results).length, 2);
});

test('a Task that is not welcome any more when it comes in goes back; its Job has fetch when it is welcome again', async (t) => {
  const machine = await openMachine(t);
  const allowedOrigins = ['https://data.example'];
  const reasons: unknown[] = [];
  const scheduler = answered(machine.scheduler, {
    fetchJob: () => supervisor.reconfigure({ allowedOrigins: [] }),
    returnSlices: ([, , reason]) => reasons.push((reason as { code: string }).code),
  });
  const supervisor = machine.work({ allowedOrigins }, { scheduler });
  const job = machine.compute.for(1, 3, () => typeof fetch);
  job.requirements = { environment: { fetch: allowedOrigins } };
  const results = job.exec();
  await until(() => reasons.length > 0);
  assert.deepEqual(reasons, ['ENOTWELCOME']);
  assert.equal((await machine.scheduler.jobStatus(job.id!)).leased, 0);
  supervisor.reconfigure({ allowedOrigins });
  assert.deepEqual([...(await results)], ['function', 'function', 'function']);
});

/** Its Sandboxes never have compiled what they are assigned. */
const slowEvaluator: Evaluator = {
  createSandbox: (observer) =>
    Promise.resolve({
      id: 1,
      assign: () => new Promise<void>(() => undefined),
      run: () => undefined,
      answer: () => undefined,
      dispose: () => void setImmediate(() => observer.onEnded(null, new Uint32Array(0))),
    }),
  close: () => Promise.resolve(),
};

test('without a GPU from now on Slices that wait for one go back, and Sandboxes that had it end', async (t) => {
  const machine = await openMachine(t);
  const gpu = { adapters: [{ name: 'one', features: [], limits: {} }], sandboxes: 1 };
  const supervisor = machine.work({ gpu }, { evaluator: slowEvaluator });
  const job = machine.compute.for(1, 20, (n: number) => n);
  job.requirements = { environment: { webgpu: true } };
  const ended = job.exec().catch((error: { code: string }) => error.code);
  const held = (): number => supervisor.status().jobs[0]?.queued ?? 0;
  for (let times = 0; times < 2; times++) {
    await until(() => held() > 0 && supervisor.status().sandboxes.length === 1);
    supervisor.offerGpu(null);
    await until(() => held() === 0 && supervisor.status().sandboxes.length === 0);
    while ((await machine.scheduler.jobStatus(job.id!)).leased > 0) await sleep(5);
    supervisor.offerGpu(gpu);
  }
  await job.cancel();
  assert.equal(await ended, 'ECANCELLED');
});

test('a change that cannot be is refused whole, and nothing has changed', async (t) => {
  const machine = await openMachine(t);
  let asked = 0;
  const supervisor = machine.work({ computeGroups: ['ours'], observer: { onIdle: () => asked++ } });
  await until(() => asked > 0);
  for (const [change, field] of [
    [{ sandboxes: 0 }, 'sandboxes'],
    [{ sandboxes: 1025 }, 'sandboxes'],
    [{ sandboxes: 1, spareSandboxes: -1 }, 'spareSandboxes'],
    [{ sandboxes: 1, targetMs: 0 }, 'targetMs'],
    [{ sandboxes: 1, allowedOrigins: ['nonsense'] }, 'allowedOrigins[0]'],
    [{ computeGroups: [], leavePublicGroup: true }, 'leavePublicGroup'],
    [{ sandboxes: 1, gpuSandboxes: 2 }, 'gpuSandboxes'],
    [{ sandboxes: 1, sandboxLimits: {} }, 'sandboxLimits'],
    [{ sandboxes: 1, workerId: 'x' }, 'workerId'],
  ] as const)
    assert.throws(() => supervisor.reconfigure(change as never), { code: 'EINVAL', field });
  supervisor.reconfigure({ gpuSandboxes: 0 });
  let most = 0;
  const job = machine.compute.for(1, 20, async (n: number) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return n;
  });
  job.on('result', () => (most = Math.max(most, supervisor.status().sandboxes.length)));
  await job.exec();
  assert.equal(most, 2, 'as many Sandboxes as at the start');
});

test('before the start and while it pauses a change is kept for later', async (t) => {
  const machine = await openMachine(t);
  let most = 0;
  const evaluator = new CountingEvaluator(machine.evaluator, (running) => (most = Math.max(most, running)));
  const supervisor = machine.work({ sandboxes: 1 }, { evaluator });
  supervisor.pause();
  supervisor.reconfigure({ sandboxes: 3 });
  const job = machine.compute.for(1, 30, async (n: number) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return n;
  });
  const results = job.exec();
  await sleep(300);
  assert.equal(most, 0);
  supervisor.resume();
  await results;
  assert.equal(most, 3);
});

test('a Worker passes a change on, once it runs', async (t) => {
  const worker = new Worker({
    scheduler: temporaryDirectory(t),
    evaluator: 'in-process',
    cores: 1,
    gpu: null,
  });
  assert.throws(() => worker.reconfigure({ sandboxes: 2 }), { code: 'ELIFECYCLE' });
  await worker.start();
  worker.reconfigure({ sandboxes: 2 });
  assert.throws(() => worker.reconfigure({ cores: 2 } as never), { code: 'EINVAL', field: 'cores' });
  await worker.stop();
});
