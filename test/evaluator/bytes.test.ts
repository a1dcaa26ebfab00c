/** Segments: bytes that go to a Work Function and back without being copied. */
import assert from 'node:assert/strict';
import { PerformanceObserver } from 'node:perf_hooks';
import test from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { decode, encode } from '#src/codec/index.js';
import { loadNative } from '#src/evaluator/native.js';
import { makeSliceBatch, payloadAt } from '#src/model/index.js';
import { onlyInProcess, HOST, slices, start, underAsan, valuesOf } from './support.js';
import { openEvaluator, runAll } from './tested.js';

/** Where bytes lie; a host in another process cannot give back the same memory, only the same bytes. */
const addressOf = (view: ArrayBufferView): bigint => (HOST === 'child' ? 0n : loadNative().addressOf(view));

test('64 MB: the returned array is the datum itself, on the memory the host handed over', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(evaluator, (array: Float64Array) => {
    array[1] = array[0]! + 1;
    return array;
  });
  const mine = new Float64Array(8 << 20).fill(41);
  const address = addressOf(mine);
  sandbox.run(slices([mine]));
  await seen.untilEnded(1);
  const theirs = seen.values.get(1) as Float64Array;
  assert.equal(theirs.length, 8 << 20);
  assert.equal(theirs[1], 42);
  assert.equal(addressOf(theirs), address);
});

test('what is handed over is gone here: nobody reads it while the Work Function writes', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(evaluator, (array: Float64Array) => array.length);
  const mine = new Float64Array(1000);
  sandbox.run(slices([mine]));
  assert.equal(mine.length, 0);
  await seen.untilEnded(1);
  assert.equal(seen.values.get(1), 1000);
});

test('a result may be on part of the datum, and changes the rest in place', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(evaluator, (array: Float64Array) => array.subarray(1000, 9000));
  const mine = Float64Array.from({ length: 10_000 }, (_, i) => i);
  const expected = mine.slice(1000, 9000);
  const address = addressOf(mine);
  sandbox.run(slices([mine]));
  await seen.untilEnded(1);
  const theirs = seen.values.get(1) as Float64Array;
  assert.deepEqual(theirs, expected);
  if (HOST === 'in-process') assert.equal(addressOf(theirs), address + 8000n);
});

test('a small part of a large datum is copied: it does not keep all of it', async (t) => {
  const seen = await runAll(t, (array: Float64Array) => array.subarray(1000, 9000), [
    new Float64Array(1 << 20).fill(5),
  ]);
  assert.deepEqual(seen.values.get(1), new Float64Array(8000).fill(5));
  const [segment] = seen.batches[0]!.segments;
  assert.equal(segment!.byteLength, 64_000);
  if (HOST === 'in-process') assert.equal(segment!.buffer.byteLength, 64_000);
});

test('a buffer that goes to and fro 100 times stays within the account, and stays the same memory', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(
    evaluator,
    (array: Float64Array) => {
      new ArrayBuffer(2 << 20);
      array[0]!++;
      return array;
    },
    { sandbox: { bufferMiB: 8 } },
  );
  let array = new Float64Array(1 << 18);
  const address = addressOf(array);
  for (let slice = 1; slice <= 100; slice++) {
    sandbox.run(slices([array], slice));
    await seen.untilEnded(slice);
    assert.equal(seen.failures.get(slice), undefined);
    array = seen.values.get(slice) as typeof array;
    seen.values.delete(slice);
    seen.batches.length = 0;
  }
  assert.equal(array[0], 100);
  assert.equal(addressOf(array), address);
});

test(
  'large arrays to and fro do not set off the garbage collector here',
  { skip: onlyInProcess('sockets make garbage of their own') },
  async (t) => {
    const evaluator = await openEvaluator(t, 1);
    const { sandbox, seen } = await start(evaluator, (array: Float64Array) => array);
    let array = new Float64Array(2 << 20);
    let collections = 0;
    const observer = new PerformanceObserver((list) => (collections += list.getEntries().length));
    observer.observe({ entryTypes: ['gc'] });
    t.after(() => {
      observer.disconnect();
    });
    for (let slice = 1; slice <= 200; slice++) {
      sandbox.run(slices([array], slice));
      await seen.untilEnded(slice);
      array = seen.values.get(slice) as typeof array;
      seen.values.delete(slice);
      seen.batches.length = 0;
    }
    // The observer hears of the last ones later.
    await setTimeout(50);
    // One or more a Slice before small arrays were read without making V8 give them buffers of their own.
    assert.ok(collections < 100, `${collections} collections in 200 Slices`);
  },
);

