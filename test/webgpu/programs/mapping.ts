/** `GPUBuffer.mapAsync`, `getMappedRange`, `unmap`, and the memory they hand out. */
import type { Programs } from '../harness/program.js';

export const mapping: Programs = {
  'map for reading': async (_gpu, t) => {
    const device = await t.device();
    const source = t.storage(device, [10, 20, 30, 40]);
    const buffer = device.createBuffer({
      size: 16,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, buffer, 0, 16);
    device.queue.submit([encoder.finish()]);
    const states: string[] = [buffer.mapState];
    const mapping = buffer.mapAsync(GPUMapMode.READ);
    states.push(buffer.mapState);
    const answer = await mapping;
    states.push(buffer.mapState);
    const values = [...new Uint32Array(buffer.getMappedRange())];
    buffer.unmap();
    states.push(buffer.mapState);
    return [answer, states, values];
  },

  'map for writing, again and again': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({
      size: 8,
      usage: GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC,
    });
    const seen = [];
    for (const value of [1, 2, 3]) {
      await buffer.mapAsync(GPUMapMode.WRITE);
      const range = new Uint32Array(buffer.getMappedRange());
      seen.push([...range]);
      range.fill(value);
      buffer.unmap();
      seen.push([...(await t.read32(device, buffer))]);
    }
    return seen;
  },

  'a mapped range is an ArrayBuffer': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 32, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
    const range = buffer.getMappedRange(8, 16);
    return [
      range instanceof ArrayBuffer,
      Object.prototype.toString.call(range),
      range.byteLength,
      (range as { resizable?: boolean }).resizable ?? false,
    ];
  },

  'ranges that do not overlap': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 32, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
    const [a, b] = [buffer.getMappedRange(0, 8), buffer.getMappedRange(16, 8)];
    const rest = buffer.getMappedRange(24);
    new Uint32Array(a).fill(1);
    new Uint32Array(b).fill(2);
    new Uint32Array(rest).fill(3);
    buffer.unmap();
    return [[a, b, rest].map((range) => range.byteLength), await t.read32(device, buffer)];
  },

  'ranges that overlap, or lie askew': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 64, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
    buffer.getMappedRange(16, 16);
    const ranges: [number?, number?][] = [
      [],
      [16, 16],
      [8, 16],
      [24, 4],
      [4, 4],
      [0, 3],
      [0, 68],
      [72],
      [64, 0],
      [64],
      [32, 32],
      [8, 0],
      [16, 0],
    ];
    return ranges.map(([offset, size]) => t.attempt(() => buffer.getMappedRange(offset, size).byteLength));
  },

  'the same range again after unmap and map': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({
      size: 8,
      usage: GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC,
    });
    await buffer.mapAsync(GPUMapMode.WRITE);
    const first = buffer.getMappedRange();
    buffer.unmap();
    await buffer.mapAsync(GPUMapMode.WRITE);
    const second = buffer.getMappedRange();
    return [first === second, first.byteLength, second.byteLength];
  },

  'offsets and sizes that are none': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
    const get = buffer.getMappedRange.bind(buffer) as (...args: unknown[]) => ArrayBuffer;
    const outcomes = [[-1], [NaN], [2 ** 53], ['text'], [0, -1], [0, 2 ** 60], [0, 4n]].map((args) =>
      t.attempt(() => get(...args).byteLength),
    );
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const other = device.createBuffer({ size: 16, usage });
    const map = other.mapAsync.bind(other) as (...args: unknown[]) => Promise<undefined>;
    const maps = [];
    for (const args of [[], [-1], ['text'], [1, -1], [1, NaN], [1, 0, -1], [1, 0, 2 ** 53], [2 ** 32]]) {
      maps.push(await t.settle(() => map(...args)));
    }
    return [outcomes, maps, other.mapState];
  },

  'unmap detaches every range': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 32, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
    const ranges = [buffer.getMappedRange(0, 8), buffer.getMappedRange(8, 8)];
    const view = new Uint8Array(ranges[0]!);
    buffer.unmap();
    return [ranges.map((range) => range.byteLength), view.length, t.attempt(() => buffer.getMappedRange())];
  },

  'destroy detaches every range': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 32, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
    const range = buffer.getMappedRange();
    buffer.destroy();
    return [range.byteLength, buffer.mapState, t.attempt(() => buffer.getMappedRange())];
  },

  'a mapped range cannot be transferred away': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 32, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
    const range = buffer.getMappedRange();
    new Uint32Array(range).fill(5);
    const attempt = t.attempt(() => structuredClone(range, { transfer: [range] }).byteLength);
    const length = range.byteLength;
    buffer.unmap();
    return [attempt, length, await t.read32(device, buffer)];
  },

  'what is written into a range mapped for reading stays there': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: 8, usage });
    device.queue.writeBuffer(buffer, 0, new Uint32Array([1, 2]));
    await buffer.mapAsync(GPUMapMode.READ);
    new Uint32Array(buffer.getMappedRange()).fill(9);
    buffer.unmap();
    await buffer.mapAsync(GPUMapMode.READ);
    return [...new Uint32Array(buffer.getMappedRange())].length;
  },

  'part of a buffer': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({
      size: 64,
      usage: GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC,
    });
    await buffer.mapAsync(GPUMapMode.WRITE, 16, 32);
    const inside = t.attempt(() => buffer.getMappedRange(16, 32).byteLength);
    const outside = [[0, 8], [8, 16], [40, 16], [48]].map(([offset, size]) =>
      t.attempt(() => buffer.getMappedRange(offset, size).byteLength),
    );
    buffer.unmap();
    await buffer.mapAsync(GPUMapMode.WRITE, 32);
    const rest = t.attempt(() => buffer.getMappedRange(32).byteLength);
    const whole = t.attempt(() => buffer.getMappedRange().byteLength);
    return [inside, outside, rest, whole];
  },

  'mappings the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const attempts: [GPUBufferUsageFlags, number, number?, number?][] = [
      [GPUBufferUsage.COPY_DST, GPUMapMode.READ],
      [GPUBufferUsage.MAP_READ, GPUMapMode.WRITE],
      [GPUBufferUsage.MAP_WRITE, GPUMapMode.READ],
      [GPUBufferUsage.MAP_READ, GPUMapMode.READ | GPUMapMode.WRITE],
      [GPUBufferUsage.MAP_READ, 0],
      [GPUBufferUsage.MAP_READ, 0x40],
      [GPUBufferUsage.MAP_READ, GPUMapMode.READ, 4],
      [GPUBufferUsage.MAP_READ, GPUMapMode.READ, 8, 6],
      [GPUBufferUsage.MAP_READ, GPUMapMode.READ, 24, 16],
      [GPUBufferUsage.MAP_READ, GPUMapMode.READ, 40],
      [GPUBufferUsage.MAP_READ, GPUMapMode.READ, 32, 0],
    ];
    const outcomes = [];
    for (const [usage, mode, offset, size] of attempts) {
      const buffer = device.createBuffer({ size: 32, usage });
      device.pushErrorScope('validation');
      const settled = await t.settle(() => buffer.mapAsync(mode, offset, size));
      const error = await device.popErrorScope();
      outcomes.push([settled, error === null ? 'none' : t.nameOf(error), buffer.mapState]);
    }
    return outcomes;
  },

  'a second mapping while one is pending': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: 16, usage });
    const order: string[] = [];
    device.pushErrorScope('validation');
    const first = t.settle(() => buffer.mapAsync(GPUMapMode.READ)).then((s) => (order.push('first'), s));
    const second = t.settle(() => buffer.mapAsync(GPUMapMode.READ)).then((s) => (order.push('second'), s));
    const error = await device.popErrorScope();
    return [await second, await first, error === null ? 'none' : t.nameOf(error), order, buffer.mapState];
  },

  'a mapping of what is mapped': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: 16, usage, mappedAtCreation: true });
    device.pushErrorScope('validation');
    const settled = await t.settle(() => buffer.mapAsync(GPUMapMode.READ));
    const error = await device.popErrorScope();
    return [
      settled,
      error === null ? 'none' : t.nameOf(error),
      buffer.mapState,
      buffer.getMappedRange().byteLength,
    ];
  },

  // The conformance suite's mapAsync,abort_over_invalid_error: unmapping comes before what was wrong.
  'unmap and destroy while a mapping of what is mapped is refused': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const outcomes = [];
    for (const end of ['unmap', 'destroy'] as const) {
      const buffer = device.createBuffer({ size: 16, usage });
      await buffer.mapAsync(GPUMapMode.READ);
      device.pushErrorScope('validation');
      const refused = t.settle(() => buffer.mapAsync(GPUMapMode.READ));
      const early = t.settle(() => buffer.mapAsync(GPUMapMode.READ));
      const state = buffer.mapState;
      const { byteLength } = buffer.getMappedRange();
      buffer[end]();
      const after = buffer.mapState;
      const error = await device.popErrorScope();
      const again = await t.scope(device, () => void buffer.mapAsync(GPUMapMode.READ).catch(() => undefined));
      outcomes.push([
        await refused,
        await early,
        state,
        byteLength,
        after,
        error === null ? 'none' : t.nameOf(error),
        again,
      ]);
    }
    return outcomes;
  },

  'unmap while a mapping is pending': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: 16, usage });
    const pending = t.settle(() => buffer.mapAsync(GPUMapMode.READ));
    buffer.unmap();
    const state = buffer.mapState;
    const settled = await pending;
    return [state, settled, await t.settle(() => buffer.mapAsync(GPUMapMode.READ)), buffer.mapState];
  },

  'destroy while a mapping is pending': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: 16, usage });
    const pending = t.settle(() => buffer.mapAsync(GPUMapMode.READ));
    buffer.destroy();
    return [buffer.mapState, await pending, buffer.mapState];
  },

  'unmap of what is not mapped': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST });
    return [
      await t.scope(device, () => {
        buffer.unmap();
        buffer.unmap();
      }),
      (buffer.unmap as () => unknown)(),
      t.attempt(() => buffer.getMappedRange()),
    ];
  },

  'getMappedRange while a mapping is pending': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: 16, usage });
    const pending = buffer.mapAsync(GPUMapMode.READ);
    const early = t.attempt(() => buffer.getMappedRange());
    await pending;
    return [early, buffer.getMappedRange().byteLength];
  },

  'a mapped buffer cannot be submitted': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({ size: 16, usage });
    const target = t.storage(device, [0, 0, 0, 0]);
    const copy = (): GPUCommandBuffer => {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, target, 0, 16);
      return encoder.finish();
    };
    const [pendingCopy, mappedCopy, unmappedCopy] = [copy(), copy(), copy()];
    const submit = (commands: GPUCommandBuffer): Promise<string> =>
      t.scope(device, () => {
        device.queue.submit([commands]);
      });
    const pending = buffer.mapAsync(GPUMapMode.WRITE);
    const whilePending = await submit(pendingCopy);
    await pending;
    const whileMapped = await submit(mappedCopy);
    new Uint32Array(buffer.getMappedRange()).fill(6);
    buffer.unmap();
    return [whilePending, whileMapped, await submit(unmappedCopy), await t.read32(device, target)];
  },

  'mapping waits for the work before it': async (_gpu, t) => {
    const device = await t.device();
    const data = t.storage(device, new Array<number>(1024).fill(1));
    const { pipeline, group } = t.doubling(device, data);
    const staging = device.createBuffer({
      size: 4096,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    for (let i = 0; i < 10; i++) {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(1024);
      pass.end();
    }
    encoder.copyBufferToBuffer(data, 0, staging, 0, 4096);
    device.queue.submit([encoder.finish()]);
    const order: string[] = [];
    const done = device.queue.onSubmittedWorkDone().then(() => order.push('done'));
    await staging.mapAsync(GPUMapMode.READ).then(() => order.push('mapped'));
    await done;
    return [new Uint32Array(staging.getMappedRange()).every((value) => value === 1024), order];
  },

  'many buffers mapped at once': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC;
    const order: number[] = [];
    const buffers = Array.from({ length: 12 }, () => device.createBuffer({ size: 4, usage }));
    await Promise.all(
      buffers.map((buffer, i) => buffer.mapAsync(GPUMapMode.WRITE).then(() => order.push(i))),
    );
    buffers.forEach((buffer, i) => {
      new Uint32Array(buffer.getMappedRange())[0] = i;
      buffer.unmap();
    });
    const values = [];
    for (const buffer of buffers) values.push((await t.read32(device, buffer))[0]);
    return [order, values];
  },
};
