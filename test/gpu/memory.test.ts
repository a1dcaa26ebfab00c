/** How long what is behind objects of WebGPU lives, and what is counted of it meanwhile. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { valuesOf } from '../evaluator/support.js';
import { gpuMissing, gpuWork, runOnGpu } from './support.js';
import { openGpuEvaluator } from './tested.js';

const skip = await gpuMissing();

test(
  'what a getter has made for a call lives until that is over, also when garbage is collected meanwhile',
  { skip },
  async (t) => {
    // Whether an interrupt comes at the right time is chance; without AddressSanitizer, most wrong reads go unseen.
    const work = gpuWork(`
      const make = (label) => device.createBindGroup({
        label, entries: [], get layout() { return device.createBindGroupLayout({ entries: [] }); },
      });
      device.pushErrorScope('validation');
      for (let k = 0; k < 5000; k++) make('a');
      const long = 'x'.repeat(2 ** 20);
      for (const until = Date.now() + 700; Date.now() < until; ) make(long);
      const error = await device.popErrorScope();
      return error === null ? null : error.message.slice(0, 1000);`);
    const seen = await runOnGpu(await openGpuEvaluator(t, 1), work, [0], { sandbox: { bufferMiB: 16 } });
    assert.deepEqual(valuesOf(seen), [null]);
  },
);

test('a module of asm.js does not keep the memory of a mapped buffer', { skip }, async (t) => {
  const work = gpuWork(`
    const module = (0, eval)(\`(function (stdlib, foreign, heap) {
      "use asm";
      var words = new stdlib.Uint32Array(heap);
      function get(at) { at = at | 0; return words[at >> 2] | 0; }
      return { get: get };
    })\`);
    const map = () => device.createBuffer({ size: 65536, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
    const buffer = map();
    const heap = buffer.getMappedRange();
    new Uint32Array(heap)[1] = 42;
    const { get } = module(globalThis, {}, heap);
    const before = get(4);
    buffer.unmap();
    // One more is mapped when its Sandbox ends.
    globalThis.kept = map();
    module(globalThis, {}, kept.getMappedRange());
    return [before, get(4), heap.byteLength];`);
  const seen = await runOnGpu(await openGpuEvaluator(t, 1), work, [0]);
  assert.deepEqual(valuesOf(seen), [[42, 0, 0]]);
});

test(
  'what queues are given to write and nobody submits does not pile up in the process',
  { skip },
  async (t) => {
    const work = gpuWork(`
    const texture = device.createTexture({ size: [512, 512], format: 'rgba8unorm', usage: GPUTextureUsage.COPY_DST });
    const buffer = device.createBuffer({ size: 1 << 20, usage: GPUBufferUsage.COPY_DST });
    const data = new Uint8Array(1 << 20).fill(5);
    for (let k = 0; k < datum; k++) {
      device.queue.writeTexture({ texture }, data, { bytesPerRow: 2048 }, [512, 512]);
      device.queue.writeBuffer(buffer, 0, data);
      progress();
    }
    return datum;`);
    const evaluator = await openGpuEvaluator(t, 1);
    const before = process.resourceUsage().maxRSS;
    const seen = await runOnGpu(evaluator, work, [2, 1000], { sandbox: { bufferMiB: 64 } });
    assert.deepEqual(valuesOf(seen), [2, 1000]);
    // In KiB; in another process there is nothing to see. 2000 MiB were written.
    assert.ok(process.resourceUsage().maxRSS - before < 512 * 1024);
  },
);

test('textures of which there are views alone are counted', { skip }, async (t) => {
  const work = gpuWork(`
    const usage = GPUTextureUsage.RENDER_ATTACHMENT;
    device.pushErrorScope('out-of-memory');
    const views = [];
    for (let k = 0; k < datum; k++) views.push(device.createTexture({ size: [1024, 1024], format: 'rgba8unorm', usage }).createView());
    const error = await device.popErrorScope();
    return [views.length, error?.constructor.name ?? null];`);
  const seen = await runOnGpu(await openGpuEvaluator(t, 1), work, [8, 9, 8], { sandbox: { gpuMiB: 32 } });
  assert.deepEqual(valuesOf(seen), [
    [8, null],
    [9, 'GPUOutOfMemoryError'],
    [8, null],
  ]);
});

/** Ways to have Dawn keep a resource that JavaScript has let go: what is to be kept, for a buffer of 4 MiB or (`texture`) a texture of as much. */
const KEEPERS: Readonly<Record<string, string>> = {
  'a bind group': 'bind({ buffer: buffer() })',
  'a bind group of a buffer alone': 'bind(buffer())',
  'a bind group of a texture': 'bindTexture(texture())',
  'a bind group of a view': 'bindTexture(texture().createView())',
  'a command encoder': 'const e = encoder(); e.clearBuffer(buffer()); return e;',
  'a command buffer': 'const e = encoder(); e.copyBufferToBuffer(buffer(), small); return e.finish();',
  'a compute pass':
    'const e = encoder(); const p = e.beginComputePass(); p.setBindGroup(0, bind({ buffer: buffer() })); return p;',
  'a compute pass, by offsets in a Uint32Array':
    'const p = encoder().beginComputePass(); p.setBindGroup(0, bind({ buffer: buffer() }), new Uint32Array(1), 0, 0); return p;',
  'a pass that has ended': `const e = encoder(); const p = e.beginComputePass(); p.dispatchWorkgroupsIndirect(buffer(), 0);
    p.end(); return p;`,
  'a render pass':
    "const p = encoder().beginRenderPass({ colorAttachments: [{ view: texture(), loadOp: 'clear', storeOp: 'store' }] }); return p;",
  'a render bundle': 'return bundle(buffer());',
  'a pass that executes a bundle': `const p = encoder().beginRenderPass({ colorAttachments: [{ view: pixel, loadOp: 'clear', storeOp: 'store' }] });
    p.executeBundles([bundle(buffer())]); return p;`,
  'a copy to a texture':
    'const e = encoder(); e.copyBufferToTexture({ buffer: buffer() }, { texture: pixel }, [1]); return e;',
};

