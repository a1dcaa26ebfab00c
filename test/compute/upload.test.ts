import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Job } from '#src/compute/index.js';
import { SchedulerError } from '#src/model/index.js';
import { openClient, openScheduler } from './support.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('an async iterable streams: results come before it ends, and it is never held whole', async (t) => {
  const { compute } = await openClient(t);
  let pulled = 0;
  let results = 0;
  let farthestAhead = 0;
  const running: { job?: Job<number> } = {};
  const job = compute.for(
    (async function* (): AsyncGenerator<number | Uint8Array> {
      while (results < 3) {
        yield ++pulled;
        await sleep(20);
      }
      // Each Slice has 64 KB: a batch is full after 64 of them.
      for (let i = 0; i < 600; i++) {
        yield new Uint8Array(65_536).fill(i);
        pulled++;
        farthestAhead = Math.max(farthestAhead, pulled - (await compute.jobStatus(running.job!.id!)).known);
      }
    })(),
    (datum: number | Uint8Array) => (typeof datum === 'number' ? datum : datum[0]!),
  );
  running.job = job;
  job.on('result', () => results++);
  const handle = await job.exec();
  assert.equal(handle.length, pulled);
  assert.equal(handle[pulled - 1], 599 % 256);
  assert.ok(farthestAhead <= 70, `${farthestAhead} Slices ahead of the Scheduler`);
});

test('of an async iterable nothing stays in memory that the Scheduler has', async (t) => {
  const { compute, scheduler } = await openScheduler(t);
  scheduler.addSlices = () => Promise.resolve();
  const data: WeakRef<object>[] = [];
  const kept: number[] = [];
  const source = (async function* (): AsyncGenerator<object> {
    for (let i = 0; i < 6_000; i++) {
      const datum = { i };
      data.push(new WeakRef(datum));
      yield datum;
    }
    await sleep(1);
    collectGarbage();
    kept.push(data.slice(0, 2_000).filter((datum) => datum.deref() !== undefined).length);
    throw new Error('enough');
  })();
  await assert.rejects(compute.for(source, (x: object) => x).exec(), { message: 'enough' });
  assert.ok(kept[0]! < 10, `${kept[0]} of the first 2000 data are still in memory`);
});

test('an async iterable may have a `return` of its own, or `next`, that answers no promise', async (t) => {
  const { compute } = await openClient(t);
  const returned: string[] = [];
  const source = (name: string, last: () => unknown): AsyncIterable<number> => {
    let n = 0;
    const next = (): unknown => (++n <= 2 ? { done: false, value: n } : last());
    return {
      [Symbol.asyncIterator]: () => ({ next, return: () => void returned.push(name) }),
    } as unknown as AsyncIterable<number>;
  };
  const fail = (): never => {
    throw new Error('the source is broken');
  };
  const double = (x: number): number => x * 2;
  const results = await compute
    .for(
      source('ends', () => ({ done: true, value: undefined })),
      double,
    )
    .exec();
  assert.deepEqual([...results], [2, 4]);
  await assert.rejects(compute.for(source('fails', fail), double).exec(), {
    message: 'the source is broken',
  });
  assert.deepEqual(returned, [], 'it has ended by itself');
  const symbols = source('is left', () => ({ done: false, value: Symbol('s') }));
  await assert.rejects(compute.for(symbols, double).exec(), { code: 'EENCODING' });
  assert.deepEqual(returned, ['is left']);
});

test('a datum that cannot be encoded names Slice and path, and leaves nothing in the Scheduler', async (t) => {
  const { compute } = await openClient(t);
  const input = [{ fine: 1 }, { list: [1, { bad: () => 1 }] }];
  await assert.rejects(compute.for(input, (x: unknown) => x).exec(), (error: Error & { code: string }) => {
    assert.equal(error.code, 'EENCODING');
    assert.match(error.message, /input set, Slice 2, .*list.*1.*bad/);
    return true;
  });
  await assert.rejects(
    compute.for(1, 2, (x: unknown) => x, [1, Symbol('s')]).exec(),
    /arguments, .*1.*symbol/i,
  );
  assert.deepEqual(await compute.listJobs(), []);
});

