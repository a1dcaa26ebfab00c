/** WebGPU is made when the first of its names is read: nobody can tell, but by the clock. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { valuesOf } from '../evaluator/support.js';
import { DOUBLE, gpuMissing, gpuWork, runOnGpu } from './support.js';
import { openGpuEvaluator } from './tested.js';

const skip = await gpuMissing();

/** The text of a Work Function that does `before`, and then uses the GPU: it answers what `before` has made `seen`. */
const after = (before: string): string =>
  `async (datum) => {
    let seen;
    ${before}
    return [seen, await (${gpuWork(`return (await compute(${JSON.stringify(DOUBLE)}, Uint32Array.of(21)))[0];`)})()];
  }`;

test('a first use at the end of the stack throws, and the next one works', { skip }, async (t) => {
  for (const use of ['navigator.gpu', 'GPUBuffer', 'GPUError', 'new GPUValidationError("x")']) {
    const work = after(`
      let failed = '';
      const dive = () => {
        try { dive(); } catch {
          // The innermost frame that can: where the stack has almost no room.
          if (failed !== '') return;
          try { void (${use}); failed = 'nothing'; } catch (error) { failed = error.name; }
        }
      };
      dive();
      seen = [failed, navigator.gpu === navigator.gpu && navigator.gpu instanceof GPU];`);
    const seen = await runOnGpu(await openGpuEvaluator(t, 1), work, [0]);
    assert.deepEqual(valuesOf(seen), [[['RangeError', true], 42]], use);
  }
});

test('names can be replaced before their first use, and the rest works', { skip }, async (t) => {
  const work = after(`
    globalThis.GPU = 'mine';
    Reflect.deleteProperty(globalThis, 'GPUDevice');
    globalThis.EventTarget = globalThis.Event = globalThis.DOMException = undefined;
    seen = [GPU, typeof GPUDevice, typeof GPUQueue];`);
  const seen = await runOnGpu(await openGpuEvaluator(t, 1), work, [0]);
  assert.deepEqual(valuesOf(seen), [[['mine', 'undefined', 'function'], 42]]);
});

test('what the Work Function has made of ordinary intrinsics does not matter', { skip }, async (t) => {
  const work = `async () => {
    const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;
    const { ownKeys } = Reflect;
    const before = [];
    const owners = [Object, Reflect, Function.prototype, Array, Array.prototype, Map.prototype, Set.prototype,
      WeakMap.prototype, String.prototype, Promise, getPrototypeOf(Uint8Array.prototype)];
    const spoil = () => {
      for (let at = 0; at < owners.length; at++) {
        const owner = owners[at];
        const keys = ownKeys(owner);
        for (let index = 0; index < keys.length; index++) {
          const key = keys[index];
          const descriptor = getOwnPropertyDescriptor(owner, key);
          if (typeof descriptor.value !== 'function' || !descriptor.configurable || key === 'constructor') continue;
          before[before.length] = () => defineProperty(owner, key, descriptor);
          const value = () => { throw new Error('called what the Work Function has spoiled'); };
          defineProperty(owner, key, { ...descriptor, value });
        }
      }
    };
    const restore = () => {
      for (let index = 0; index < before.length; index++) before[index]();
    };
    spoil();
    let seen;
    try {
      const adapter = await navigator.gpu.requestAdapter();
      const device = await adapter.requestDevice();
      let heard = null;
      device.onuncapturederror = (event) => { heard = event.error; event.preventDefault(); };
      device.pushErrorScope('validation');
      device.createBuffer({ size: 4, usage: 0 });
      const caught = await device.popErrorScope();
      device.createBuffer({ size: 4, usage: 0 });
      await device.queue.onSubmittedWorkDone();
      const module = device.createShaderModule({ code: 'nonsense' });
      const info = await module.getCompilationInfo();
      seen = [caught instanceof GPUValidationError, heard instanceof GPUValidationError, info.messages.length > 0,
        adapter.features.size > 0, adapter.info.vendor !== undefined, device.limits.maxBindGroups > 0];
      device.destroy();
      seen[seen.length] = (await device.lost).reason;
    } finally {
      restore();
    }
    return seen;
  }`;
  const seen = await runOnGpu(await openGpuEvaluator(t, 1), work, [0]);
  assert.deepEqual(
    valuesOf(seen),
    [[true, true, true, true, true, true, 'destroyed']],
    String(seen.end?.error),
  );
});

test(
  'an error that nobody takes is a line of the Slice, told once however often it comes',
  { skip },
  async (t) => {
    const work = `async (datum) => {
    const device = await (await navigator.gpu.requestAdapter()).requestDevice();
    if (datum === 'prevented') device.addEventListener('uncapturederror', (event) => event.preventDefault());
    if (datum === 'bad listener') device.onuncapturederror = () => { throw new Error('from a listener'); };
    for (let count = 0; count < 3; count++) device.createBuffer({ label: 'mine', size: 4, usage: 0 });
    await device.queue.onSubmittedWorkDone();
    await new Promise((resolve) => setTimeout(resolve, 20));
    device.destroy();
    return datum;
  }`;
    const data = ['nobody', 'prevented', 'bad listener'];
    const seen = await runOnGpu(await openGpuEvaluator(t, 1), work, data);
    assert.deepEqual(valuesOf(seen), data);
    const lines = (slice: number): string[] =>
      seen.messages.flatMap((message) =>
        message.slice === slice && message.type === 'console' ? [`${message.level}: ${message.message}`] : [],
      );
    const [first, ...more] = lines(1);
    assert.match(first!, /^warn: Uncaught GPUValidationError: .*mine/s);
    assert.deepEqual(more, ['warn: (the last message was repeated 2 times)']);
    assert.deepEqual(lines(2), []);
    const listeners = lines(3).filter((line) => line.startsWith('error: Uncaught Error: from a listener'));
    assert.ok(listeners.length > 0, lines(3).join('\n'));
  },
);
