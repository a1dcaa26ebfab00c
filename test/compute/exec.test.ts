import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { SliceError } from '#src/model/index.js';
import { createCompute } from '#src/compute/index.js';
import { Emitter } from '#src/compute/emitter.js';
import { ResultStore } from '#src/compute/result-handle.js';
import { openClient, openScheduler } from './support.js';

declare const work: { emit(name: string, value?: unknown): void; job: { public: { name: string } } };

test('exec tells its states and events, and resolves with results in input order', async (t) => {
  const { compute } = await openClient(t);
  const job = compute.for(
    ['a', 'b', 'c'],
    (text: string, suffix: string) => {
      console.warn('at', text);
      work.emit('seen', { text, name: work.job.public.name });
      return text + suffix;
    },
    ['!'],
  );
  job.public.name = 'Texts';
  const log: string[] = [];
  job.on('readyStateChange', (state) => log.push(String(state)));
  job.on('accepted', (accepted) => {
    assert.equal(accepted, job);
    log.push('accepted');
  });
  const results: unknown[] = [];
  job.on('result', ({ sliceNumber, result, time }) => {
    assert.ok(time >= 0);
    results[sliceNumber - 1] = result;
  });
  const consoles: string[] = [];
  job.on('console', ({ sliceNumber, level, message }) => consoles.push(`${sliceNumber} ${level} ${message}`));
  const seen: unknown[] = [];
  job.work.on('seen', (value, { sliceNumber }) => (seen[sliceNumber - 1] = value));
  const seenByJob: number[] = [];
  job.on('seen', (_value, { sliceNumber }: { sliceNumber: number }) => seenByJob.push(sliceNumber));
  let complete: unknown;
  job.once('complete', (handle) => (complete = handle));

  const handle = await job.exec();
  assert.deepEqual(log, ['exec', 'init', 'deploying', 'uploading', 'deployed', 'accepted']);
  assert.deepEqual([...handle], ['a!', 'b!', 'c!']);
  assert.deepEqual(results, ['a!', 'b!', 'c!']);
  assert.deepEqual(consoles.sort(), ['1 warn at a', '2 warn at b', '3 warn at c']);
  assert.deepEqual(
    seen,
    ['a', 'b', 'c'].map((text) => ({ text, name: 'Texts' })),
  );
  assert.deepEqual(seenByJob.sort(), [1, 2, 3]);
  assert.equal(complete, handle);
  assert.deepEqual(job.status, { runStatus: 'finished', total: 3, distributed: 3, computed: 3, failed: 0 });
});

test('a result handle is like an array that cannot be changed', async (t) => {
  const { compute } = await openClient(t);
  const handle = await compute.for(1, 4, (n: number) => n * n).exec();
  assert.equal(handle.length, 4);
  assert.equal(handle[2], 9);
  assert.equal(handle[4], undefined);
  assert.ok(2 in handle && !(4 in handle));
  assert.deepEqual(handle.values(), [1, 4, 9, 16]);
  assert.deepEqual(
    handle.map((n) => Number(n) + 1),
    [2, 5, 10, 17],
  );
  assert.deepEqual(handle.entries()[3], [3, 16]);
  assert.deepEqual(Array.from(handle), [1, 4, 9, 16]);
  assert.equal(JSON.stringify(handle), '[1,4,9,16]');
  assert.equal(inspect(handle), '[ 1, 4, 9, 16 ]');
  assert.throws(() => ((handle as unknown as number[])[0] = 5), TypeError);
});

test('a Slice that fails is an event and an error in its place', async (t) => {
  const { compute } = await openClient(t);
  const job = compute.for(1, 3, (n: number) => {
    if (n === 2) throw new RangeError('two');
    return n;
  });
  const errors: unknown[] = [];
  job.on('error', ({ sliceNumber, code, message }) => errors.push([sliceNumber, code, message]));
  const results = await job.exec();
  assert.deepEqual(errors, [[2, 'EUNCAUGHT', 'two']]);
  const failed = results[1];
  assert.ok(failed instanceof SliceError);
  assert.match(failed.stack!, /RangeError: two\n.*work-function\.js:\d+/);
  assert.equal(job.status.failed, 1);
});