for (const [name, keep] of Object.entries(KEEPERS)) {
  test(`the memory of what ${name} keeps is counted until that is garbage, too`, { skip }, async (t) => {
    const work = gpuWork(`
      const MIB = 1 << 20;
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC | GPUBufferUsage.INDIRECT;
      const buffer = () => device.createBuffer({ size: 4 * MIB, usage: datum.vertex ? GPUBufferUsage.VERTEX : usage });
      const texture = () => device.createTexture({
        size: [1024, 1024], format: 'rgba8unorm', usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.TEXTURE_BINDING,
      });
      const small = device.createBuffer({ size: 4 * MIB, usage: GPUBufferUsage.COPY_DST });
      const pixel = device.createTexture({
        size: [1, 1], format: 'rgba8unorm', usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_DST,
      });
      const layout = device.createBindGroupLayout({
        entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'storage' } }],
      });
      const textureLayout = device.createBindGroupLayout({
        entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, texture: {} }],
      });
      const bind = (resource) => device.createBindGroup({ layout, entries: [{ binding: 0, resource }] });
      const bindTexture = (resource) => device.createBindGroup({ layout: textureLayout, entries: [{ binding: 0, resource }] });
      const encoder = () => device.createCommandEncoder();
      const bundle = (vertices) => {
        const made = device.createRenderBundleEncoder({ colorFormats: ['rgba8unorm'] });
        made.setVertexBuffer(0, vertices);
        return made.finish();
      };
      const keep = () => { ${keep.includes('return') ? keep : `return ${keep};`} };
      const fits = async () => {
        device.pushErrorScope('out-of-memory');
        const kept = [];
        for (let k = 0; k < 20; k++) kept.push(keep());
        return (await device.popErrorScope()) === null ? kept.length : 'not ' + kept.length;
      };
      const first = await fits();
      // What the first has kept is garbage.
      device.pushErrorScope('out-of-memory');
      const again = [keep(), keep()];
      return [first, (await device.popErrorScope()) === null ? again.length : 'not again'];`);
    const datum = { vertex: name.includes('bundle') };
    const seen = await runOnGpu(await openGpuEvaluator(t, 1), work, [datum], { sandbox: { gpuMiB: 40 } });
    assert.deepEqual(valuesOf(seen), [['not 20', 2]]);
  });
}

