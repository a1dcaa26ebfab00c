/** `GPUQueue`: submit, writes, and work done. */
import type { Programs } from '../harness/program.js';

export const queue: Programs = {
  'a queue as it is': async (_gpu, t) => {
    const device = await t.device();
    const { queue } = device;
    queue.label = 'mine';
    return [queue instanceof GPUQueue, Object.prototype.toString.call(queue), device.queue.label];
  },

  'submit answers nothing': async (_gpu, t) => {
    const { queue } = await t.device();
    const submit = queue.submit.bind(queue) as (...args: unknown[]) => unknown;
    return [
      submit([]),
      ...[[], [null], [5], ['text'], [[{}]], [[null]], [{}]].map((args) => t.attempt(() => submit(...args))),
    ];
  },

  'several command buffers run in their order': async (_gpu, t) => {
    const device = await t.device();
    const data = t.storage(device, [1]);
    const { pipeline, group } = t.doubling(device, data);
    const commands = Array.from({ length: 5 }, () => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(1);
      pass.end();
      return encoder.finish();
    });
    device.queue.submit(commands.slice(0, 3));
    device.queue.submit(commands.slice(3));
    return t.read32(device, data);
  },

  'a command buffer is submitted once': async (_gpu, t) => {
    const device = await t.device();
    const [once, twice] = [device.createCommandEncoder().finish(), device.createCommandEncoder().finish()];
    const submit = (list: GPUCommandBuffer[]): Promise<string> =>
      t.scope(device, () => {
        device.queue.submit(list);
      });
    return [await submit([once]), await submit([once]), await submit([twice, twice])];
  },

  'writeBuffer of every kind of view': async (_gpu, t) => {
    const device = await t.device();
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
    const sources: [GPUAllowSharedBufferSource, number?, number?][] = [
      [bytes.buffer],
      [bytes],
      [bytes.subarray(4, 12)],
      [new Uint16Array(bytes.buffer), 2, 4],
      [new Float64Array(bytes.buffer), 1, 1],
      [bytes.buffer, 16],
      [bytes, 28],
      [new BigUint64Array([1n, 2n]), 1],
      [bytes, 0, 0],
      [bytes, 32],
    ];
    const written = [];
    for (const [source, offset, size] of sources) {
      const buffer = device.createBuffer({
        size: 32,
        usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      });
      device.queue.writeBuffer(buffer, 0, source as ArrayBuffer, offset, size);
      written.push(await t.read(device, buffer));
    }
    return written;
  },

  'writeBuffer beyond the data': async (_gpu, t) => {
    const device = await t.device();
    const buffer = t.storage(device, new Array<number>(8).fill(0));
    const data = new Uint32Array(8);
    const calls: unknown[][] = [
      [0, data, 9],
      [0, data, 4, 5],
      [0, data, 0, 9],
      [0, data, 8, 0],
      [0, data, 8, 1],
      [0, data, -1],
      [0, data, 0, -1],
      [0, data, 2 ** 53],
      [0, new Uint8Array(6), 0, 5],
      [0, new Uint8Array(6)],
      [0, new Uint8Array(6), 3],
    ];
    const outcomes = [];
    for (const args of calls) {
      outcomes.push(
        await t.scope(device, () => Reflect.apply(device.queue.writeBuffer, device.queue, [buffer, ...args])),
      );
    }
    return outcomes;
  },

  'writeBuffer with arguments that are wrong': async (_gpu, t) => {
    const device = await t.device();
    const buffer = t.storage(device, [0]);
    const detached = new ArrayBuffer(8);
    structuredClone(detached, { transfer: [detached] });
    const write = device.queue.writeBuffer.bind(device.queue) as (...args: unknown[]) => unknown;
    return [
      [],
      [buffer],
      [buffer, 0],
      [buffer, 0, null],
      [buffer, 0, 'text'],
      [buffer, 0, [1, 2]],
      [buffer, 0, {}],
      [{}, 0, new Uint8Array(4)],
      [buffer, -4, new Uint8Array(4)],
      [buffer, NaN, new Uint8Array(4)],
      [buffer, 0, detached],
      [buffer, 0, new Uint8Array(4), 'text'],
    ].map((args) => t.attempt(() => write(...args)));
  },

  'writeBuffer the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const buffer = t.storage(device, [0, 0, 0, 0]);
    const unused = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC });
    const mapped = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST, mappedAtCreation: true });
    const data = new Uint8Array(16);
    const writes: [GPUBuffer, number][] = [
      [buffer, 0],
      [buffer, 4],
      [buffer, 16],
      [buffer, 2],
      [buffer, 2 ** 40],
      [unused, 0],
      [mapped, 0],
    ];
    const outcomes = [];
    for (const [target, offset] of writes) {
      outcomes.push(
        await t.scope(device, () => {
          device.queue.writeBuffer(target, offset, data);
        }),
      );
    }
    return outcomes;
  },

  'writeBuffer takes the data as they are at the call': async (_gpu, t) => {
    const device = await t.device();
    const buffer = t.storage(device, [0]);
    const data = new Uint32Array([5]);
    device.queue.writeBuffer(buffer, 0, data);
    data[0] = 6;
    return t.read32(device, buffer);
  },

  'writeBuffer of a megabyte': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({ size: 2 ** 20, usage });
    const data = Uint32Array.from({ length: 2 ** 18 }, (_, i) => Math.imul(i, 2654435761));
    device.queue.writeBuffer(buffer, 0, data);
    const back = await t.read32(device, buffer);
    return back.length === data.length && back.every((value, i) => value === data[i]);
  },

  writeTexture: async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device, {
      usage: GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC,
      format: 'r8uint',
    });
    const data = Uint8Array.from({ length: 64 }, (_, i) => i);
    const { queue } = device;
    queue.writeTexture({ texture }, data, { bytesPerRow: 8, offset: 3 }, [4, 4]);
    const whole = await t.readTexture(device, { texture }, 4, 4, 1);
    queue.writeTexture({ texture, origin: [2, 1] }, data.subarray(60), {}, { width: 2 });
    const part = await t.readTexture(device, { texture }, 4, 4, 1);
    queue.writeTexture({ texture }, data.buffer, { bytesPerRow: 1 }, [1, 4]);
    return [whole, part, await t.readTexture(device, { texture }, 4, 4, 1)];
  },

  'writeTexture that is wrong': async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device, { usage: GPUTextureUsage.COPY_DST });
    const drawn = t.target(device);
    const data = new Uint8Array(64);
    const calls: unknown[][] = [
      [{ texture }, data, { bytesPerRow: 16 }, [4, 4]],
      [{ texture }, data, { bytesPerRow: 16 }, [4, 5]],
      [{ texture }, data, { bytesPerRow: 8 }, [4, 4]],
      [{ texture }, data, {}, [4, 4]],
      [{ texture }, data, { bytesPerRow: 16, offset: 1 }, [4, 4]],
      [{ texture }, data, { bytesPerRow: 16, offset: 65 }, [0, 0]],
      [{ texture }, data, { bytesPerRow: 16, offset: -1 }, [4, 4]],
      [{ texture: drawn }, data, { bytesPerRow: 16 }, [4, 4]],
      [{ texture, mipLevel: 1 }, data, { bytesPerRow: 16 }, [1, 1]],
      [{ texture, origin: [4] }, data, { bytesPerRow: 16 }, [1, 1]],
      [{ texture }, 'text', { bytesPerRow: 16 }, [4, 4]],
      [{ texture }, data, 5, [4, 4]],
      [{}, data, {}, [1]],
      [{ texture }, data, { bytesPerRow: 16 }, [-1]],
    ];
    const outcomes = [];
    for (const args of calls) {
      outcomes.push(
        await t.scope(device, () => Reflect.apply(device.queue.writeTexture, device.queue, args)),
      );
    }
    return outcomes;
  },

  'onSubmittedWorkDone answers nothing, in its turn': async (_gpu, t) => {
    const device = await t.device();
    const order: string[] = [];
    const promise = device.queue.onSubmittedWorkDone();
    const first = promise.then((value) => order.push(`first ${String(value)}`));
    device.queue.submit([device.createCommandEncoder().finish()]);
    const second = device.queue.onSubmittedWorkDone().then(() => order.push('second'));
    order.push('called');
    await Promise.all([first, second]);
    return [promise instanceof Promise, order];
  },

  'promises of a queue that is taken for another': async (_gpu, t) => {
    const { queue } = await t.device();
    return [
      await t.settle(() => Reflect.apply(queue.onSubmittedWorkDone, {}, [])),
      t.attempt(() => Reflect.apply(queue.submit, {}, [[]])),
      t.attempt(() => Reflect.apply(queue.writeBuffer, null, [])),
    ];
  },

  'copyExternalImageToTexture of no picture': async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device, { usage: GPUTextureUsage.COPY_DST | GPUTextureUsage.RENDER_ATTACHMENT });
    const copy = Reflect.get(device.queue, 'copyExternalImageToTexture') as (...args: unknown[]) => void;
    const call = (...args: unknown[]): unknown => t.attempt(() => Reflect.apply(copy, device.queue, args));
    return [
      call({ source: {} }, { texture }, [1]),
      call({}, { texture }, [1]),
      call({ source: {} }, { texture }),
    ];
  },
};
