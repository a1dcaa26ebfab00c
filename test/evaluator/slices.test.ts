/** What a Work Function gets and gives, Slice by Slice. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Recorder, jobOf, rangeSlices, slices, start, valuesOf } from './support.js';
import { openEvaluator, runAll } from './tested.js';

test('results of synchronous and asynchronous Work Functions', async (t) => {
  assert.deepEqual(valuesOf(await runAll(t, (x: number) => x * 2, [1, 2, 3])), [2, 4, 6]);
  assert.deepEqual(valuesOf(await runAll(t, async (x: number) => x * 3, [1, 2, 3])), [3, 6, 9]);
  const thenable = '(x) => ({ then(resolve) { resolve(x + 1); } })';
  assert.deepEqual(valuesOf(await runAll(t, thenable, [1, 2])), [2, 3]);
  assert.deepEqual(valuesOf(await runAll(t, () => undefined, [1])), [undefined]);
});

test('a promise with a `then` of its own is awaited by it, as `await` does', async (t) => {
  const work = `(settles) => {
    class Lazy extends Promise {
      static get [Symbol.species]() { return Promise; }
      constructor(executor) { super(settles ? (resolve) => resolve('not yet') : () => {}); this.executor = executor; }
      then(...handlers) { return new Promise(this.executor).then(...handlers); }
    }
    return new Lazy((resolve) => resolve(42));
  }`;
  assert.deepEqual(valuesOf(await runAll(t, work, [true, false])), [42, 42]);
});

test('Slices run in order, one at a time', async (t) => {
  const seen = await runAll(
    t,
    `(() => { let running = 0; return async (x) => {
      if (++running > 1) throw new Error('two at a time');
      await new Promise((resolve) => setTimeout(resolve, x % 3));
      running--;
      return x;
    }; })()`,
    [5, 4, 3, 2, 1],
  );
  assert.deepEqual(seen.order, [1, 2, 3, 4, 5]);
  assert.deepEqual(valuesOf(seen), [5, 4, 3, 2, 1]);
  assert.equal(seen.drained, 1);
});

test('arguments follow the datum and belong to the Sandbox', async (t) => {
  const work = (x: number, list: number[], map: Map<string, number>): unknown => {
    list.push(x);
    return [x, list.length, map.get('a')];
  };
  const seen = await runAll(t, work, [7, 8], { args: [[0], new Map([['a', 1]])] });
  assert.deepEqual(valuesOf(seen), [
    [7, 2, 1],
    [8, 3, 1],
  ]);
});

test('a range needs no data', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(evaluator, (x: number) => x, {
    job: { inputSet: { kind: 'range', start: 10, step: -2.5, count: 100 } },
  });
  sandbox.run(rangeSlices(3, 1));
  sandbox.run(rangeSlices(1, 100));
  await seen.untilEnded(4);
  assert.deepEqual(
    [...seen.values],
    [
      [1, 10],
      [2, 7.5],
      [3, 5],
      [100, -237.5],
    ],
  );
});

test('batches queue up behind one another', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(evaluator, async (x: number) => x);
  for (let batch = 0; batch < 20; batch++) sandbox.run(slices([batch, batch], batch * 2 + 1));
  await seen.untilEnded(40);
  assert.deepEqual(
    seen.order,
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
  await seen.until(() => seen.drained > 0);
  sandbox.run(slices(['late'], 41));
  await seen.untilEnded(41);
  assert.equal(seen.values.get(41), 'late');
});

test('an empty batch changes nothing', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(evaluator, (x: number) => x);
  sandbox.run(slices([]));
  sandbox.run(slices([1]));
  await seen.until(() => seen.drained > 0);
  assert.deepEqual(seen.order, [1]);
});

test('20,000 Slices in one batch', async (t) => {
  const data = Array.from({ length: 20_000 }, (_, i) => i);
  const seen = await runAll(t, (x: number) => x + 1, data);
  assert.deepEqual(
    valuesOf(seen),
    data.map((x) => x + 1),
  );
  assert.ok(seen.batches.length < 2000, `${seen.batches.length} batches of results`);
  for (const { elapsedMs, cpuMs } of seen.batches) {
    assert.ok(elapsedMs.every((ms) => ms >= 0 && ms < 10_000));
    assert.ok(cpuMs.every((ms) => ms >= 0 && ms < 10_000));
  }
});

test('what a Work Function keeps of a long batch outlives it', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(evaluator, ({ n, bytes }: { n: number; bytes: Uint8Array }) => {
    const shared = globalThis as { kept?: Uint8Array[] };
    (shared.kept ??= []).push(bytes);
    return n % 5000 === 0 ? shared.kept.slice(-5000) : n;
  });
  // Of a length whose columns are freed when the last of them has run, and the next ones wait already.
  for (let batch = 0; batch < 3; batch++) {
    const data = Array.from({ length: 5000 }, (_, i) => batch * 5000 + i + 1);
    sandbox.run(
      slices(
        data.map((n) => ({ n, bytes: Uint8Array.of(n, n >> 8) })),
        batch * 5000 + 1,
      ),
    );
  }
  await seen.untilEnded(15_000);
  for (const end of [5000, 10_000, 15_000]) {
    const kept = seen.values.get(end) as Uint8Array[];
    assert.ok(kept.every((bytes, i) => (bytes[0]! | (bytes[1]! << 8)) === end - 4999 + i));
    assert.equal(seen.values.get(end - 1), end - 1);
  }
});

test('results leave while the batch still runs', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(evaluator, (ms: number) => {
    const end = Date.now() + ms;
    while (Date.now() < end);
    return ms;
  });
  sandbox.run(slices([20, 20, 20, 20, 1000]));
  await seen.untilEnded(3);
  assert.equal(seen.drained, 0);
  assert.ok(!seen.values.has(5));
  await seen.untilEnded(5);
});

test('elapsed time and CPU time of a Slice', async (t) => {
  const seen = await runAll(
    t,
    async (ms: number) => {
      if (ms === 0) return new Promise((resolve) => setTimeout(resolve, 60));
      const end = Date.now() + ms;
      // On a busy machine the time may be over before it has had any of it.
      for (let left = 2e7; left > 0 || Date.now() < end; left--);
      return ms;
    },
    [60, 0],
  );
  const elapsed = seen.batches.flatMap(({ elapsedMs }) => [...elapsedMs]);
  const cpu = seen.batches.flatMap(({ cpuMs }) => [...cpuMs]);
  assert.ok(elapsed[0]! >= 58 && elapsed[1]! >= 59, `elapsed ${elapsed.join()}`);
  assert.ok(cpu[0]! > 5 && cpu[0]! <= elapsed[0]! + 1, `CPU ${cpu.join()}`);
  assert.ok(cpu[1]! < 20, `waiting costs no CPU time: ${cpu.join()}`);
});

test('work.reject ends the Slice without a result, whoever catches it', async (t) => {
  const seen = await runAll(
    t,
    `async (x) => {
      try { if (x !== 3) work.reject('not here', x); } catch { return 'caught'; }
      return 'done';
    }`,
    [0, 2, 3],
  );
  assert.deepEqual(seen.rejections, [
    { slice: 1, reason: 'not here', retries: 0 },
    { slice: 2, reason: 'not here', retries: 2 },
  ]);
  assert.deepEqual([...seen.values], [[3, 'done']]);
  assert.deepEqual(seen.order, [1, 2, 3]);
});

test('work.job.public says what the Job is', async (t) => {
  const seen = await runAll(t, '() => [work.job.public, Object.isFrozen(work.job.public)]', [0], {
    job: { public: { name: 'näme', description: 'd', link: 'l' } },
  });
  assert.deepEqual(valuesOf(seen), [[{ name: 'näme', description: 'd', link: 'l' }, true]]);
});

test('a function expression in any form', async (t) => {
  for (const source of [
    'x => x',
    'function (x) { return x; }',
    'async function named(x) { return x; }',
    '(x) => x // a comment at the end',
    '/* first */ (() => (x) => x)()',
  ]) {
    assert.deepEqual(valuesOf(await runAll(t, source, [1])), [1], source);
  }
});

