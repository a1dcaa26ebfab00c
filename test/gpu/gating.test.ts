/** Which adapters a process uses is known to its host, and work on them is held still apart. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'node:test';
import { askForGpus, openChildProcessEvaluator, type EvaluatorGate } from '#src/evaluator/index.js';
import { HOST, slices, start } from '../evaluator/support.js';
import { gpuMissing, WEBGPU } from './support.js';

const skip = HOST === 'child' ? await gpuMissing() : 'processes of their own have a test of their own';

const USES = `async (ms) => {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) return null;
  const device = await adapter.requestDevice();
  const wall = Date.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(buffer, 0, new Uint32Array([7]));
  await buffer.mapAsync(GPUMapMode.READ);
  return [new Uint32Array(buffer.getMappedRange())[0], Date.now() - wall];
}`;

test(
  'the adapter that a Job gets is told; its process alone stands still, past its limits, and goes on',
  { skip },
  async (t) => {
    const { adapters } = await askForGpus({ allowSoftware: true });
    const { name } = adapters[0]!;
    const evaluator = await openChildProcessEvaluator({ threads: 2, gpu: { allowSoftware: true } });
    t.after(() => evaluator.close());
    const seenAdapters = new Map<string | null, string[]>();
    const gate = (isFrozen: boolean): EvaluatorGate => ({
      actionOf({ jobId, adapters: used }) {
        seenAdapters.set(jobId, [...used]);
        return isFrozen && used.has(name) ? 'freeze' : 'run';
      },
      closedAdapters: [],
    });
    await evaluator.gate(gate(false));
    const gpu = await start(evaluator, USES, {
      job: { ...WEBGPU, id: 'gpu' },
      limits: { progressTimeoutMs: 1_500 },
    });
    const cpu = await start(evaluator, '(x) => x', { job: { id: 'cpu' } });
    gpu.sandbox.run(slices([1_000]));
    while (!(seenAdapters.get('gpu') ?? []).includes(name)) await sleep(5);
    await sleep(100);
    await evaluator.gate(gate(true));
    cpu.sandbox.run(slices([1]));
    await cpu.seen.untilEnded(1);
    await sleep(2_000);
    assert.equal(gpu.seen.order.length, 0);
    await evaluator.gate(gate(false));
    await gpu.seen.untilEnded(1);
    const [value, ms] = gpu.seen.values.get(1) as [number, number];
    assert.equal(value, 7);
    assert.ok(ms > 2_500, `${ms} ms`);
    assert.deepEqual(seenAdapters.get('cpu'), []);
  },
);

test('a process that takes up a Job later does not get an adapter that is closed', { skip }, async (t) => {
  const { adapters } = await askForGpus({ allowSoftware: true });
  const evaluator = await openChildProcessEvaluator({ threads: 1, gpu: { allowSoftware: true } });
  t.after(() => evaluator.close());
  const closedAdapters = adapters.map(({ name }) => name);
  await evaluator.gate({ actionOf: () => 'run', closedAdapters });
  const shut = await start(evaluator, USES, { job: { ...WEBGPU, id: 'shut' } });
  shut.sandbox.run(slices([0]));
  await shut.seen.untilEnded(1);
  assert.equal(shut.seen.values.get(1), null);
  await evaluator.gate({ actionOf: () => 'run', closedAdapters: [] });
  const open = await start(evaluator, USES, { job: { ...WEBGPU, id: 'open' } });
  open.sandbox.run(slices([0]));
  await open.seen.untilEnded(1);
  assert.equal((open.seen.values.get(1) as number[])[0], 7);
});
