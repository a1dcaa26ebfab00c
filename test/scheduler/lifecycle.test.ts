import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  InvalidArgumentError,
  JobNotFoundError,
  JobStateError,
  SchedulerError,
  subResults,
} from '#src/model/index.js';
import {
  open,
  range,
  request,
  results,
  slices,
  spec,
  temporaryDirectory,
  text,
  textOf,
  upTo,
} from './support.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a list Job goes from uploading to finished, and everything outlives the process that wrote it', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const jobId = await scheduler.createJob(spec({ arguments: text('["a"]') }));
  assert.match(jobId, /^[0-9A-Za-z]{22}$/);
  assert.deepEqual((await scheduler.fetchJob(jobId)).inputSet, { kind: 'list', count: null });
  assert.equal((await scheduler.jobStatus(jobId)).total, null);
  await Promise.all([scheduler.addSlices(jobId, slices(1, 3)), scheduler.addSlices(jobId, slices(4, 5))]);

  const early = (await scheduler.requestTask(upTo(2)))!;
  assert.deepEqual([...early.slices.numbers], [1, 2]);
  assert.equal(new TextDecoder().decode(early.slices.heads), 'datum 1datum 2');
  assert.deepEqual([...early.slices.headEnds], [7, 14]);
  await scheduler.submitResults(early.id, jobId, results([1, 2]));
  assert.equal((await scheduler.jobStatus(jobId)).state, 'uploading');

  await scheduler.sealJob(jobId);
  await scheduler.sealJob(jobId);
  await assert.rejects(scheduler.addSlices(jobId, slices(6, 6)), JobStateError);
  assert.deepEqual((await scheduler.fetchJob(jobId)).inputSet, { kind: 'list', count: 5 });
  const late = (await scheduler.requestTask(upTo(10)))!;
  assert.equal(await scheduler.requestTask(request()), null);
  const bad = { ...results([5, 4, 3]), outcomes: Uint8Array.of(0, 1, 0) };
  assert.equal((await scheduler.jobStatus(jobId)).leased, 3);
  await scheduler.submitResults(late.id, jobId, subResults(bad, 0, 2));
  assert.deepEqual(
    (({ state, done, leased }) => ({ state, done, leased }))(await scheduler.jobStatus(jobId)),
    { state: 'open', done: 4, leased: 1 },
  );
  await scheduler.submitResults(late.id, jobId, subResults(bad, 2, 3));
  await scheduler.close();

  const again = await open(t, directory);
  const status = await again.jobStatus(jobId);
  assert.deepEqual(
    { ...status, createdAt: 0 },
    {
      id: jobId,
      state: 'finished',
      public: spec().public,
      total: 5,
      known: 5,
      done: 5,
      failed: 1,
      leased: 0,
      createdAt: 0,
      sliceMs: 10,
    },
  );
  assert.deepEqual(await again.listJobs(), [status]);
  assert.equal(textOf((await again.fetchJob(jobId)).arguments), '["a"]');
  const read = await again.readResults(jobId, Uint32Array.of(4, 1, 99));
  assert.deepEqual(
    read.map((one) => one && [one.slice, one.outcome, textOf(one.payload), one.elapsedMs, one.cpuMs]),
    [[4, 1, 'result 4', 10, 5], [1, 0, 'result 1', 10, 5], null],
  );
  const events = await again.readEvents(jobId, 0, 100);
  assert.deepEqual(
    events.map((event) =>
      event.type === 'state' ? event.state : event.type === 'results' ? [...event.numbers] : event.type,
    ),
    ['uploading', [1, 2], 'open', [5, 4], [3], 'finished'],
  );
  assert.deepEqual(
    events.map(({ seq }) => seq),
    [1, 2, 3, 4, 5, 6],
  );
});

test('a range of 2^32-1 Slices costs nothing to create, and its last Slices can be had', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const begin = performance.now();
  const jobId = await scheduler.createJob(spec(range(2 ** 32 - 1)));
  assert.ok(performance.now() - begin < 1000);
  const status = await scheduler.jobStatus(jobId);
  assert.deepEqual([status.state, status.total, status.known], ['open', 2 ** 32 - 1, 2 ** 32 - 1]);
  const task = (await scheduler.requestTask(upTo(1000)))!;
  assert.equal(task.slices.numbers.length, 1000);
  assert.equal(task.slices.heads.byteLength, 0);
  const receipt = await scheduler.submitResults(task.id, jobId, results([2 ** 32 - 1, 2 ** 31]));
  assert.deepEqual(receipt, { recorded: 2, duplicates: 0 });
  const [last] = await scheduler.readResults(jobId, Uint32Array.of(2 ** 32 - 1));
  assert.equal(last!.slice, 2 ** 32 - 1);
});

test('a Job without Slices finishes at once', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  assert.equal((await scheduler.jobStatus(await scheduler.createJob(spec(range(0))))).state, 'finished');
  const list = await scheduler.createJob(spec());
  await scheduler.sealJob(list);
  assert.equal((await scheduler.jobStatus(list)).state, 'finished');
});

