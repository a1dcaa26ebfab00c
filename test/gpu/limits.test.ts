/** What a Job may have of a GPU, and what comes of a shader that never ends. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { HOST, onlyInProcess, runProgram, valuesOf } from '../evaluator/support.js';
import { gpuMissing, gpuWork, runOnGpu } from './support.js';
import { openGpuEvaluator } from './tested.js';

const skip = await gpuMissing();

interface Told {
  values: Record<string, unknown>;
  failures: Record<string, { code: string; message: string }>;
  error: string | null;
  unfinished: number[] | null;
}

async function runTimeout(
  limits: object,
  way: 'spin' | 'compile' = 'spin',
): Promise<Record<'culprit' | 'neighbour' | 'again' | 'other', Told>> {
  const program = new URL('./fixtures/timeout.js', import.meta.url);
  const { code, signal, stdout, stderr, exitMs } = await runProgram(program, [JSON.stringify(limits), way]);
  assert.deepEqual([code, signal], [0, null], stderr);
  assert.ok(exitMs < 5_000, `the process took ${exitMs} ms to end`);
  if (HOST === 'in-process') assert.match(stderr, /DcpEvaluatorWarning: a GPU does not come back/);
  return JSON.parse(stdout.split('\n')[0]!) as Awaited<ReturnType<typeof runTimeout>>;
}

for (const [limits, message] of [
  [{ gpuTimeoutMs: 500 }, 'the GPU worked longer than 0.5 s for the Slice'],
  [{ progressTimeoutMs: 1000 }, 'the GPU did not come back from what the Slice submitted within 1 s'],
] as const) {
  test(`a shader that never ends: ${Object.keys(limits)[0]}`, { skip }, async () => {
    const { culprit, neighbour, again, other } = await runTimeout(limits);
    assert.deepEqual(culprit.failures, { 2: { code: 'EGPUTIMEOUT', message } });
    assert.deepEqual(culprit.error, null);
    // A result that had not left yet is lost with its Sandbox, and its Slice is run again.
    const delivered = Object.keys(culprit.values).map(Number);
    assert.deepEqual([...delivered, ...culprit.unfinished!].sort(), [1, 3]);
    // What ran beside it ended well.
    assert.deepEqual(neighbour.values, { 1: 300, 2: 1 });
    assert.deepEqual(neighbour.unfinished, [3]);
    assert.deepEqual(again.values, { 1: 6 });
    assert.deepEqual(other.values, { 1: 7 });
  });
}

test('a pipeline that takes very long to make', { skip }, async () => {
  const { culprit, neighbour, again, other } = await runTimeout({ progressTimeoutMs: 1000 }, 'compile');
  assert.deepEqual(culprit.failures, { 2: { code: 'ENOPROGRESS', message: 'no progress() for 1 s' } });
  assert.deepEqual([neighbour.unfinished, again.values, other.values], [[3], { 1: 6 }, { 1: 7 }]);
});

const CREATE = gpuWork(`
  device.pushErrorScope('out-of-memory');
  const kept = [];
  for (let k = 0; k < datum.count; k++) kept.push(device.createBuffer({ size: datum.size, usage: GPUBufferUsage.STORAGE }));
  const error = await device.popErrorScope();
  for (const buffer of kept) buffer.destroy();
  return error === null ? null : error.constructor.name;`);

test('memory of the GPU is limited for each Sandbox, and comes back', { skip }, async (t) => {
  const seen = await runOnGpu(
    await openGpuEvaluator(t),
    CREATE,
    [
      { count: 4, size: 2 ** 20 },
      { count: 40, size: 2 ** 20 },
      { count: 30, size: 2 ** 20 },
    ],
    { sandbox: { gpuMiB: 32 } },
  );
  assert.deepEqual(valuesOf(seen), [null, 'GPUOutOfMemoryError', null]);
});

test(
  'what was destroyed is counted until it is free',
  { skip: skip || onlyInProcess('of this process') },
  async (t) => {
    const work = gpuWork(`
    device.pushErrorScope('out-of-memory');
    const usage = GPUBufferUsage.STORAGE;
    for (let k = 0; k < 60; k++) device.createBuffer({ size: 2 ** 26, usage, mappedAtCreation: k % 2 === 0 }).destroy();
    const texture = { size: [4096, 4096], format: 'rgba8unorm', usage: GPUTextureUsage.RENDER_ATTACHMENT };
    for (let k = 0; k < 30; k++) device.createTexture(texture).destroy();
    return (await device.popErrorScope())?.message ?? null;`);
    const before = process.resourceUsage().maxRSS;
    const seen = await runOnGpu(await openGpuEvaluator(t), work, [0], { sandbox: { gpuMiB: 128 } });
    assert.deepEqual(valuesOf(seen), [null]);
    // Of 5.6 GiB.
    const mib = (process.resourceUsage().maxRSS - before) / 1024;
    assert.ok(mib < 1024, `${mib} MiB more than before`);
  },
);

test('what Dawn refuses is a mistake, however large it would be', { skip }, async (t) => {
  const work = gpuWork(`
    const errorOf = async (make) => {
      device.pushErrorScope('out-of-memory');
      device.pushErrorScope('validation');
      make();
      const mistake = await device.popErrorScope();
      const memory = await device.popErrorScope();
      return [mistake?.constructor.name ?? null, memory?.constructor.name ?? null];
    };
    const texture = { size: [4096, 4096], format: 'rgba8unorm', usage: 4 };
    return [
      await errorOf(() => device.createTexture({ ...texture, sampleCount: 64 })),
      await errorOf(() => device.createTexture({ ...texture, sampleCount: 2 ** 32 - 1 })),
      await errorOf(() => device.createTexture({ ...texture, size: [1024, 1024, 1024], dimension: '3d', usage: 0 })),
      await errorOf(() => device.createTexture({ ...texture, size: [4096, 4096, 4096], dimension: '3d' })),
      await errorOf(() => device.createBuffer({ size: 2 ** 28, usage: 0 })),
    ];`);
  const seen = await runOnGpu(await openGpuEvaluator(t), work, [0], { sandbox: { gpuMiB: 32 } });
  assert.deepEqual(valuesOf(seen)[0], Array(5).fill(['GPUValidationError', null]));
});

test('so is the number of buffers', { skip }, async (t) => {
  const data = [100, 101, 100].map((count) => ({ count, size: 4 }));
  const seen = await runOnGpu(await openGpuEvaluator(t), CREATE, data, { sandbox: { gpuBuffers: 100 } });
  assert.deepEqual(valuesOf(seen), [null, 'GPUOutOfMemoryError', null]);
});

test('so are query sets', { skip }, async (t) => {
  const work = gpuWork(`
    device.pushErrorScope('out-of-memory');
    const kept = Array.from({ length: datum }, () => device.createQuerySet({ type: 'occlusion', count: 4096 }));
    const error = await device.popErrorScope();
    const last = kept[datum - 1];
    for (const set of kept) set.destroy();
    return [error?.constructor.name ?? null, last.type, last.count];`);
  const seen = await runOnGpu(await openGpuEvaluator(t), work, [20, 21, 20], { sandbox: { gpuMiB: 32 } });
  const errors = [null, 'GPUOutOfMemoryError', null];
  assert.deepEqual(
    valuesOf(seen),
    errors.map((error) => [error, 'occlusion', 4096]),
  );
});

test('a buffer larger than any may be counts where it is mapped at its creation', { skip }, async (t) => {
  const work = gpuWork(`
    const size = device.limits.maxBufferSize + 8;
    try {
      device.createBuffer({ size, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
    } catch (error) {
      return [error.name, error.message];
    }`);
  const seen = await runOnGpu(await openGpuEvaluator(t), work, [0], { sandbox: { gpuMiB: 32 } });
  const message = "GPUDevice.createBuffer: the Sandbox's memory of the GPU is used up";
  assert.deepEqual(valuesOf(seen), [['RangeError', message]]);
});

test('pipelines and devices that are still being made are counted', { skip }, async (t) => {
  const work = gpuWork(`
    const module = device.createShaderModule({ code: '@compute @workgroup_size(1) fn main() {}' });
    const made = async (promises) => (await Promise.allSettled(promises)).filter((each) => each.status === 'fulfilled').length;
    const descriptor = { layout: 'auto', compute: { module } };
    const pipelines = await made(Array.from({ length: 15 }, () => device.createComputePipelineAsync(descriptor)));
    const adapters = await Promise.all(Array.from({ length: 66 }, () => navigator.gpu.requestAdapter()));
    return [pipelines, await made(adapters.map((each) => each.requestDevice()))];`);
  const seen = await runOnGpu(await openGpuEvaluator(t), work, [0], { sandbox: { gpuPipelines: 10 } });
  assert.deepEqual(valuesOf(seen), [[10, 63]]);
});

test('and the number of devices: garbage makes room for more', { skip }, async (t) => {
  const work = `async (count) => {
    const kept = [];
    for (let k = 0; k < count; k++) {
      const adapter = await navigator.gpu.requestAdapter();
      const device = await adapter.requestDevice().catch((error) => error);
      if (device instanceof DOMException) return [kept.length, device.name, device.message];
      // Garbage together with what waits for it.
      device.lost.then(() => device.label);
      kept.push(device);
    }
    return kept.length;
  }`;
  const seen = await runOnGpu(await openGpuEvaluator(t), work, [60, 65, 60]);
  const message = 'GPUAdapter.requestDevice: the Sandbox has as many devices as it may';
  assert.deepEqual(valuesOf(seen), [60, [64, 'OperationError', message], 60]);
});

/** A long text that its string shares with others: V8's heap has it once. */
const LONG = `const long = 'x'.repeat(2 ** 20);`;
const HOARDS: readonly (readonly [string, string])[] = [
  ['labels', `const kept = []; for (;;) kept.push(device.createTexture({ ...SMALL, label: long }));`],
  [
    'labels that are set',
    `for (;;) { const kept = device.createTexture(SMALL); kept.label = long; all.push(kept); }`,
  ],
  [
    'marks in an encoder',
    `for (const encoder = device.createCommandEncoder(); ; ) encoder.insertDebugMarker(long);`,
  ],
  ['groups of marks in a pass', `for (;;) pass.pushDebugGroup(long);`],
  ['commands in a pass', `for (;;) pass.setPipeline(pipeline);`],
  ['commands in a render bundle', `for (;;) bundle.draw(1);`],
  [
    'commands in a command buffer',
    `for (;;) { const encoder = device.createCommandEncoder();
    for (let k = 0; k < 1000; k++) encoder.clearBuffer(target);
    all.push(encoder.finish()); }`,
  ],
  [
    'lists of bundles',
    `const many = new Array(1e4).fill(bundle.finish()); for (;;) render.executeBundles(many);`,
  ],
  ['shaders', `for (let k = 0; ; k++) all.push(device.createShaderModule({ code: '//' + k + long }));`],
  ['error scopes', `for (;;) device.pushErrorScope('validation');`],
  ['promises', `for (;;) device.queue.onSubmittedWorkDone();`],
  [
    'labels of what is still being made',
    `for (let k = 0; ; k++) void device.createComputePipelineAsync({ label: k + long, layout: 'auto', compute: { module } });`,
  ],
  [
    'labels of devices that are asked for',
    `const adapters = [];
    for (let k = 0; k < 60; k++) adapters.push(await navigator.gpu.requestAdapter());
    const label = long.repeat(8);
    await Promise.all(adapters.map((each) => each.requestDevice({ label, defaultQueue: { label } })));`,
  ],
  [
    'errors that scopes keep',
    `for (;;) {
      device.pushErrorScope('validation');
      device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: long } });
    }`,
  ],
  [
    'uses of resources in dispatches',
    `const big = { size: [4, 4, 200], mipLevelCount: 3, format: 'rgba8unorm', usage: GPUTextureUsage.TEXTURE_BINDING };
    const bindings = Array.from({ length: 8 }, (_, binding) => binding);
    const layout = device.createBindGroupLayout({
      entries: bindings.map((binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, texture: { viewDimension: '2d-array' } })),
    });
    const layouts = device.createPipelineLayout({ bindGroupLayouts: [layout] });
    pass.setPipeline(device.createComputePipeline({ layout: layouts, compute: { module } }));
    const oneLevel = { baseMipLevel: 1, mipLevelCount: 1 };
    pass.setBindGroup(0, device.createBindGroup({
      layout,
      entries: bindings.map((binding) => ({ binding, resource: device.createTexture(big).createView(oneLevel) })),
    }));
    for (let k = 0; k < 1000; k++) pass.dispatchWorkgroups(1);
    for (;;) await new Promise((resolve) => setTimeout(resolve));`,
  ],
  [
    'encoders with one command each',
    `for (let k = 0; k < 20000; k++) {
      const encoder = device.createCommandEncoder();
      encoder.clearBuffer(target);
      all.push(encoder);
    }
    for (;;) await new Promise((resolve) => setTimeout(resolve));`,
  ],
  [
    'programs of shaders',
    `const code = '@compute @workgroup_size(1) fn main() { var x = 1; ' + 'x = x + 1;'.repeat(2000) + '} //';
    for (let k = 0; k < 100; k++) all.push(device.createShaderModule({ code: code + k }));
    for (;;) await new Promise((resolve) => setTimeout(resolve));`,
  ],
  [
    'commands that a busy queue has not come to',
    `const endless = device.createShaderModule({ code: '@group(0) @binding(0) var<storage, read_write> x: array<u32>; ' +
      '@compute @workgroup_size(1) fn main() { for (var k = 0u; k < 0xfffffff0u; k++) { x[k & 1u] += k; } }' });
    const spinning = device.createComputePipeline({ layout: 'auto', compute: { module: endless } });
    const buffer = device.createBuffer({ size: 256, usage: GPUBufferUsage.STORAGE });
    const first = device.createCommandEncoder();
    const work = first.beginComputePass();
    work.setPipeline(spinning);
    work.setBindGroup(0, device.createBindGroup({ layout: spinning.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] }));
    work.dispatchWorkgroups(1);
    work.end();
    device.queue.submit([first.finish()]);
    for (;;) {
      const encoder = device.createCommandEncoder();
      for (let k = 0; k < 5000; k++) encoder.clearBuffer(target);
      device.queue.submit([encoder.finish()]);
    }`,
  ],
  ['small objects', `const texture = device.createTexture(SMALL); for (;;) all.push(texture.createView());`],
];
const HOARD = (statement: string): string =>
  gpuWork(`${LONG}
    const all = [];
    const SMALL = { size: [4, 4], format: 'rgba8unorm', usage: GPUTextureUsage.RENDER_ATTACHMENT };
    const target = device.createBuffer({ size: 256, usage: GPUBufferUsage.COPY_DST });
    const module = device.createShaderModule({ code: '@compute @workgroup_size(1) fn main() {}' });
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
    const pass = device.createCommandEncoder().beginComputePass();
    const bundle = device.createRenderBundleEncoder({ colorFormats: ['rgba8unorm'] });
    const view = device.createTexture(SMALL).createView();
    const colorAttachments = [{ view, loadOp: 'load', storeOp: 'store' }];
    const render = device.createCommandEncoder().beginRenderPass({ colorAttachments });
    // Not garbage, whatever the rest still names.
    globalThis.kept = [all, pass, bundle, render];
    ${statement}`);

for (const [name, statement] of HOARDS) {
  test(`memory of the process is limited: ${name}`, { skip }, async (t) => {
    const seen = await runOnGpu(await openGpuEvaluator(t), HOARD(statement), [1], {
      sandbox: { bufferMiB: 64 },
    });
    const failure = seen.failures.get(1);
    assert.deepEqual(
      [failure?.code, failure?.message],
      ['EMEMORYLIMIT', 'buffers, WebAssembly and WebGPU reached their limit of 64 MiB'],
    );
  });
}

test('what was submitted and what is garbage is not counted', { skip }, async (t) => {
  const work = HOARD(`
    for (let k = 0; k < 100; k++) {
      const encoder = device.createCommandEncoder({ label: long });
      encoder.insertDebugMarker(long);
      all.push(encoder.finish());
      device.queue.submit(all.slice(-1));
      await device.queue.onSubmittedWorkDone();
      device.createSampler({ label: long });
    }
    return all.length;`);
  const seen = await runOnGpu(await openGpuEvaluator(t), work, [1], { sandbox: { bufferMiB: 64 } });
  assert.deepEqual([seen.values.get(1), seen.end], [100, null]);
});