test('a Job that could not be deployed is as one that never was', async (t) => {
  const { compute } = await openScheduler(t);
  const input = [1, () => 1];
  for (const execute of [(job: Job) => job.exec(), (job: Job) => job.localExec(1)]) {
    const job: Job = compute.for(input, (x: unknown) => x);
    const states: string[] = [];
    job.on('readystatechange', (state) => states.push(state));
    await assert.rejects(execute(job), { code: 'EENCODING' });
    assert.deepEqual(states, ['exec', 'init', 'deploying', 'uploading', 'new']);
    assert.deepEqual([job.id, job.readyState], [null, 'new']);
    await assert.rejects(job.fetchResults(), { code: 'EJOBSTATE' });
    await assert.rejects(job.cancel(), { code: 'EJOBSTATE' });
    await assert.rejects(job.exec(), { code: 'EJOBSTATE' });
    await assert.rejects(job.wait(), { code: 'EENCODING' });
    assert.throws(() => job.requires('x'), { code: 'EJOBSTATE' });
  }
  const job = compute.for(1, 1, (x: unknown) => x, [Symbol('s')]);
  await assert.rejects(job.exec(), { code: 'EENCODING' });
  assert.deepEqual([job.id, job.readyState], [null, 'new']);
  assert.deepEqual(await compute.listJobs(), []);
});

test('what the input iterable throws is what exec rejects with, and nothing stays', async (t) => {
  const { compute } = await openClient(t);
  const broken = (async function* () {
    yield* [1, 2, 3];
    await sleep(300);
    throw new Error('the source is broken');
  })();
  await assert.rejects(compute.for(broken, (x: number) => x).exec(), { message: 'the source is broken' });
  assert.deepEqual(await compute.listJobs(), []);
});

test('cancelling ends an upload that waits for its source, and closes the source', async (t) => {
  const { compute } = await openClient(t);
  let closed = false;
  const endless = {
    n: 0,
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      this.n++;
      return this.n <= 2 ? Promise.resolve({ done: false, value: this.n }) : new Promise<never>(() => {});
    },
    return() {
      closed = true;
      return Promise.resolve({ done: true as const, value: undefined });
    },
  };
  const job = compute.for(endless as AsyncIterable<number>, (x: number) => x);
  job.once('result', () => void job.cancel());
  await assert.rejects(job.exec(), { code: 'ECANCELLED' });
  assert.ok(closed);
});

/** `Promise.withResolvers` is younger than Node 20. */
function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

const UNREADABLE = new SchedulerError('the log cannot be read');
const neverEnding = async function* (): AsyncGenerator<number> {
  yield 1;
  await new Promise<never>(() => {});
};

test('a Job that cannot be followed while it is uploaded is not sealed, and does not stay', async (t) => {
  const { compute, scheduler } = await openScheduler(t);
  let sealed = false;
  scheduler.sealJob = () => Promise.resolve(void (sealed = true));
  for (const input of [neverEnding(), Array.from({ length: 10_000 }, (_, n) => n)]) {
    const added = deferred();
    const addSlices = scheduler.addSlices.bind(scheduler);
    scheduler.addSlices = async (...args) => {
      await addSlices(...args);
      added.resolve();
      await sleep(20);
    };
    scheduler.waitForEvents = () => added.promise.then(() => Promise.reject(UNREADABLE));
    await assert.rejects(compute.for(input, (x: number) => x).exec(), UNREADABLE);
    assert.equal(sealed, false);
    assert.deepEqual(await compute.listJobs(), []);
  }
});

test('an upload that fails after following failed says so, and not that the Job was cancelled', async (t) => {
  const { compute, scheduler } = await openScheduler(t);
  const added = deferred();
  scheduler.waitForEvents = () => added.promise.then(() => Promise.reject(UNREADABLE));
  scheduler.addSlices = async () => {
    added.resolve();
    await sleep(20);
    throw new SchedulerError('no room');
  };
  await assert.rejects(compute.for([1, 2], (x: number) => x).exec(), { code: 'ESCHEDULER' });
  assert.deepEqual(await compute.listJobs(), []);
});

test('a Job whose upload has ended stays when it cannot be followed', async (t) => {
  const { compute, scheduler } = await openScheduler(t);
  const job = compute.for([1, 2], (x: number) => x);
  const accepted = new Promise((resolve) => job.once('accepted', resolve));
  scheduler.waitForEvents = () => accepted.then(() => Promise.reject(UNREADABLE));
  await assert.rejects(job.exec(), UNREADABLE);
  assert.deepEqual(
    (await compute.listJobs()).map(({ state }) => state),
    ['open'],
  );
});