test('cancelling keeps results, voids leases, and may be done twice', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec(range(10)));
  const task = (await scheduler.requestTask(upTo(4)))!;
  await scheduler.submitResults(task.id, jobId, results([1]));
  await scheduler.cancelJob(jobId);
  await scheduler.cancelJob(jobId);
  assert.deepEqual(await scheduler.renewLeases([task.id]), [task.id]);
  assert.equal(await scheduler.requestTask(request()), null);
  const status = await scheduler.jobStatus(jobId);
  assert.deepEqual([status.state, status.done, status.leased], ['cancelled', 1, 0]);
  await scheduler.returnSlices(task.id, Uint32Array.of(2), { code: 'ESHUTDOWN', message: '', counted: true });
  assert.equal(await scheduler.requestTask(request()), null);
  assert.equal(textOf((await scheduler.readResults(jobId, Uint32Array.of(1)))[0]!.payload), 'result 1');
});

test('Work Functions of Jobs that were looked at do not stay in memory', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const ids: string[] = [];
  const workFunction = (): string => `() => '${'x'.repeat(2 ** 20)}'`;
  for (let i = 0; i < 16; i++)
    ids.push(await scheduler.createJob(spec({ ...range(1), workFunction: workFunction() })));
  const heap = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  const before = heap();
  for (const id of ids) await scheduler.jobStatus(id);
  assert.ok(heap() - before < 4, `${heap() - before} MiB more`);
  assert.equal((await scheduler.fetchJob(ids[0]!)).workFunction, workFunction());
});

test('a removed Job is gone for everybody, with its files', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec());
  await scheduler.addSlices(
    jobId,
    slices(1, 3000, (n) => text(`${n}`, n === 7 ? [new Uint8Array(100_000)] : [])),
  );
  const task = (await scheduler.requestTask(upTo(10)))!;
  await scheduler.removeJob(jobId);
  assert.deepEqual(await scheduler.listJobs(), []);
  for (const call of [
    () => scheduler.jobStatus(jobId),
    () => scheduler.fetchJob(jobId),
    () => scheduler.readEvents(jobId, 0, 1),
    () => scheduler.readResults(jobId, Uint32Array.of(1)),
    () => scheduler.removeJob(jobId),
    () =>
      scheduler.submitResults(
        task.id,
        jobId,
        results([1], () => text('', [new Uint8Array(100_000)])),
      ),
    () => scheduler.waitForEvents(jobId, 0, new AbortController().signal),
  ]) {
    await assert.rejects(call, JobNotFoundError);
  }
  assert.deepEqual(await scheduler.renewLeases([task.id]), [task.id]);
  assert.equal(await scheduler.requestTask(request()), null);
});

test('what does not fit is refused by name', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const refused = (field: string, call: Promise<unknown>): Promise<void> =>
    assert.rejects(call, (error) => error instanceof InvalidArgumentError && error.field === field);
  await refused('spec.inputSet.count', scheduler.createJob(spec(range(2 ** 32))));
  await refused('spec.codec', scheduler.createJob(spec({ codec: 'xml' as 'json' })));
  await refused('spec.inputSet.count', scheduler.createJob(spec({ inputSet: { kind: 'list', count: 3 } })));
  const jobId = await scheduler.createJob(spec());
  await refused('batch.numbers', scheduler.addSlices(jobId, slices(2, 3)));
  await refused(
    'batch.numbers[1]',
    scheduler.addSlices(jobId, { ...slices(1, 2), numbers: Uint32Array.of(1, 3) }),
  );
  await refused('batch.headEnds', scheduler.addSlices(jobId, { ...slices(1, 2), heads: new Uint8Array(3) }));
  await scheduler.addSlices(jobId, slices(1, 2));
  await refused('results.numbers[0]', scheduler.submitResults('x', jobId, results([3])));
  await refused('results.elapsedMs[0]', scheduler.submitResults('x', jobId, results([1], undefined, NaN)));
  await refused('request.sandboxes', scheduler.requestTask(request({ sandboxes: 0 })));
  await refused(
    'messages[0].level',
    scheduler.appendMessages(jobId, [{ type: 'console', slice: 1, level: 'loud' as 'log', message: '' }]),
  );
  assert.equal((await scheduler.jobStatus(jobId)).known, 2);
});

test('an operation that fails inside a shared transaction leaves the others standing', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec(range(10)));
  const outcomes = await Promise.allSettled([
    scheduler.submitResults('x', jobId, results([1])),
    scheduler.submitResults('x', jobId, results([2, 11])), // writes nothing: 11 does not exist
    scheduler.submitResults('x', jobId, results([3])),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.equal((await scheduler.jobStatus(jobId)).done, 2);
  assert.equal((await scheduler.readResults(jobId, Uint32Array.of(2)))[0], null);
});

test('a closed Scheduler says so, and closing waits for writes under way', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const jobId = await scheduler.createJob(spec());
  const adding = scheduler.addSlices(jobId, slices(1, 5000));
  const waiting = scheduler.waitForEvents(jobId, 99, new AbortController().signal);
  await scheduler.close();
  await adding;
  assert.equal(await waiting, false);
  await assert.rejects(scheduler.listJobs(), SchedulerError);
  assert.equal((await (await open(t, directory)).jobStatus(jobId)).known, 5000);
});