test('the stack of a failed Slice begins with the class of its error; what was thrown keeps its own', async () => {
  const job = createCompute().for(['thrown', 'stuck'], (what: string) => {
    if (what === 'stuck') return new Promise(() => undefined);
    throw new TypeError('mine');
  });
  const [thrown, stuck] = [...(await job.localExec(1))] as unknown as SliceError[];
  assert.match(thrown!.stack!, /^TypeError: mine\n {4}at /);
  assert.deepEqual([stuck!.code, stuck!.name], ['ENOPROGRESS', 'NoProgressError']);
  assert.match(stuck!.stack!, /^NoProgressError: the promise of the Work Function cannot settle any more/);
});

test('data keep what JavaScript distinguishes, in both directions', async (t) => {
  const { compute } = await openClient(t);
  const shared = { deep: [1n, undefined, -0] };
  const datum = {
    map: new Map([[1, new Date(5)]]),
    floats: new Float32Array(100_000).fill(0.5),
    a: shared,
    b: shared,
  };
  const [back] = await compute.for([datum], (x: unknown) => x).exec();
  assert.deepEqual(back, datum);
  assert.equal(back.a, back.b);
});

test('thousands of Slices: every result comes once, without quadratic work', async (t) => {
  const { compute } = await openClient(t);
  const job = compute.for(
    Array.from({ length: 30_000 }, (_, i) => ({ i })),
    ({ i }: { i: number }) => ({ i, square: i * i }),
  );
  let events = 0;
  job.on('result', () => events++);
  const before = process.cpuUsage();
  const results = await job.exec();
  const { user, system } = process.cpuUsage(before);
  assert.equal(events, 30_000);
  assert.deepEqual(results[29_999], { i: 29_999, square: 29_999 ** 2 });
  const cpuMs = (user + system) / 1_000;
  assert.ok(cpuMs < 15_000, `${cpuMs} ms of CPU time`);
});

