/**
 * Dictionaries are read by JavaScript of the environment (src/sandbox/environment/webgpu/readers.ts) as C++ alone reads them. C++ does
 * so in a getter that a reader has called, which is how both ways are had side by side.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { valuesOf } from '../evaluator/support.js';
import { gpuMissing, gpuWork, runOnGpu } from './support.js';
import { openGpuEvaluator } from './tested.js';

const skip = await gpuMissing();

/** Declares `both(call, make)`: what `call` of a descriptor comes to in both ways, with what it reads on the way. */
const BOTH = `
  const buffer = device.createBuffer({ size: 64, usage: GPUBufferUsage.UNIFORM });
  const texture = device.createTexture({ size: [4, 4], format: 'rgba8unorm', usage: GPUTextureUsage.RENDER_ATTACHMENT });
  const view = texture.createView();
  const sampler = device.createSampler();
  const entries = [0, 1, 2].map((binding) => ({ binding, visibility: 4, buffer: {} }));
  const layout = device.createBindGroupLayout({ entries });
  const encoder = device.createCommandEncoder();
  const pass = device.createCommandEncoder().beginComputePass();
  const isPlain = (value) => typeof value === 'object' && value !== null &&
    (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype);
  const spell = (value) => { try { return String(value); } catch { return typeof value; } };
  /** The same value, whose reads are noted, Arrays' too if so said. */
  const watched = (value, log, path, arrays) => {
    if (!isPlain(value) || (Array.isArray(value) && !arrays)) {
      return Array.isArray(value) ? value.map((each, index) => watched(each, log, path + '.' + index, arrays)) : value;
    }
    return new Proxy(value, {
      get(target, key, receiver) {
        const at = path + '.' + String(key);
        log.push(at);
        return watched(Reflect.get(target, key, receiver), log, at, arrays);
      },
      has: (_, key) => { throw new Error('has ' + String(key)); },
      ownKeys: () => { throw new Error('ownKeys'); },
      getPrototypeOf: () => { throw new Error('getPrototypeOf'); },
      getOwnPropertyDescriptor: () => { throw new Error('getOwnPropertyDescriptor'); },
    });
  };
  const attempt = (call, make, watch) => {
    const log = [];
    const descriptor = make(log);
    try {
      const made = call(watch === 'nothing' ? descriptor : watched(descriptor, log, '', watch === 'all'));
      const kept = ['label', 'size', 'usage', 'width', 'height', 'depthOrArrayLayers', 'format', 'dimension', 'mipLevelCount'];
      made.end?.();
      return [kept.map((name) => spell(made[name])), log];
    } catch (error) {
      return [error instanceof Error ? error.name + ': ' + error.message : spell(error), log];
    }
  };
  const within = (attempt) => {
    let outcome;
    device.createBuffer({ usage: 8, get size() { outcome = attempt(); return 4; } });
    return outcome;
  };
  let compared = 0;
  const both = (call, make) => {
    for (const watch of ['nothing', 'objects', 'all']) {
      const read = JSON.stringify(attempt(call, make, watch));
      const alone = JSON.stringify(within(() => attempt(call, make, watch)));
      compared++;
      if (read !== alone) throw new Error('read: ' + read + '; by C++ alone: ' + alone);
    }
  };
  const calls = {
    createBuffer: [(it) => device.createBuffer(it), () => ({ label: 'a', mappedAtCreation: false, size: 16, usage: 8 })],
    createTexture: [(it) => device.createTexture(it), () => ({
      label: 'b', dimension: '2d', format: 'rgba8unorm', mipLevelCount: 1, sampleCount: 1, size: [4, 4, 1], usage: 1,
      textureBindingViewDimension: '2d', viewFormats: ['rgba8unorm-srgb'],
    })],
    'createTexture, size as an object': [(it) => device.createTexture(it), () => ({
      format: 'r8unorm', size: { width: 4, height: 2, depthOrArrayLayers: 1 }, usage: 1,
    })],
    createView: [(it) => texture.createView(it), () => ({
      label: 'c', arrayLayerCount: 1, aspect: 'all', baseArrayLayer: 0, baseMipLevel: 0, dimension: '2d', format: 'rgba8unorm',
      mipLevelCount: 1, swizzle: 'rgba', usage: 0,
    })],
    createSampler: [(it) => device.createSampler(it), () => ({
      label: 'd', addressModeU: 'repeat', addressModeV: 'repeat', addressModeW: 'repeat', compare: 'less', lodMaxClamp: 2.5,
      lodMinClamp: 0, magFilter: 'linear', maxAnisotropy: 1, minFilter: 'linear', mipmapFilter: 'nearest',
    })],
    createBindGroupLayout: [(it) => device.createBindGroupLayout(it), () => ({
      label: 'e',
      entries: [
        { binding: 0, visibility: 4, buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: 0 } },
        { binding: 1, visibility: 4, sampler: { type: 'filtering' } },
        { binding: 2, visibility: 4, texture: { sampleType: 'float', viewDimension: '2d', multisampled: false } },
        { binding: 3, visibility: 4, storageTexture: { access: 'write-only', format: 'rgba8unorm', viewDimension: '2d' } },
      ],
    })],
    createPipelineLayout: [(it) => device.createPipelineLayout(it), () => ({
      label: 'h', bindGroupLayouts: [layout, null, layout], immediateSize: 0,
    })],
    setBindGroup: [({ offsets }) => pass.setBindGroup(0, null, offsets) ?? {}, () => ({ offsets: [256, 0, 512] })],
    createBindGroup: [(it) => device.createBindGroup(it), () => ({
      label: 'f', layout,
      entries: [
        { binding: 0, resource: { buffer, offset: 0, size: 16 } }, { binding: 1, resource: buffer }, { binding: 2, resource: view },
        { binding: 3, resource: sampler }, { binding: 4, resource: texture },
      ],
    })],
    beginRenderPass: [(it) => encoder.beginRenderPass(it), () => ({
      label: 'g',
      colorAttachments: [
        { view, loadOp: 'clear', storeOp: 'store', clearValue: [0, 0.5, 1, 1], depthSlice: undefined, resolveTarget: undefined },
        null,
        { view, loadOp: 'clear', storeOp: 'store', clearValue: { r: 0, g: 1, b: 0, a: 1 } },
      ],
      depthStencilAttachment: { view, depthLoadOp: 'clear', depthStoreOp: 'store', depthClearValue: 1, depthReadOnly: false },
      maxDrawCount: 5,
    })],
  };
  device.pushErrorScope('validation');
`;

