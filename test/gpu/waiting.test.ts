/** A Sandbox that waits for its GPU: what it notices, what it costs, and who goes on meanwhile. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { slices, start, underAsan, valuesOf } from '../evaluator/support.js';
import { DOUBLE, gpuMissing, gpuWork, runOnGpu, SPIN, WEBGPU } from './support.js';
import { openGpuEvaluator } from './tested.js';

const skip = await gpuMissing();

/** Rounds of `SPIN` that take a software rasteriser some hundred milliseconds. */
const LONG = 20_000_000;

test('results come back, Slice after Slice', { skip }, async (t) => {
  const seen = await runOnGpu(
    await openGpuEvaluator(t),
    gpuWork(`return compute(${JSON.stringify(DOUBLE)}, datum, 2);`),
    [Uint32Array.of(1, 2, 3, 4), Uint32Array.from({ length: 100 }, (_, i) => i)],
  );
  assert.deepEqual(valuesOf(seen), [
    Uint32Array.of(2, 4, 6, 8),
    Uint32Array.from({ length: 100 }, (_, i) => 2 * i),
  ]);
});

test('more Sandboxes than threads all get theirs', { skip }, async (t) => {
  const evaluator = await openGpuEvaluator(t, 2);
  const work = gpuWork(`
    let sum = 0;
    for (let k = 0; k < 20; k++) sum += (await compute(${JSON.stringify(DOUBLE)}, Uint32Array.of(datum, k)))[1];
    device.destroy();
    return sum;`);
  const all = await Promise.all(Array.from({ length: 6 }, () => runOnGpu(evaluator, work, [1, 2])));
  for (const seen of all) assert.deepEqual(valuesOf(seen), [380, 380]);
});

test('timers run while the GPU works, and others get the thread', { skip }, async (t) => {
  const evaluator = await openGpuEvaluator(t, 1);
  const other = await start(evaluator, (x: number) => x + 1, { job: { id: 'other' } });
  const work = gpuWork(`
    let ticks = 0;
    const timer = setInterval(() => ticks++, 2);
    const done = compute(${JSON.stringify(SPIN)}, Uint32Array.of(${LONG}, 0)).then((data) => data[1]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log('begun');
    const rounds = await done;
    clearInterval(timer);
    return [rounds, ticks];`);
  const { sandbox, seen } = await start(evaluator, work, { job: WEBGPU });
  sandbox.run(slices([0]));
  await seen.until(() => seen.messages.length > 0 || seen.end !== null);
  const begun = performance.now();
  other.sandbox.run(slices([1, 2, 3]));
  await other.seen.untilEnded(3);
  const otherMs = performance.now() - begun;
  await seen.untilEnded(1);
  const gpuMs = performance.now() - begun;
  const [rounds, ticks] = valuesOf(seen)[0] as [number, number];
  assert.equal(rounds, LONG);
  assert.ok(ticks > 5, `${ticks} ticks`);
  assert.ok(otherMs < gpuMs, `the other took ${otherMs} ms, the GPU ${gpuMs} ms`);
});

test('waiting costs next to nothing, and the time of the GPU is told', { skip }, async (t) => {
  const seen = await runOnGpu(
    await openGpuEvaluator(t),
    gpuWork(`return (await compute(${JSON.stringify(SPIN)}, Uint32Array.of(datum, 0)))[1];`),
    // The first makes the shader.
    [1, 3 * LONG, 0],
  );
  assert.deepEqual(valuesOf(seen), [1, 3 * LONG, 0]);
  const metric = (name: 'elapsedMs' | 'cpuMs' | 'webgpuMs', slice: number): number => {
    const batch = seen.batches.find(({ numbers }) => numbers.includes(slice))!;
    return batch[name][batch.numbers.indexOf(slice)]!;
  };
  const [elapsed, cpu, gpu] = [metric('elapsedMs', 2), metric('cpuMs', 2), metric('webgpuMs', 2)];
  assert.ok(elapsed > 50, `the dispatch took ${elapsed} ms only`);
  assert.ok(gpu > elapsed / 3 && gpu <= elapsed + 1, `${gpu} ms of the GPU in ${elapsed} ms`);
  // Setting up a device is in it.
  if (!underAsan) assert.ok(cpu < 30 + elapsed / 10, `${cpu} ms of CPU time in ${elapsed} ms`);
  assert.ok(metric('webgpuMs', 3) < gpu / 2, 'a Slice has its own time of the GPU');
});

test('a Slice that does not use the GPU takes none of its time', { skip }, async (t) => {
  const seen = await runOnGpu(await openGpuEvaluator(t), '() => 1', [1, 2, 3]);
  assert.deepEqual([...seen.batches.flatMap(({ webgpuMs }) => [...webgpuMs])], [0, 0, 0]);
});

test('a loss that does not come is nothing to wait for', { skip }, async (t) => {
  const seen = await runOnGpu(
    await openGpuEvaluator(t),
    gpuWork(
      `await compute(${JSON.stringify(DOUBLE)}, Uint32Array.of(1)); return (await device.lost).reason;`,
    ),
    [0],
  );
  assert.equal(seen.failures.get(1)?.code, 'ENOPROGRESS');
  assert.match(seen.failures.get(1)!.message, /cannot settle any more/);
});

test('a Sandbox that is disposed of while the GPU works ends when that is done', { skip }, async (t) => {
  const evaluator = await openGpuEvaluator(t, 1);
  const work = gpuWork(`
    const done = compute(${JSON.stringify(SPIN)}, Uint32Array.of(${LONG}, 0));
    await new Promise((resolve) => setTimeout(resolve, 5));
    console.log('begun');
    await done;`);
  const { sandbox, seen } = await start(evaluator, work, { job: WEBGPU });
  sandbox.run(slices([0]));
  await seen.until(() => seen.messages.length > 0 || seen.end !== null);
  sandbox.dispose();
  await seen.until(() => seen.end !== null);
  assert.deepEqual(seen.end, { error: null, unfinished: [1] });
  // The GPU is there for the next one.
  const next = await runOnGpu(
    evaluator,
    gpuWork(`return (await compute(${JSON.stringify(DOUBLE)}, Uint32Array.of(21)))[0];`),
    [0],
  );
  assert.deepEqual(valuesOf(next), [42]);
});
