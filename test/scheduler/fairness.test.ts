import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { PublicGroupUse } from '#src/scheduler/index.js';
import { open, range, request, results, slices, spec, temporaryDirectory, text, upTo } from './support.js';

test('Jobs take turns', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobs = [];
  for (let i = 0; i < 3; i++) jobs.push(await scheduler.createJob(spec(range(100))));
  const order = [];
  for (let i = 0; i < 7; i++) order.push(jobs.indexOf((await scheduler.requestTask(request()))!.jobId));
  assert.deepEqual(order, [0, 1, 2, 0, 1, 2, 0]);
  const late = await scheduler.createJob(spec(range(100)));
  assert.equal((await scheduler.requestTask(request()))!.jobId, late, 'who never had a turn is next');
});

test('a Worker sees only the Jobs it may run', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const group = await scheduler.createJob(spec({ ...range(9), computeGroups: ['a', 'b'] }));
  const gpu = await scheduler.createJob(
    spec({ ...range(9), requirements: { environment: { webgpu: true } } }),
  );
  assert.equal(await scheduler.requestTask(request()), null);
  assert.equal(await scheduler.requestTask(request({ computeGroups: ['c'] })), null);
  assert.equal((await scheduler.requestTask(request({ computeGroups: ['c', 'b'] })))!.jobId, group);
  assert.equal(
    (await scheduler.requestTask(
      request({ capabilities: { webgpu: [{ features: [], limits: {} }], fetch: [] } }),
    ))!.jobId,
    gpu,
  );
  const fetching = await scheduler.createJob(
    spec({ ...range(9), requirements: { environment: { fetch: ['https://a.example'] } } }),
  );
  const allowing = (...fetch: string[]): ReturnType<typeof request> =>
    request({ capabilities: { webgpu: [], fetch } });
  assert.equal(await scheduler.requestTask(allowing('https://b.example')), null);
  assert.equal((await scheduler.requestTask(allowing('https://*.example')))!.jobId, fetching);
  const everybody = await scheduler.createJob(spec(range(9)));
  assert.equal((await scheduler.requestTask(request({ jobIds: ['x', everybody] })))!.jobId, everybody);
  assert.equal(await scheduler.requestTask(request({ jobIds: ['x'] })), null);
  assert.equal(await scheduler.requestTask(request({ exceptJobs: [everybody] })), null);
  assert.equal((await scheduler.requestTask(request({ exceptJobs: ['x'] })))!.jobId, everybody);
  const both = request({ jobIds: [everybody], exceptJobs: [everybody] });
  assert.equal(await scheduler.requestTask(both), null);
  await assert.rejects(scheduler.requestTask(request({ exceptJobs: null as never })), {
    field: 'request.exceptJobs',
  });
});

test('Jobs that are not for a Worker are looked into once, not at each of its requests', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const fetch = ['https://a.example', 'https://b.example', 'http://plain.example'];
  for (let i = 0; i < 3; i++)
    await scheduler.createJob(spec({ ...range(1), requirements: { environment: { fetch } } }));
  let parsed = 0;
  const { URL } = globalThis;
  globalThis.URL = class extends URL {
    constructor(...of: ConstructorParameters<typeof URL>) {
      super(...of);
      parsed++;
    }
  };
  t.after(() => (globalThis.URL = URL));
  const ask = (...allowed: string[]): ReturnType<typeof scheduler.requestTask> =>
    scheduler.requestTask(request({ capabilities: { webgpu: [], fetch: allowed } }));
  assert.equal(await ask('https://*'), null);
  assert.equal(parsed, 9);
  assert.equal(await ask('https://*'), null);
  assert.equal(parsed, 9);
  // Other origins are another question.
  assert.notEqual(await ask('https://*', 'http://*'), null);
});

test('a Worker whose Job was given to another meanwhile gets the next, also one that came before it', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const old = await scheduler.createJob(spec(range(2)));
  assert.equal((await scheduler.requestTask(request({ sandboxes: 1 })))!.jobId, old);
  // All at once: both see the one Job there is.
  const [one, late, other] = await Promise.all([
    scheduler.requestTask(request()),
    scheduler.createJob(spec(range(2))),
    scheduler.requestTask(request()),
  ]);
  assert.deepEqual([one!.jobId, other?.jobId], [old, late]);
});