const work = (body: string): string =>
  gpuWork(`${BOTH} ${body}; await device.popErrorScope(); return compared;`);

async function compared(t: test.TestContext, body: string): Promise<number> {
  const [count] = valuesOf(await runOnGpu(await openGpuEvaluator(t, 1), work(body), [0]));
  return count as number;
}

test('the same is read in the same order, and made of it or said about it', { skip }, async (t) => {
  const count = await compared(
    t,
    `
    const odd = [
      () => undefined, () => null, () => true, () => 'no such value', () => '16', () => -1, () => -0, () => 1.5, () => NaN,
      () => Infinity, () => 2 ** 32, () => 2 ** 60, () => 10n, () => Symbol('s'), () => ({}), () => [], () => [1], () => [1, 2, 3, 4, 5],
      () => () => 1, () => new Set([1, 2]), () => [null], () => [undefined], () => [{}], () => [[]], () => buffer, () => texture,
      () => view, () => layout, () => ({ buffer }), () => Object.create(buffer), () => new Proxy(buffer, {}),
      () => ({ [Symbol.iterator]: 5 }), () => ({ [Symbol.iterator]: null, width: 1 }),
      () => ({ [Symbol.iterator]: Array.prototype.values, length: 1, 0: 3 }), () => Object.assign([1, 2], { [Symbol.iterator]: undefined }),
      () => new Uint32Array([1, 2]), () => [1, , 3],
      (log) => ({ toString() { log.push('toString'); return 'linear'; }, valueOf() { log.push('valueOf'); return 4; } }),
      (log) => ({ toString() { log.push('toString'); throw new RangeError('mine'); }, valueOf() { log.push('valueOf'); throw new RangeError('mine'); } }),
    ];
    /** Every place of a descriptor: [the object there, its property]. */
    const places = (value, path = []) =>
      !isPlain(value) ? [] : Object.keys(value).flatMap((key) => [[...path, key], ...places(value[key], [...path, key])]);
    for (const [call, make] of Object.values(calls)) {
      both(call, make);
      for (const path of places(make())) {
        const put = (define) => (log) => {
          const descriptor = make();
          let at = descriptor;
          for (const key of path.slice(0, -1)) at = at[key];
          define(at, path[path.length - 1], log);
          return descriptor;
        };
        for (const value of odd) both(call, put((at, key, log) => { at[key] = value(log); }));
        both(call, put((at, key) => Object.defineProperty(at, key, { get() { throw new RangeError('mine'); } })));
        both(call, put((at, key) => { delete at[key]; }));
      }
    }`,
  );
  assert.ok(count > 7000, `${count} comparisons`);
});