test('nothing of Node is there', async (t) => {
  const names = ['process', 'module', 'Buffer', 'fetch', 'global', 'host', '__dirname'];
  const seen = await runAll(t, '(names) => names.filter((name) => name in globalThis)', [names]);
  assert.deepEqual(valuesOf(seen), [[]]);
});

test('a Sandbox is assigned once', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox } = await start(evaluator, () => 1);
  await assert.rejects(sandbox.assign(jobOf('() => 1')), { code: 'EEVALUATOR' });
  const seen = new Recorder();
  const ended = await evaluator.createSandbox(seen);
  ended.dispose();
  await seen.until(() => seen.end !== null);
  await assert.rejects(ended.assign(jobOf('() => 1')), { code: 'EEVALUATOR' });
});

test('Slices that come while a Sandbox ends are named with the others', async (t) => {
  const { sandbox, seen } = await start(await openEvaluator(t), () => 1);
  sandbox.dispose();
  // So long that it has ended, and that nobody has heard of it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  sandbox.run(slices([1, 2]));
  await seen.until(() => seen.end !== null);
  assert.deepEqual(seen.end, { error: null, unfinished: [1, 2] });
});

test('a disposed Sandbox names what it did not do', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(evaluator, (x: number) => {
    if (x === 2) for (;;);
    return x;
  });
  sandbox.run(slices([1]));
  await seen.untilEnded(1);
  sandbox.run(slices([2, 1, 1], 2));
  await new Promise((resolve) => setTimeout(resolve, 30));
  sandbox.run(slices([1], 5));
  sandbox.dispose();
  sandbox.dispose();
  await seen.until(() => seen.end !== null);
  assert.deepEqual(seen.end, { error: null, unfinished: [2, 3, 4, 5] });
  assert.deepEqual(seen.order, [1]);
});