test('data of Slices that are done make room for the next, on the account and in memory', async (t) => {
  const evaluator = await openEvaluator(t, 1);
  const { sandbox, seen } = await start(
    evaluator,
    (array: Float64Array) => new Float64Array(array.length).fill(array[0]!)[0],
    { sandbox: { bufferMiB: 40 } },
  );
  const before = process.memoryUsage.rss();
  for (let slice = 1; slice <= 100; slice++) {
    sandbox.run(slices([new Float64Array(1 << 20).fill(slice)], slice));
    await seen.untilEnded(slice);
    assert.equal(seen.failures.get(slice), undefined);
    assert.equal(seen.values.get(slice), slice);
  }
  // 1,600 MiB came and went.
  const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
  if (!underAsan) assert.ok(grown < 250, `grown by ${grown.toFixed(0)} MiB`);
});

test('each segment is an ArrayBuffer of its own: detaching one leaves the others', async (t) => {
  const evaluator = await openEvaluator(t);
  const work = `({ a, b, c }) => {
    if (a.buffer === b.buffer || b.buffer === c.buffer) return 'shared';
    if (a.buffer.byteLength !== a.byteLength) return 'more than its own bytes';
    a.buffer.transfer?.();
    return { b, c, left: a.length };
  }`;
  const { sandbox, seen } = await start(evaluator, work);
  const datum = {
    a: new Float64Array(1000).fill(1),
    b: new Float64Array(1000).fill(2),
    c: new Float64Array(1000).fill(3),
  };
  const addresses = { b: addressOf(datum.b), c: addressOf(datum.c) };
  sandbox.run(slices([datum]));
  await seen.untilEnded(1);
  const { b, c, left } = seen.values.get(1) as { b: Float64Array; c: Float64Array; left: number };
  assert.deepEqual({ b: addressOf(b), c: addressOf(c) }, addresses);
  assert.equal(b[0], 2);
  assert.equal(c[0], 3);
  // Only V8 from 11.4 on can detach from JavaScript.
  assert.equal(left, 'transfer' in ArrayBuffer.prototype ? 0 : 1000);
});

test('parts of one buffer at the host are handed over apart', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(
    evaluator,
    '(x) => [x.length, x.buffer.byteLength, x[0], x.at(-1), x]',
  );
  // As a Scheduler's store does: one read, many Slices.
  const one = new Uint8Array(3 * 8192);
  const payloads = [0, 1, 2].map((index) => {
    const { head } = encode(new Uint8Array(8192));
    const segment = one.subarray(index * 8192, (index + 1) * 8192).fill(index + 1);
    return { head, segments: [segment] };
  });
  sandbox.run(makeSliceBatch([1, 2, 3], payloads));
  await seen.untilEnded(3);
  for (const index of [1, 2, 3]) {
    const [length, bytes, first, last, x] = seen.values.get(index) as [
      number,
      number,
      number,
      number,
      Uint8Array,
    ];
    assert.deepEqual([length, bytes, first, last], [8192, 8192, index, index]);
    x[5] = 99;
    if (HOST === 'in-process') assert.equal(one[(index - 1) * 8192 + 5], 99);
  }
});

test('what one Slice returned, no later Slice changes', async (t) => {
  const work = `(x) => { globalThis.kept ??= new Float64Array(10000); try { kept.fill(x); } catch {} return x === 1 ? kept : kept.length; }`;
  const seen = await runAll(t, work, [1, 2, 3]);
  assert.deepEqual(valuesOf(seen), [new Float64Array(10_000).fill(1), 0, 0]);
});