test('sequences of any length are read to their end', { skip }, async (t) => {
  const count = await compared(
    t,
    `
    for (let length = 0; length < 40; length++) {
      const entry = (binding) => ({ binding, resource: { buffer, offset: 0, size: 16 } });
      both(calls.createBindGroup[0], () => ({ layout, entries: Array.from({ length }, (_, at) => entry(at)) }));
      both(calls.createPipelineLayout[0], () => ({ bindGroupLayouts: Array.from({ length }, () => layout) }));
      both(calls.setBindGroup[0], () => ({ offsets: Array.from({ length }, (_, at) => at) }));
      both(calls.createBindGroupLayout[0], () => ({ entries: Array.from({ length }, (_, binding) => ({ binding, visibility: 4, buffer: {} })) }));
      both(calls.createTexture[0], () => ({ format: 'r8unorm', size: [1], usage: 1, viewFormats: Array.from({ length }, () => 'r8unorm') }));
      both(calls.beginRenderPass[0], () => ({ colorAttachments: Array.from({ length }, () => ({ view, loadOp: 'load', storeOp: 'store' })) }));
      // One that grows while it is read, and one that ends meanwhile.
      for (const change of [(entries) => entries.push(entry(99)), (entries) => { entries.length = 1; }]) {
        both(calls.createBindGroup[0], (log) => {
          const entries = Array.from({ length }, (_, at) => entry(at));
          if (length > 2) Object.defineProperty(entries[2], 'binding', { get() { log.push('changed'); if (entries.length < 60) change(entries); return 2; } });
          return { layout, entries };
        });
      }
    }`,
  );
  assert.equal(count, 40 * 8 * 3);
});

test('a sequence whose length is no whole number ends where C++ alone has it end', { skip }, async (t) => {
  const count = await compared(
    t,
    `
    const lengths = [NaN, undefined, null, 0.5, 1.5, -1, '1', 'x', {}, true, Infinity, Symbol('s'), 1n, 2 ** 53];
    for (const length of lengths) {
      const odd = (array) => new Proxy(array, { get: (target, key) => (key === 'length' ? length : target[key]) });
      both(calls.createBindGroup[0], () => ({ layout, entries: odd([{ binding: 0, resource: { buffer } }]) }));
      both(calls.setBindGroup[0], () => ({ offsets: odd([256, 512]) }));
      both(calls.createTexture[0], () => ({ format: 'r8unorm', size: odd([1]), usage: 1 }));
      both(calls.createTexture[0], () => ({ format: 'r8unorm', size: [1], usage: 1, viewFormats: odd(['r8unorm']) }));
      both(calls.beginRenderPass[0], () => ({ colorAttachments: [{ view, clearValue: odd([0, 0, 0, 0]), loadOp: 'clear', storeOp: 'store' }] }));
    }`,
  );
  assert.equal(count, 14 * 5 * 3);
});

