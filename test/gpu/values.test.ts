/** Values at the ends of their ranges, and what is said of those beyond. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { valuesOf } from '../evaluator/support.js';
import { gpuMissing, gpuWork, runOnGpu } from './support.js';
import { openGpuEvaluator } from './tested.js';

const skip = await gpuMissing();

/** What a Work Function answers whose body finds `device`, `adapter` and `thrown(call)`. */
async function answer(t: test.TestContext, body: string): Promise<unknown> {
  const helpers = `const thrown = (call) => { try { call(); } catch (error) { return error.name + ': ' + error.message; } };`;
  return valuesOf(await runOnGpu(await openGpuEvaluator(t, 1), gpuWork(helpers + body), [0]))[0];
}

test('the largest number is one like others, also where C takes it for none', { skip }, async (t) => {
  const validated = await answer(
    t,
    `
    const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_DST;
    const texture = device.createTexture({ size: [4, 4], format: 'rgba8unorm', usage });
    const view = texture.createView();
    const buffer = device.createBuffer({ size: 1024, usage: GPUBufferUsage.COPY_SRC });
    const all = 0xffff_ffff;
    const pass = (depthSlice) => {
      const encoder = device.createCommandEncoder();
      encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'load', storeOp: 'store', depthSlice }] }).end();
      encoder.finish();
    };
    const copy = (bytesPerRow) => {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToTexture({ buffer, bytesPerRow }, { texture }, [4, 1]);
      encoder.finish();
    };
    const calls = [
      () => texture.createView({ mipLevelCount: all }), () => texture.createView({ mipLevelCount: 1 }),
      () => texture.createView({ arrayLayerCount: all }), () => texture.createView({ arrayLayerCount: 1 }),
      () => pass(all), () => pass(undefined), () => copy(all), () => copy(undefined),
    ];
    const errors = [];
    for (const call of calls) {
      device.pushErrorScope('validation');
      call();
      errors.push((await device.popErrorScope()) !== null);
    }
    return errors;`,
  );
  assert.deepEqual(validated, [true, false, true, false, true, false, true, false]);
});

test('sequences without end are refused', { skip }, async (t) => {
  const said = await answer(
    t,
    `
    function* endless() { for (;;) yield null; }
    return [new Array(2 ** 32 - 1), endless()].map((bindGroupLayouts) =>
      thrown(() => device.createPipelineLayout({ bindGroupLayouts })));`,
  );
  const message =
    'RangeError: GPUDevice.createPipelineLayout: descriptor.bindGroupLayouts: more than 262144 elements in the sequences of one call';
  assert.deepEqual(said, [message, message]);
});

test('what is wrong is said by its name', { skip }, async (t) => {
  const said = await answer(
    t,
    `
    const module = device.createShaderModule({ code: 'override n: u32; @compute @workgroup_size(1) fn main() {}' });
    const other = await navigator.gpu.requestAdapter();
    const ask = (descriptor) => other.requestDevice(descriptor).catch((error) => error.name + ': ' + error.message);
    const every = ['texture-compression-astc', 'texture-compression-etc2', 'texture-compression-bc', 'depth-clip-control', 'subgroups'];
    const missing = every.filter((name) => !other.features.has(name))[0];
    return [
      thrown(() => device.createComputePipeline({ layout: 'auto', compute: { module, constants: { n: NaN } } })),
      await ask({ requiredLimits: { maxBufferSize: 'abc' } }),
      await ask({ requiredLimits: { minUniformBufferOffsetAlignment: 2 ** 32 } }),
      missing === undefined ? '' : (await ask({ requiredFeatures: [missing] })).replace(missing, 'it'),
    ];`,
  );
  assert.deepEqual((said as string[]).slice(0, 3), [
    'TypeError: GPUDevice.createComputePipeline: descriptor.compute.constants.n: a finite number expected, got NaN',
    "TypeError: GPUAdapter.requestDevice: descriptor.requiredLimits.maxBufferSize: a finite number expected, got 'abc'",
    'OperationError: GPUAdapter.requestDevice: requiredLimits.minUniformBufferOffsetAlignment: at most 4294967295 expected, got 4294967296',
  ]);
  const feature =
    "TypeError: GPUAdapter.requestDevice: descriptor.requiredFeatures: the adapter does not have the feature 'it'";
  assert.ok(['', feature].includes((said as string[])[3]!), (said as string[])[3]);
});

test('labels are kept whole, and errors show their beginning', { skip }, async (t) => {
  const lengths = await answer(
    t,
    `
    const label = 'é'.repeat(2 ** 20);
    const module = device.createShaderModule({ code: '@compute @workgroup_size(1) fn main() {}' });
    const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST, label });
    const pipeline = await device.createComputePipelineAsync({ label, layout: 'auto', compute: { module } });
    const sampler = device.createSampler();
    sampler.label = label;
    device.pushErrorScope('validation');
    device.queue.writeBuffer(buffer, 1, new Uint8Array(4));
    const { message } = await device.popErrorScope();
    return [buffer.label, pipeline.label, sampler.label].map((each) => each === label)
      .concat(message.includes('é'.repeat(500)), message.length < 5000);`,
  );
  assert.deepEqual(lengths, [true, true, true, true, true]);
});

test(
  'classes of errors that a program has broken leave no promise open, and give no key away',
  { skip },
  async (t) => {
    const said = await answer(
      t,
      `
    const given = [];
    class Other { constructor(...args) { given.push(...args); } }
    for (const type of [GPUValidationError, GPUOutOfMemoryError, GPUInternalError]) {
      Object.setPrototypeOf(type, Other);
      given.push(new type('made').message);
    }
    device.pushErrorScope('validation');
    device.createBuffer({ size: 4, usage: 0 });
    const error = await device.popErrorScope();
    Object.setPrototypeOf(GPUPipelineError, class { constructor() { throw new Error('broken'); } });
    const module = device.createShaderModule({ code: 'fn x( {' });
    const pipeline = device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    return [given, error.constructor.name, await pipeline.catch((reason) => reason.message)];`,
    );
    assert.deepEqual(said, [['made', 'made', 'made'], 'GPUValidationError', 'broken']);
  },
);

test('data is taken from buffers that cannot be resized alone', { skip }, async (t) => {
  const seen = await answer(
    t,
    `
    const buffer = device.createBuffer({ size: 1024, usage: GPUBufferUsage.COPY_DST });
    const texture = device.createTexture({ size: [4, 4], format: 'rgba8unorm', usage: GPUTextureUsage.COPY_DST });
    const resizable = new ArrayBuffer(64, { maxByteLength: 128 });
    const write = (data) => thrown(() => device.queue.writeBuffer(buffer, 0, data)) ?? null;
    const writeTexture = (data) => thrown(() => device.queue.writeTexture({ texture }, data, {}, [4, 1])) ?? null;
    return [resizable, new Uint8Array(resizable), new DataView(resizable)].flatMap((data) => [write(data), writeTexture(data)])
      .concat([new ArrayBuffer(64), new Uint8Array(64), new Uint8Array(1024)].map(write));`,
  );
  const refused = (call: string) =>
    `TypeError: ${call}: data: an ArrayBuffer that cannot be resized expected, got one that can be`;
  const both = [refused('GPUQueue.writeBuffer'), refused('GPUQueue.writeTexture')];
  assert.deepEqual(seen, [...both, ...both, ...both, null, null, null]);
});
