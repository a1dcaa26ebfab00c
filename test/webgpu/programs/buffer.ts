/** `GPUBuffer`: creation and attributes. Mapping is in mapping.ts. */
import type { Programs } from '../harness/program.js';

export const buffer: Programs = {
  'a buffer as it is made': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({ size: 20, usage });
    return [
      buffer instanceof GPUBuffer,
      Object.prototype.toString.call(buffer),
      [buffer.size, buffer.usage === usage, buffer.mapState, buffer.label],
    ];
  },

  'attributes of a buffer are read only': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST });
    const values = buffer as unknown as Record<string, unknown>;
    return ['size', 'usage', 'mapState'].map((name) => {
      const before = values[name];
      const attempt = t.attempt(() => {
        values[name] = 1;
      });
      return [attempt, values[name] === before];
    });
  },

  'flags of buffers': async () => ({
    MAP_READ: GPUBufferUsage.MAP_READ,
    MAP_WRITE: GPUBufferUsage.MAP_WRITE,
    COPY_SRC: GPUBufferUsage.COPY_SRC,
    COPY_DST: GPUBufferUsage.COPY_DST,
    INDEX: GPUBufferUsage.INDEX,
    VERTEX: GPUBufferUsage.VERTEX,
    UNIFORM: GPUBufferUsage.UNIFORM,
    STORAGE: GPUBufferUsage.STORAGE,
    INDIRECT: GPUBufferUsage.INDIRECT,
    QUERY_RESOLVE: GPUBufferUsage.QUERY_RESOLVE,
    read: GPUMapMode.READ,
    write: GPUMapMode.WRITE,
  }),

  'usages that go together, and those that do not': async (_gpu, t) => {
    const device = await t.device();
    const { MAP_READ, MAP_WRITE, COPY_SRC, COPY_DST, STORAGE, UNIFORM, VERTEX, INDEX, INDIRECT } =
      GPUBufferUsage;
    const usages = [
      0,
      MAP_READ,
      MAP_READ | COPY_DST,
      MAP_READ | COPY_SRC,
      MAP_READ | STORAGE,
      MAP_WRITE,
      MAP_WRITE | COPY_SRC,
      MAP_WRITE | COPY_DST,
      MAP_READ | MAP_WRITE,
      STORAGE | UNIFORM | VERTEX | INDEX | INDIRECT,
      0x8000,
    ];
    const outcomes = [];
    for (const usage of usages)
      outcomes.push(await t.scope(device, () => device.createBuffer({ size: 4, usage })));
    return outcomes;
  },

  'sizes of buffers': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.COPY_DST;
    const outcomes = [];
    for (const size of [0, 1, 3, 4, 1.9, 2 ** 28, '16', null, true, [8]]) {
      let made = 0;
      const outcome = await t.scope(device, () => {
        made = device.createBuffer({ size: size as number, usage }).size;
      });
      outcomes.push([outcome, made]);
    }
    return outcomes;
  },

  'sizes that are none': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.COPY_DST;
    return [-1, NaN, Infinity, 2 ** 53, 2 ** 64, 'text', {}, undefined, 4n, Symbol('s')].map((size) => {
      const attempt = t.attempt(() => device.createBuffer({ size: size as number, usage }));
      return 'threw' in attempt ? attempt.threw : 'made';
    });
  },

  'usages that are none': async (_gpu, t) => {
    const device = await t.device();
    return [-1, NaN, 2 ** 32, 'text', undefined, 8n].map((usage) => {
      const attempt = t.attempt(() => device.createBuffer({ size: 4, usage: usage as number }));
      return 'threw' in attempt ? attempt.threw : 'made';
    });
  },

  'descriptors that are none': async (_gpu, t) => {
    const device = await t.device();
    const make = device.createBuffer.bind(device) as (...args: unknown[]) => unknown;
    return [[5], ['text'], [{}], [{ size: 4 }], [{ usage: 8 }]].map((args) => {
      const attempt = t.attempt(() => make(...args));
      return 'threw' in attempt ? attempt.threw : 'made';
    });
  },

  'a descriptor is read in the order of its names': async (_gpu, t) => {
    const device = await t.device();
    const order: string[] = [];
    const descriptor = new Proxy(
      { size: 4, usage: GPUBufferUsage.COPY_DST },
      {
        get(target, key, receiver) {
          order.push(String(key));
          return Reflect.get(target, key, receiver) as unknown;
        },
      },
    );
    device.createBuffer(descriptor);
    return order;
  },

  'what a getter of a descriptor throws comes through': async (_gpu, t) => {
    const device = await t.device();
    const descriptor = {
      usage: GPUBufferUsage.COPY_DST,
      get size(): number {
        throw new RangeError('mine');
      },
    };
    const attempt = t.attempt(() => device.createBuffer(descriptor));
    return [attempt, device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST }).size];
  },

  'a getter that uses the device it is read for': async (_gpu, t) => {
    const device = await t.device();
    const descriptor = {
      usage: GPUBufferUsage.COPY_DST,
      get size(): number {
        device.createSampler({ label: 'inside' });
        return device.createBuffer({ label: 'inner', size: 12, usage: GPUBufferUsage.COPY_DST }).size;
      },
      get label(): string {
        return device.createShaderModule({ label: 'outer', code: t.shaders.double }).label;
      },
    };
    const buffer = device.createBuffer(descriptor);
    return [buffer.size, buffer.label];
  },

  'a fresh buffer is zero': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC });
    return t.read(device, buffer);
  },

  mappedAtCreation: async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 12, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
    const before = buffer.mapState;
    const range = buffer.getMappedRange();
    const zero = new Uint8Array(range).every((byte) => byte === 0);
    new Uint32Array(range).set([1, 2, 3]);
    buffer.unmap();
    return [before, zero, buffer.mapState, range.byteLength, await t.read32(device, buffer)];
  },

  'mappedAtCreation of sizes that are no multiple of 4': async (_gpu, t) => {
    const device = await t.device();
    const outcomes = [];
    for (const size of [0, 1, 6, 8]) {
      outcomes.push(
        await t.scope(device, () =>
          device.createBuffer({ size, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true }),
        ),
      );
    }
    return outcomes;
  },

  'mappedAtCreation of a buffer that is not valid': async (_gpu, t) => {
    const device = await t.device();
    let buffer: GPUBuffer | undefined;
    const outcome = await t.scope(device, () => {
      buffer = device.createBuffer({ size: 16, usage: 0, mappedAtCreation: true });
    });
    const state = buffer!.mapState;
    const length = t.attempt(() => buffer!.getMappedRange().byteLength);
    const unmapped = await t.scope(device, () => {
      buffer!.unmap();
    });
    return [outcome, state, length, unmapped, buffer!.mapState];
  },

  'destroy of a buffer, and use after': async (_gpu, t) => {
    const device = await t.device();
    const buffer = t.storage(device, [1]);
    const answer = (buffer.destroy as () => unknown)();
    buffer.destroy();
    const encoder = device.createCommandEncoder();
    encoder.clearBuffer(buffer);
    let commands: GPUCommandBuffer;
    return [
      answer,
      await t.scope(device, () => (commands = encoder.finish())),
      await t.scope(device, () => {
        device.queue.submit([commands]);
      }),
      await t.scope(device, () => {
        device.queue.writeBuffer(buffer, 0, new Uint32Array(1));
      }),
      await t.settle(() => buffer.mapAsync(GPUMapMode.READ)),
      [buffer.size, buffer.mapState],
    ];
  },

  'a buffer destroyed after submit does its work': async (_gpu, t) => {
    const device = await t.device();
    const [from, to] = [t.storage(device, [7, 8]), t.storage(device, [0, 0])];
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, to, 0, 8);
    device.queue.submit([encoder.finish()]);
    from.destroy();
    return t.read32(device, to);
  },

  'methods of a buffer refuse other objects': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST });
    const size = Object.getOwnPropertyDescriptor(GPUBuffer.prototype, 'size')?.get;
    return [
      t.attempt(() => {
        Reflect.apply(buffer.unmap, {}, []);
      }),
      t.attempt(() => {
        Reflect.apply(buffer.destroy, device, []);
      }),
      t.attempt(() => Reflect.apply(buffer.getMappedRange, null, [])),
      t.attempt(() => size?.call({}) as unknown),
      t.attempt(() => size?.call(Object.create(buffer)) as unknown),
      await t.settle(() => Reflect.apply(buffer.mapAsync, {}, [1])),
    ];
  },
};