test('the order is that of the input set, however long each Slice takes', async (t) => {
  const { compute } = await openClient(t);
  const job = compute.for(
    1,
    12,
    (n: number) => new Promise((resolve) => setTimeout(() => resolve(n), (n % 3) * 40)),
  );
  assert.deepEqual([...(await job.exec())], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('what a listener throws ends neither the Job nor other listeners', async (t) => {
  const { compute } = await openClient(t);
  const uncaught: unknown[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error.message));
  try {
    const job = compute.for(1, 1, (n: number) => n);
    let heard = false;
    job.on('result', () => {
      throw new Error('of a listener');
    });
    job.on('result', () => (heard = true));
    assert.equal((await job.exec()).length, 1);
    assert.ok(heard);
    await sleep(10);
    assert.deepEqual(uncaught, ['of a listener']);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  }
});

test('a listener for once goes alone, also when the same function is a listener for good', () => {
  const emitter = new Emitter<{ tick: [] }>();
  let calls = 0;
  const listener = (): void => void calls++;
  emitter.once('tick', listener);
  emitter.on('tick', listener);
  for (let i = 0; i < 3; i++) emitter.emit('tick');
  assert.equal(calls, 4);
  emitter.off('tick', listener);
  assert.equal(emitter.listenerCount('tick'), 0);
});

test('an empty input set is finished at once', async (t) => {
  const { compute } = await openClient(t, { withWorker: false });
  assert.equal((await compute.for([], () => 1).exec()).length, 0);
});

test('exec can be called once; cancel needs a Job', async (t) => {
  const { compute } = await openClient(t);
  const job = compute.for(1, 1, (n: number) => n);
  await assert.rejects(job.cancel(), { code: 'EJOBSTATE' });
  const running = job.exec();
  await assert.rejects(job.exec(), { code: 'EJOBSTATE' });
  await assert.rejects(job.localExec(), { code: 'EJOBSTATE' });
  assert.equal(await job.wait(), await running);
});

test('a cancelled Job rejects and keeps what it has', async (t) => {
  const { compute } = await openClient(t);
  const job = compute.for(1, 100_000, (n: number) => {
    for (const end = Date.now() + 1; Date.now() < end;);
    return n;
  });
  let reason: string | undefined;
  job.on('cancel', (event) => (reason = event.reason));
  job.once('result', () => void job.cancel('enough'));
  await assert.rejects(job.exec(), { code: 'ECANCELLED', message: /was cancelled: enough$/ });
  assert.equal(reason, 'enough');
  assert.ok(job.results.length >= 1);
  assert.equal((await compute.jobStatus(job.id!)).state, 'cancelled');
});

test('what of `public` is left out has its default; what is no text is refused', async (t) => {
  const { compute } = await openClient(t, { withWorker: false });
  const job = compute.for([], () => 1);
  job.public = { name: 'Named' };
  assert.deepEqual(job.public, { name: 'Named', description: '', link: '' });
  await job.exec();
  assert.deepEqual((await compute.jobStatus(job.id!)).public, { name: 'Named', description: '', link: '' });
  assert.throws(() => (job.public = null as never), { code: 'EINVAL', field: 'job.public' });
  assert.throws(() => (job.public = { link: 5 as never }), { code: 'EINVAL', field: 'job.public.link' });
  assert.throws(() => (job.public = { titel: 'x' } as never), {
    message: 'job.public.titel: is not a part of it; these are: name, description, link',
  });
  const changed = compute.for([], () => 1);
  changed.public.name = null as never;
  await assert.rejects(changed.exec(), { code: 'EINVAL', field: 'job.public.name' });
});

test('Compute Groups and limits reach the Scheduler; wrong ones are refused', async (t) => {
  const { compute } = await openClient(t, { withWorker: false });
  const job = compute.for(1, 1, (n: number) => n);
  job.computeGroups = [{ joinKey: '' }];
  await assert.rejects(job.exec(), {
    code: 'EINVAL',
    message: 'job.computeGroups[0]: expected a join key or { joinKey }, got {joinKey: ""}',
  });
  for (const [limits, message] of [
    [
      { sliceTimeoutMS: 5 },
      'job.limits.sliceTimeoutMS: is not a limit of a Job (did you mean sliceTimeoutMs?); these are: sliceTimeoutMs, progressTimeoutMs, cpuTimeoutMs, gpuTimeoutMs',
    ],
    [{ sliceTimeoutMs: '5' }, 'job.limits.sliceTimeoutMs: expected a number above 0, got "5"'],
    [null, 'job.limits: expected an object, got null'],
  ] as const) {
    const limited = compute.for(1, 1, (n: number) => n);
    limited.limits = limits as never;
    await assert.rejects(limited.exec(), { code: 'EINVAL', message });
  }
  assert.deepEqual(await compute.listJobs(), []);
});

test('what is no group list, Scheduler, directory or listener is refused with its name and value', async (t) => {
  const { compute } = await openClient(t, { withWorker: false });
  const job = compute.for(1, 1, (n: number) => n);
  for (const [call, message] of [
    [() => job.on('result', undefined as never), 'listener of "result": expected a function, got undefined'],
    [() => job.once('error', 'x' as never), 'listener of "error": expected a function, got "x"'],
    [() => job.work.on('mine', null as never), 'listener of "mine": expected a function, got null'],
    [
      () => createCompute({ scheduler: null as never }),
      'scheduler: expected a Scheduler or the path of a directory, got null',
    ],
    [
      () => createCompute({ scheduler: 5 as never }),
      'scheduler: expected a Scheduler or the path of a directory, got 5',
    ],
    [
      () => createCompute({ scheduler: '' }),
      'scheduler: expected a Scheduler or the path of a directory, got ""',
    ],
    [
      () => createCompute({ scheduler: {} as never }),
      'scheduler: expected a Scheduler or the path of a directory, got {}',
    ],
    [() => createCompute({ directory: 5 as never }), 'directory: expected a path, got 5'],
    [() => createCompute('/tmp' as never), 'options: expected an object, got "/tmp"'],
    [
      () => createCompute({ schedulers: '/tmp' } as never),
      'options.schedulers: is not an option of a Compute (did you mean scheduler?); these are: scheduler, directory',
    ],
    [() => compute.for(1 as never, null as never), 'end: expected a number after start, got null'],
    [() => compute.for([], () => 1, 5 as never), 'args: expected an array, got 5'],
    [
      () => job.requires(5 as never),
      'job.requires[0]: expected the name of a package or a relative path, got 5',
    ],
  ] as const)
    assert.throws(call, { name: 'InvalidArgumentError', code: 'EINVAL', message });
  job.computeGroups = 'abc' as never;
  await assert.rejects(job.exec(), {
    code: 'EINVAL',
    message: 'job.computeGroups: expected an array of join keys or { joinKey }, got "abc"',
  });
});

test('what dcp-client has and we have not says what to use instead; what is paid is ignored', () => {
  const compute = createCompute();
  const job = compute.for([], () => 1);
  job.computeGroups = [{ joinKey: 'key', joinSecret: 'secret' }];
  const [untypedCompute, untypedJob] = [compute, job] as unknown as Record<string, new () => unknown>[];
  const message = 'cancel: dcp-client has it, and it is not here; instead: compute.cancelJob(id)';
  assert.throws(() => (compute as unknown as { cancel(): void }).cancel(), { code: 'EUNSUPPORTED', message });
  assert.throws(() => new untypedCompute!['RemoteDataSet']!(), { code: 'EUNSUPPORTED' });
  assert.throws(() => untypedJob!['requirePath'], {
    code: 'EUNSUPPORTED',
    message: /createCompute\({ directory }\)/,
  });
  assert.equal(
    (job as unknown as { setSlicePaymentOffer(offer: number): void }).setSlicePaymentOffer(1),
    undefined,
  );
});

test('a result of the last Slice there can be takes no place for those before it', () => {
  const store = new ResultStore<string>();
  const last = 2 ** 32 - 2;
  assert.ok(store.put(last, 'last') && store.put(65_536, 'second'));
  assert.ok(!store.put(last, 'again'));
  assert.deepEqual(store.entries(), [
    [65_536, 'second'],
    [last, 'last'],
  ]);
  assert.deepEqual(
    [store.at(-1), store.slice(1), store.read(last), store.read(0)],
    ['last', ['last'], 'last', undefined],
  );
  assert.deepEqual(
    [store.isAvailable(last), store.isAvailable(0), store.isAvailable(0.5)],
    [true, false, false],
  );
});

test('at and slice of a result handle are those of arrays', () => {
  const store = new ResultStore<number | undefined>();
  const array = [0, undefined, 2, 3, 4];
  array.forEach((value, index) => store.put(index, value));
  for (const a of [-9, -2, -0.5, 0, 1.7, 4, 9, NaN, Infinity, -Infinity]) {
    assert.equal(store.at(a), array.at(a), `at(${a})`);
    assert.deepEqual(store.slice(a), array.slice(a), `slice(${a})`);
    for (const b of [-3, 0, 2.5, 9, NaN])
      assert.deepEqual(store.slice(a, b), array.slice(a, b), `slice(${a}, ${b})`);
  }
});

test('results are asked for until all there are have come', async (t) => {
  const { compute, scheduler } = await openScheduler(t);
  let asked = 0;
  const { readResults } = scheduler;
  scheduler.readResults = (jobId, numbers) => {
    asked += numbers.length;
    return readResults.call(scheduler, jobId, numbers);
  };
  const job = compute.for(1, 1e8, (n: number) => n);
  const accepted = new Promise((resolve) => job.once('accepted', resolve));
  const running = job.exec();
  await accepted;
  assert.equal((await (await compute.getJob(job.id!)).fetchResults()).length, 0);
  assert.equal(asked, 0);
  await job.cancel();
  await assert.rejects(running, { code: 'ECANCELLED' });
});

test('Slices without a result are found without holding all their numbers', () => {
  const store = new ResultStore<string>();
  for (const index of [0, 2]) store.put(index, 'x');
  assert.deepEqual(
    Array.from(store.missing(5), (numbers) => [...numbers]),
    [[2, 4, 5]],
  );
  assert.deepEqual([...store.missing(0)], []);
  let found = 0;
  for (const numbers of store.missing(1_000_000)) {
    assert.ok(numbers.length > 0 && numbers.length <= 10_000);
    found += numbers.length;
  }
  assert.equal(found, 999_998);
});