for (const [what, change] of [
  ['taken away', 'delete Array.prototype[Symbol.iterator];'],
  [
    'another',
    'Array.prototype[Symbol.iterator] = function* () { yield* { __proto__: null, [Symbol.iterator]: own.bind(this) }; };',
  ],
] as const)
  test(
    `nothing of the readers gets out, with the iterator of Arrays ${what} before there are any`,
    { skip },
    async (t) => {
      // What a sequence ends with must never come to be converted as the value of a member.
      const work = `async () => {
      const own = Array.prototype.values;
      const leaked = [];
      for (const { prototype } of [Function, Symbol, Object])
        Object.defineProperty(prototype, Symbol.toPrimitive, {
          configurable: true,
          value() { leaked.push(typeof this); return '2d'; },
        });
      ${change}
      const adapter = await navigator.gpu.requestAdapter();
      const device = await adapter.requestDevice();
      const texture = { format: 'rgba8unorm', size: { width: 4 }, usage: 16 };
      const view = device.createTexture(texture).createView();
      const encoder = device.createCommandEncoder();
      const attachment = { view, loadOp: 'clear', storeOp: 'store', clearValue: [0, 0, 0, 0] };
      const calls = [
        () => device.createTexture({ ...texture, size: [1, 1, 1] }),
        () => device.createTexture({ ...texture, viewFormats: ['rgba8unorm'] }),
        () => encoder.beginRenderPass({ colorAttachments: [attachment] }),
        () => encoder.beginRenderPass({ colorAttachments: { 0: attachment, length: 1, [Symbol.iterator]: own } }),
      ];
      for (let at = 0; at < calls.length; at++) {
        try { calls[at](); } catch {}
      }
      return leaked;
    }`;
      const [leaked] = valuesOf(await runOnGpu(await openGpuEvaluator(t, 1), work, [0]));
      assert.ok(!(leaked as string[]).includes('function'), String(leaked));
      assert.ok(!(leaked as string[]).includes('symbol'), String(leaked));
    },
  );

test('what the Work Function makes of the built-in objects is not called', { skip }, async (t) => {
  const count = await compared(
    t,
    `
    const called = [];
    const trap = (object, key) => {
      const before = Reflect.getOwnPropertyDescriptor(object, key);
      Object.defineProperty(object, key, {
        configurable: true,
        get() { called.push(String(key)); return before?.value; },
        set() { called.push('set ' + String(key)); },
      });
      return () => (before ? Object.defineProperty(object, key, before) : delete object[key]);
    };
    const names = ['0', '1', '20', '47', '48', 'length', 'linear', 'call', 'apply'];
    const undo = [
      ...names.slice(0, 5).map((name) => trap(Array.prototype, name)),
      ...names.map((name) => (name in Object.prototype ? () => undefined : trap(Object.prototype, name))),
      ...['call', 'apply'].map((name) => trap(Function.prototype, name)),
      trap(Array, 'isArray'), trap(Reflect, 'apply'), trap(Symbol.prototype, 'description'),
    ];
    const descriptors = Object.values(calls).map(([call, make]) => [call, make()]);
    called.length = 0;
    for (const [call, descriptor] of descriptors) { try { call(descriptor).end?.(); } catch {} }
    const seen = [...new Set(called)];
    for (const each of undo) each();
    if (seen.length > 0) throw new Error(seen.join());
    // One that a getter ends leaves nothing behind for the next.
    class Thrown {}
    for (const [call, make] of Object.values(calls)) {
      both(call, () => Object.defineProperty(make(), 'label', { get() { throw new Thrown(); } }));
    }`,
  );
  assert.ok(count > 0);
});

test('an error of a conversion has the stack of its call', { skip }, async (t) => {
  const seen = await runOnGpu(
    await openGpuEvaluator(t, 1),
    gpuWork(`
      const stackOf = (descriptor) => {
        try { device.createBuffer(descriptor); } catch (error) { return error.stack.split('\\n').slice(0, 2).join(); }
      };
      return [stackOf({ usage: 8 }), stackOf({ size: 'x', usage: 8 })];`),
    [0],
  );
  for (const stack of valuesOf(seen)[0] as string[])
    assert.match(stack, /^TypeError: GPUDevice\.createBuffer: descriptor\.size: [^\n]*,\s+at stackOf/);
});
