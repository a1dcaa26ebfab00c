/** Views that show the channels of a texture in another order, which not every Dawn can. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { askForGpus } from '#src/evaluator/index.js';
import { valuesOf } from '../evaluator/support.js';
import { gpuMissing, runOnGpu } from './support.js';
import { openGpuEvaluator } from './tested.js';

const FEATURE = 'texture-component-swizzle';

const { adapters } = await askForGpus({ allowSoftware: true });
const missing = await gpuMissing();
const skip =
  missing || (!adapters[0]!.features.includes(FEATURE) && `neither Dawn nor its adapter has ${FEATURE}`);

/** The texel (64, 128, 192, 255) as a shader sees it through a view. */
const LOOK = `async (swizzle) => {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter.requestDevice({ requiredFeatures: ['${FEATURE}'] });
  const usage = GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST;
  const texture = device.createTexture({ size: [1], format: 'rgba8unorm', usage });
  device.queue.writeTexture({ texture }, Uint8Array.of(64, 128, 192, 255), {}, [1]);
  const module = device.createShaderModule({ code: \`
    @group(0) @binding(0) var seen: texture_2d<f32>;
    @group(0) @binding(1) var<storage, read_write> texel: vec4f;
    @compute @workgroup_size(1) fn main() { texel = textureLoad(seen, vec2u(0), 0); }\` });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const storage = device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const read = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const entries = [
    { binding: 0, resource: texture.createView({ swizzle }) },
    { binding: 1, resource: { buffer: storage } },
  ];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(storage, 0, read, 0, 16);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  return Array.from(new Float32Array(read.getMappedRange()), (channel) => Math.round(channel * 255));
}`;

test('each letter stands for a channel, or for 0 or 1', { skip }, async (t) => {
  const seen = await runOnGpu(await openGpuEvaluator(t), LOOK, ['rgba', 'abgr', '01gg']);
  assert.deepEqual([...seen.failures], []);
  assert.deepEqual(valuesOf(seen), [
    [64, 128, 192, 255],
    [255, 192, 128, 64],
    [0, 255, 128, 128],
  ]);
});

test('what is no swizzle is a TypeError, with the feature and without', { skip: missing }, async (t) => {
  const seen = await runOnGpu(
    await openGpuEvaluator(t),
    `async (swizzle) => {
      const device = await (await navigator.gpu.requestAdapter()).requestDevice();
      const texture = device.createTexture({ size: [1], format: 'rgba8unorm', usage: GPUTextureUsage.TEXTURE_BINDING });
      try {
        return texture.createView({ swizzle }).constructor.name;
      } catch (error) {
        return String(error);
      }
    }`,
    ['rgba', 'rgb', 'rgba0', 'RGBA', 'rgb2', '', 7],
  );
  assert.deepEqual([...seen.failures], []);
  const refused = (given: string): string =>
    `TypeError: GPUTexture.createView: descriptor.swizzle: four of r, g, b, a, 0 and 1 expected, got ${given}`;
  assert.deepEqual(valuesOf(seen), [
    'GPUTextureView',
    ...["'rgb'", "'rgba0'", "'RGBA'", "'rgb2'", "''", '7'].map(refused),
  ]);
});
