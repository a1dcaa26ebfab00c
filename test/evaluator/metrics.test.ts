/** The account of each Slice: how long it took, and how many bytes its datum had. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { encode } from '#src/codec/index.js';
import { payloadByteLength } from '#src/model/index.js';
import { rangeSlices, slices, start, type Recorder } from './support.js';
import { openEvaluator } from './tested.js';

const sizeOf = (value: unknown): number => payloadByteLength(encode(value));

/** Number and bytes in of each Slice with a result, in the order in which they ended. */
const bytesIn = (seen: Recorder): [number, number][] =>
  seen.batches.flatMap((batch) =>
    [...batch.numbers].map((number, i): [number, number] => [number, batch.bytesIn[i]!]),
  );

test('bytes in follow their Slices through batches, results that leave in parts, and rejections', async (t) => {
  const work = `(x) => { if (x === 'reject') work.reject('no'); return x.length > 1000 ? x : 0; }`;
  const { sandbox, seen } = await start(await openEvaluator(t), work);
  const first = ['one', 'reject', new Uint8Array(100_000), 'four'];
  const second = Array.from({ length: 3000 }, (_, i) => 'x'.repeat(i % 100));
  // What is handed over is gone, so its size is taken before.
  const sizes = [...first, ...second].map(sizeOf);
  sandbox.run(slices(first));
  sandbox.run(slices(second, 5));
  await seen.untilEnded(first.length + second.length);
  assert.deepEqual(
    bytesIn(seen),
    sizes.map((size, i): [number, number] => [i + 1, size]).filter(([number]) => number !== 2),
  );
});

test('Slices of a range bring none', async (t) => {
  const { sandbox, seen } = await start(await openEvaluator(t), '(n) => n', {
    job: { inputSet: { kind: 'range', start: 1, step: 1, count: 3 } },
  });
  sandbox.run(rangeSlices(3));
  await seen.untilEnded(3);
  assert.deepEqual(bytesIn(seen), [
    [1, 0],
    [2, 0],
    [3, 0],
  ]);
});

test('a Slice that ends its Sandbox keeps its account', async (t) => {
  const { sandbox, seen } = await start(
    await openEvaluator(t),
    `(x) => { if (x === 'hang') for (;;); return x; }`,
    { limits: { cpuTimeoutMs: 100 } },
  );
  sandbox.run(slices(['fine', 'hang', 'never']));
  await seen.until(() => seen.end !== null);
  assert.deepEqual(seen.failures.get(2)?.code, 'ECPULIMIT');
  assert.deepEqual(bytesIn(seen).at(-1), [2, sizeOf('hang')]);
  const { elapsedMs, cpuMs } = seen.batches.at(-1)!;
  assert.ok(cpuMs[0]! >= 100 && cpuMs[0]! <= elapsedMs[0]!, `${cpuMs[0]} of ${elapsedMs[0]} ms`);
});

test('a Slice that is ended while it waits has not used the time it waited', async (t) => {
  const { sandbox, seen } = await start(
    await openEvaluator(t),
    `async (ms) => { const end = Date.now() + ms; while (Date.now() < end); await new Promise(() => setTimeout(() => {}, 60_000)); }`,
    { limits: { sliceTimeoutMs: 400 } },
  );
  sandbox.run(slices([1]));
  await seen.until(() => seen.end !== null);
  const { elapsedMs, cpuMs } = seen.batches.at(-1)!;
  assert.ok(elapsedMs[0]! >= 400 && cpuMs[0]! < 200, `${cpuMs[0]} of ${elapsedMs[0]} ms`);
});

/** The clock of short Slices counts ticks between looks at the kernel's; long ones are the kernel's alone. */
test('times of short and long Slices are those of the kernel, and add up', async (t) => {
  const COUNT = 200_000;
  // Every thousandth takes 0.5 ms, one takes 30: by a clock of its own.
  const { sandbox, seen } = await start(
    await openEvaluator(t, 1),
    `(n) => {
      const ms = n === 150_000 ? 30 : n % 1000 === 0 ? 0.5 : 0;
      if (ms === 0) return 0;
      const start = performance.now();
      let now;
      do now = performance.now(); while (now - start < ms);
      return now - start;
    }`,
    {
      job: {
        inputSet: { kind: 'range', start: 1, step: 1, count: COUNT },
        requirements: { environment: { fineClock: true } },
      },
    },
  );
  const began = performance.now();
  sandbox.run(rangeSlices(COUNT));
  await seen.untilEnded(COUNT);
  const wallMs = performance.now() - began;
  let sum = 0;
  for (const { numbers, elapsedMs } of seen.batches)
    numbers.forEach((number, i) => {
      const elapsed = elapsedMs[i]!;
      const inside = seen.values.get(number) as number;
      sum += elapsed;
      // The thread may have had to wait before or after, so it may be more; a step of the Work Function's clock is 5 µs.
      assert.ok(
        elapsed >= 0 && elapsed > inside - 0.02,
        `Slice ${number}: ${elapsed} ms, ${inside} by itself`,
      );
    });
  assert.ok(sum < wallMs, `${sum} ms in all, within ${wallMs}`);
});