/** Runs it with a limit of 40 MiB, in scopes for both kinds of errors; answers what they saw. */
const SCOPED = (statement: string): string =>
  gpuWork(`
    const MIB = 1 << 20;
    const all = [];
    device.pushErrorScope('validation');
    device.pushErrorScope('out-of-memory');
    ${statement}
    const memory = await device.popErrorScope();
    const validation = await device.popErrorScope();
    return [memory && 'memory', validation && 'validation'];`);

const COUNTED: readonly (readonly [string, string, readonly (string | null)[]])[] = [
  [
    'what is mapped at its creation takes its size twice until it is unmapped',
    `for (let k = 0; k < 5; k++) all.push(device.createBuffer({ size: 8 * MIB, usage: GPUBufferUsage.STORAGE, mappedAtCreation: k === 4 }));`,
    ['RangeError'],
  ],
  [
    'and once afterwards',
    `for (let k = 0; k < 4; k++) {
      const buffer = device.createBuffer({ size: 8 * MIB, usage: GPUBufferUsage.STORAGE, mappedAtCreation: k < 3 });
      if (k < 3) buffer.unmap();
      all.push(buffer);
    }`,
    [null, null],
  ],
  [
    'what can be mapped takes it once',
    `for (let k = 0; k < 4; k++) all.push(device.createBuffer({ size: 8 * MIB, usage: GPUBufferUsage.MAP_WRITE, mappedAtCreation: true }));`,
    [null, null],
  ],
  [
    'a texture of one texel takes more than that',
    `const usage = GPUTextureUsage.TEXTURE_BINDING;
    for (let k = 0; k < 6000; k++) all.push(device.createTexture({ size: [1], format: 'r8unorm', usage }));`,
    ['memory', null],
  ],
  [
    'what Dawn refuses takes nothing',
    `for (let k = 0; k < 10; k++) {
      all.push(device.createBuffer({ size: 8 * MIB, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE }));
      all.push(device.createBuffer({ size: 8 * MIB, usage: 0x8000 }));
      const size = [2048, 2048], format = 'rgba8unorm', usage = GPUTextureUsage.TEXTURE_BINDING;
      all.push(device.createTexture({ size, format, usage, mipLevelCount: 13 }));
      all.push(device.createTexture({ size, format, usage, sampleCount: 4 }));
    }`,
    [null, 'validation'],
  ],
  [
    'what is larger than the limit, and wrong, is wrong',
    `all.push(device.createBuffer({ size: 100 * MIB, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE }));
    all.push(device.createTexture({ size: [8192, 8192], format: 'rgba8unorm', usage: GPUTextureUsage.TEXTURE_BINDING, mipLevelCount: 20 }));`,
    [null, 'validation'],
  ],
  [
    'what a destroyed device makes takes nothing',
    `const other = await (await navigator.gpu.requestAdapter()).requestDevice();
    other.destroy();
    for (let k = 0; k < 10; k++) all.push(other.createBuffer({ size: 8 * MIB, usage: GPUBufferUsage.STORAGE }));
    all.push(device.createBuffer({ size: 8 * MIB, usage: GPUBufferUsage.STORAGE }));`,
    [null, null],
  ],
  [
    'an encoder that is finished keeps nothing',
    `const encoder = device.createCommandEncoder();
    device.queue.submit([encoder.finish()]);
    for (let k = 0; k < 10; k++) encoder.clearBuffer(device.createBuffer({ size: 8 * MIB, usage: GPUBufferUsage.COPY_DST }));
    all.push(encoder);`,
    [null, 'validation'],
  ],
];

for (const [name, statement, seenErrors] of COUNTED) {
  test(`the account of GPU memory: ${name}`, { skip }, async (t) => {
    const evaluator = await openGpuEvaluator(t, 1);
    const seen = await runOnGpu(evaluator, SCOPED(statement), [0], { sandbox: { gpuMiB: 40 } });
    const [failure] = seen.failures.values();
    if (failure) assert.match(failure.message, new RegExp(`${seenErrors[0]}.*|memory of the GPU is used up`));
    else assert.deepEqual(valuesOf(seen), [seenErrors]);
  });
}
