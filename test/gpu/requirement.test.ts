/** Who gets WebGPU, and who is told why not. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { findDawn } from '#src/evaluator/gpu/index.js';
import { RequirementError } from '#src/model/index.js';
import { jobOf, Recorder, slices, start, valuesOf } from '../evaluator/support.js';
import { runAll } from '../evaluator/tested.js';
import { gpuMissing, openGpuHost, runOnGpu, WEBGPU } from './support.js';
import { openGpuEvaluator } from './tested.js';

const skip = await gpuMissing();

const SEEN = `() => ['gpu' in navigator, typeof GPU, typeof GPUBuffer, typeof GPUBufferUsage]`;

test('a Job that requires WebGPU has navigator.gpu and its interfaces', { skip }, async (t) => {
  const seen = await runOnGpu(await openGpuEvaluator(t), SEEN, [0]);
  assert.deepEqual(valuesOf(seen), [[true, 'function', 'function', 'object']]);
});

test('another Job has none of it', async (t) => {
  assert.deepEqual(valuesOf(await runAll(t, SEEN, [0])), [[false, 'undefined', 'undefined', 'undefined']]);
});

test('navigator.gpu is read-only, and only of a real navigator', { skip }, async (t) => {
  const seen = await runOnGpu(
    await openGpuEvaluator(t),
    `() => {
      'use strict';
      const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(WorkerNavigator.prototype, 'gpu');
      let error = null;
      try { get.call({}); } catch (thrown) { error = thrown.name; }
      return [navigator.gpu === navigator.gpu, navigator.gpu instanceof GPU, typeof set, enumerable, configurable, error];
    }`,
    [0],
  );
  assert.deepEqual(valuesOf(seen), [[true, true, 'undefined', true, true, 'TypeError']]);
});

test('an evaluator without WebGPU refuses the Job and says why', async (t) => {
  const evaluator = await openGpuEvaluator(t, 1, null);
  const seen = new Recorder();
  const sandbox = await evaluator.createSandbox(seen);
  await assert.rejects(sandbox.assign(jobOf(SEEN, { job: WEBGPU })), (error: Error) => {
    assert.ok(error instanceof RequirementError, String(error));
    assert.equal(error.code, 'EREQUIREMENT');
    assert.equal(
      error.message,
      'the Job requires WebGPU (requirements.environment.webgpu), which is not to be had: this evaluator offers no WebGPU',
    );
    return true;
  });
  await seen.until(() => seen.end !== null);
  assert.ok(seen.end!.error instanceof RequirementError);
  // Others are served.
  const other = new Recorder();
  await (await evaluator.createSandbox(other)).assign(jobOf(SEEN));
});

test('options of another type are refused', async () => {
  await assert.rejects(openGpuHost(1, { allowSoftware: 'no' as never }), {
    name: 'InvalidArgumentError',
    message: /gpu\.allowSoftware: expected true or false, got "no"/,
  });
});

test('a library that is none is named as the reason', { skip }, async (t) => {
  process.env['DCP_DAWN_LIBRARY'] = import.meta.filename;
  t.after(() => delete process.env['DCP_DAWN_LIBRARY']);
  const evaluator = await openGpuHost(1);
  t.after(() => evaluator.close());
  const sandbox = await evaluator.createSandbox(new Recorder());
  await assert.rejects(
    sandbox.assign(jobOf(SEEN, { job: WEBGPU })),
    /not to be had: .*(invalid ELF header|is open already, and .* is another library)/,
  );
});

test('a library may be named from where the program was started', { skip }, async (t) => {
  const library = findDawn();
  assert.ok(typeof library !== 'string');
  process.env['DCP_DAWN_LIBRARY'] = path.relative('.', library.path);
  t.after(() => delete process.env['DCP_DAWN_LIBRARY']);
  const seen = await runOnGpu(await openGpuEvaluator(t, 1), SEEN, [0]);
  assert.deepEqual(valuesOf(seen), [[true, 'function', 'function', 'object']]);
});

const ADAPTERS = `async () => {
  const adapters = [await navigator.gpu.requestAdapter(), await navigator.gpu.requestAdapter({ forceFallbackAdapter: true })];
  return adapters.map((adapter) => adapter && adapter.info.vendor);
}`;

test('the operator says which adapters there are', { skip }, async (t) => {
  const vendors = async (gpu: Parameters<typeof openGpuHost>[1]): Promise<unknown[]> => {
    const evaluator = await openGpuHost(1, gpu);
    t.after(() => evaluator.close());
    return valuesOf(await runOnGpu(evaluator, ADAPTERS, [0]))[0] as unknown[];
  };
  const any = await vendors({ allowSoftware: true });
  assert.equal(typeof any[0], 'string');
  assert.equal((await vendors({}))[1], null, 'no rasteriser is offered unasked');
  const bannedAdapters = any.filter((vendor) => vendor !== null) as string[];
  assert.deepEqual(await vendors({ allowSoftware: true, bannedAdapters }), [null, null]);
  assert.deepEqual(await vendors({ allowSoftware: true, adapters: ['no such adapter'] }), [null, null]);
  assert.deepEqual(
    (await vendors({ allowSoftware: true, adapters: [String(any[0]).toUpperCase()] }))[0],
    any[0],
  );
});

test('one Job has WebGPU and another has not, in the same evaluator', { skip }, async (t) => {
  const evaluator = await openGpuEvaluator(t);
  const requiring = await runOnGpu(evaluator, SEEN, [0], { job: { id: 'requiring' } });
  const { sandbox, seen } = await start(evaluator, SEEN, { job: { id: 'other' } });
  sandbox.run(slices([0]));
  await seen.untilEnded(1);
  const has = [requiring, seen].map((each) => (valuesOf(each)[0] as unknown[])[0]);
  assert.deepEqual(has, [true, false]);
});