test('a small array is copied at once, and stays with the Work Function', async (t) => {
  const work = `(x) => { globalThis.kept ??= new Float64Array(10); kept[0] += x; return kept; }`;
  const values = valuesOf(await runAll(t, work, [1, 2, 3])) as Float64Array[];
  assert.deepEqual(
    values.map((array) => array[0]),
    [1, 3, 6],
  );
});

test('returning the same large array in two Slices: the second says that it is gone', async (t) => {
  const seen = await runAll(
    t,
    '(() => { const kept = new Float64Array(10000); return () => kept; })()',
    [1, 2],
  );
  assert.deepEqual(seen.values.get(1), new Float64Array(10_000));
  assert.equal(seen.failures.get(2)?.code, 'ERESULT');
  assert.match(seen.failures.get(2)!.message, /detached/);
});

test('one buffer twice in a result is one buffer for the receiver, too', async (t) => {
  const seen = await runAll(
    t,
    `() => { const a = new Float64Array(5000).fill(3); return { a, again: a, part: a.subarray(10, 20), buffer: a.buffer }; }`,
    [0],
  );
  const { a, again, part, buffer } = seen.values.get(1) as Record<string, Float64Array>;
  assert.equal(a, again);
  assert.equal(a!.buffer, buffer);
  assert.equal(part!.buffer, buffer);
  assert.deepEqual([part!.byteOffset, part!.length, part![0]], [80, 10, 3]);
});

test("a result that shows the Job's arguments is a copy: they are for every Slice", async (t) => {
  const seen = await runAll(t, '(x, array) => { array[0]++; return array; }', [0, 0, 0], {
    args: [new Float64Array(20_000)],
  });
  assert.deepEqual(
    (valuesOf(seen) as Float64Array[]).map((array) => [array.length, array[0]]),
    [
      [20_000, 1],
      [20_000, 2],
      [20_000, 3],
    ],
  );
});

test('Sandboxes of one Job have arguments of their own', async (t) => {
  const evaluator = await openEvaluator(t);
  const array = new Float64Array(20_000);
  const both = await Promise.all(
    [1, 2].map(() => start(evaluator, '(x, a) => (a[0] += x)', { args: [array] })),
  );
  for (const { sandbox } of both) sandbox.run(slices([1, 1]));
  await Promise.all(both.map(({ seen }) => seen.untilEnded(2)));
  for (const { seen } of both) assert.deepEqual(valuesOf(seen), [1, 2]);
  assert.equal(array[0], 0);
});

test('work.emit copies: the Work Function goes on with its array', async (t) => {
  const work = `() => { const a = new Float64Array(5000).fill(1); work.emit('partial', a); a.fill(2); return a; }`;
  const seen = await runAll(t, work, [0]);
  assert.deepEqual(seen.values.get(1), new Float64Array(5000).fill(2));
  const [message] = seen.messages;
  assert.ok(message?.type === 'custom');
  assert.deepEqual(decode(message.value), new Float64Array(5000).fill(1));
});

test('shared and resizable memory is copied', async (t) => {
  const work = `(shared) => {
    let buffer;
    if (shared) { if (typeof SharedArrayBuffer === 'undefined') return 'none'; buffer = new SharedArrayBuffer(16384); }
    else buffer = new ArrayBuffer(16384, { maxByteLength: 32768 });
    globalThis.kept = new Uint8Array(buffer);
    kept[0] = 5;
    return kept;
  }`;
  const values = valuesOf(await runAll(t, work, [true, false])) as (Uint8Array | string)[];
  for (const value of values) {
    if (typeof value === 'string') continue;
    assert.deepEqual([value.length, value[0]], [16384, 5]);
  }
});

test('bytes of a result outlive their Sandbox', async (t) => {
  const evaluator = await openEvaluator(t);
  const { sandbox, seen } = await start(evaluator, (x: number) => new Float64Array(100_000).fill(x));
  sandbox.run(slices([7]));
  await seen.untilEnded(1);
  sandbox.dispose();
  await seen.until(() => seen.end !== null);
  const again = await start(evaluator, (x: number) => new Float64Array(100_000).fill(x));
  again.sandbox.run(slices([8]));
  await again.seen.untilEnded(1);
  assert.deepEqual(decode(payloadAt(seen.batches[0]!, 0)), new Float64Array(100_000).fill(7));
});
