/** How objects keep each other alive, and what a program may do to them as JavaScript. */
import type { Programs } from '../harness/program.js';

export const lifetime: Programs = {
  'objects that nothing names any more': async (_gpu, t) => {
    const device = await t.device();
    const data = t.storage(device, [1, 1, 1, 1]);
    for (let i = 0; i < 200; i++) {
      const { pipeline, group } = t.doubling(device, data);
      if (i > 2) continue;
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(4);
      pass.end();
      device.queue.submit([encoder.finish()]);
    }
    return t.read32(device, data);
  },

  'a promise whose object nothing names': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const promises = Array.from({ length: 50 }, (_, i) =>
      device
        .createBuffer({ size: 64, usage })
        .mapAsync(GPUMapMode.READ)
        .then((value) => `${i} ${String(value)}`),
    );
    for (let i = 0; i < 20; i++) new Array(50_000).fill(i);
    return Promise.all(promises);
  },

  'a mapped range outlives the names of its buffer': async (_gpu, t) => {
    const device = await t.device();
    const ranges = Array.from({ length: 40 }, (_, i) => {
      const buffer = device.createBuffer({
        size: 4096,
        usage: GPUBufferUsage.COPY_SRC,
        mappedAtCreation: true,
      });
      const range = new Uint8Array(buffer.getMappedRange());
      range.fill(i);
      return range;
    });
    for (let i = 0; i < 20; i++) new Array(50_000).fill(i);
    await t.turn();
    return ranges.every((range, i) => range.length === 4096 && range[0] === i && range[4095] === i);
  },

  'a queue outlives the name of its device': async (_gpu, t) => {
    const { queue } = await t.device();
    for (let i = 0; i < 20; i++) new Array(50_000).fill(i);
    await t.turn();
    return t.settle(() => queue.onSubmittedWorkDone());
  },

  'objects carry properties of their own': async (_gpu, t) => {
    const device = (await t.device()) as GPUDevice & { mine?: number };
    const queue = device.queue as GPUQueue & { mine?: number };
    device.mine = 1;
    queue.mine = 2;
    for (let i = 0; i < 20; i++) new Array(50_000).fill(i);
    await t.turn();
    return [device.mine, (device.queue as typeof queue).mine, Object.keys(device), JSON.stringify(queue)];
  },

  'frozen and sealed objects work on': async (_gpu, t) => {
    const device = await t.device();
    const buffer = t.storage(device, [3]);
    Object.freeze(device);
    Object.freeze(buffer);
    buffer.label = 'frozen';
    return [await t.read32(device, buffer), buffer.label];
  },

  'objects as keys of weak maps': async (_gpu, t) => {
    const device = await t.device();
    const map = new WeakMap<object, string>([
      [device, 'device'],
      [device.queue, 'queue'],
    ]);
    return [map.get(device), map.get(device.queue)];
  },

  'objects cannot be cloned': async (_gpu, t) => {
    const device = await t.device();
    return [
      t.attempt(() => structuredClone(device)),
      t.attempt(() => structuredClone(device.queue)),
      t.attempt(() => structuredClone({ deep: [device.createSampler()] })),
    ];
  },

  'prototypes that were patched': async (_gpu, t) => {
    const device = await t.device();
    const original = GPUBuffer.prototype.destroy;
    let calls = 0;
    GPUBuffer.prototype.destroy = function (this: GPUBuffer) {
      calls++;
      original.call(this);
      return undefined;
    };
    t.storage(device, [1]).destroy();
    GPUBuffer.prototype.destroy = original;
    return calls;
  },

  'subclasses cannot be made': async (_gpu, t) => {
    class Mine extends (GPUBuffer as unknown as new () => object) {}
    return t.attempt(() => Reflect.construct(Mine, []));
  },

  'fifty devices, one after another': async (_gpu, t) => {
    const values = [];
    for (let i = 0; i < 50; i++) {
      const device = await (await t.adapter()).requestDevice();
      const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
      new Uint32Array(buffer.getMappedRange())[0] = i;
      buffer.unmap();
      values.push((await t.read32(device, buffer))[0]);
      device.destroy();
    }
    return values.every((value, i) => value === i);
  },

  'thenables and getters on results': async (_gpu, t) => {
    const device = await t.device();
    const order: string[] = [];
    Object.defineProperty(Object.prototype, 'then', {
      configurable: true,
      get() {
        order.push((this as object).constructor.name);
        return undefined;
      },
    });
    try {
      await device.queue.onSubmittedWorkDone();
      await device.popErrorScope().catch(() => undefined);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'then');
    }
    return order.includes('GPUQueue');
  },
};