test('a Worker takes the public group’s Jobs in turn, leaves them, or falls back on them', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const everybody = await scheduler.createJob(spec(range(100)));
  const ours = await scheduler.createJob(spec({ ...range(4), computeGroups: ['a'] }));
  const theirs = await scheduler.createJob(spec({ ...range(100), computeGroups: ['b'] }));
  const next = async (publicGroup: PublicGroupUse): Promise<string | undefined> =>
    (await scheduler.requestTask(request({ computeGroups: ['a'], publicGroup })))?.jobId;
  assert.equal(await next('take'), everybody);
  assert.equal(await next('fallback'), ours, 'though it is not its turn');
  assert.equal(await next('take'), everybody);
  assert.equal(await next('leave'), ours);
  assert.equal(await next('leave'), undefined, 'nothing is left of it');
  assert.equal(await next('fallback'), everybody);
  assert.equal((await scheduler.jobStatus(theirs)).leased, 0);
  // Without a group there is nothing to fall back from.
  assert.equal((await scheduler.requestTask(request({ publicGroup: 'fallback' })))!.jobId, everybody);
  assert.equal(await scheduler.requestTask(request({ publicGroup: 'leave' })), null);
  await assert.rejects(next('maybe' as never), { code: 'EINVAL', field: 'request.publicGroup' });
});

test('a Worker that left the public group hears of its own group’s Job at once', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  await scheduler.createJob(spec(range(100)));
  const mine = request({ computeGroups: ['a'], publicGroup: 'leave' });
  assert.equal(await scheduler.requestTask(mine), null);
  const waiting = scheduler.waitForWork(AbortSignal.timeout(10_000));
  const ours = await scheduler.createJob(spec({ ...range(1), computeGroups: ['a'] }));
  assert.equal(await waiting, true);
  assert.equal((await scheduler.requestTask(mine))!.jobId, ours);
});

test('a Task is as large as the time asked for, by the best measure there is', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec(range(100_000)));
  const size = async (change: Parameters<typeof request>[0] = {}): Promise<number> => {
    const task = (await scheduler.requestTask(request({ sandboxes: 4, targetMs: 1000, ...change })))!;
    return task.slices.numbers.length;
  };
  assert.equal(await size(), 4, 'nobody knows: one per Sandbox');
  const task = (await scheduler.requestTask(request({ sandboxes: 1 })))!;
  await scheduler.submitResults(task.id, jobId, results(task.slices.numbers, undefined, 30));
  assert.equal(await size(), Math.ceil(4000 / 30), "the Scheduler's mean");
  assert.equal(await size({ sliceMs: { [jobId]: 100 } }), 40, "the Worker's own measure wins");
  assert.equal(await size({ maxSlices: 7 }), 7);
});

async function sizesOfAll(t: TestContext, slices: number, sliceMs: number): Promise<number[]> {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec(range(slices)));
  const sizes = [];
  for (;;) {
    const task = await scheduler.requestTask(
      request({ sandboxes: 4, targetMs: 5000, sliceMs: { [jobId]: sliceMs } }),
    );
    if (task === null) return sizes;
    sizes.push(task.slices.numbers.length);
  }
}

test('near the end of a Job others get some of it', async (t) => {
  assert.deepEqual(await sizesOfAll(t, 100, 50), [25, 19, 14, 11, 8, 6, 5, 4, 4, 4]);
});

test('work of less than 100 ms is not shared', async (t) => {
  assert.deepEqual(await sizesOfAll(t, 10, 0.05), [10]);
  assert.deepEqual(await sizesOfAll(t, 100, 10), [25, 19, 14, 11, 10, 10, 10, 1]);
  assert.deepEqual(await sizesOfAll(t, 10, 101), [4, 4, 2], 'long Slices are');
});

test('a Task carries no more bytes than asked for, but at least one Slice', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec());
  await scheduler.addSlices(
    jobId,
    slices(1, 10, () => text('x'.repeat(100), [new Uint8Array(100)])),
  );
  assert.deepEqual([...(await scheduler.requestTask(upTo(10, { maxBytes: 450 })))!.slices.numbers], [1, 2]);
  assert.deepEqual([...(await scheduler.requestTask(upTo(10, { maxBytes: 1 })))!.slices.numbers], [3]);
  assert.deepEqual([...(await scheduler.requestTask(upTo(10)))!.slices.numbers], [4, 5, 6, 7, 8, 9, 10]);
});
