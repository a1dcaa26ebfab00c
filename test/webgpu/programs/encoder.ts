/** `GPUCommandEncoder` and `GPUCommandBuffer`: copies, clears, debug groups, and their states. */
import type { Programs } from '../harness/program.js';

export const encoder: Programs = {
  'an encoder as it is made': async (_gpu, t) => {
    const device = await t.device();
    const encoder = device.createCommandEncoder();
    const commands = encoder.finish();
    return [
      [encoder instanceof GPUCommandEncoder, Object.prototype.toString.call(encoder), encoder.label],
      [commands instanceof GPUCommandBuffer, Object.prototype.toString.call(commands), commands.label],
    ];
  },

  'finish twice, and use after': async (_gpu, t) => {
    const device = await t.device();
    const buffer = t.storage(device, [1]);
    const encoder = device.createCommandEncoder();
    encoder.finish();
    return [
      await t.scope(device, () => encoder.finish()),
      await t.scope(device, () => {
        encoder.clearBuffer(buffer);
      }),
      await t.scope(device, () => encoder.beginComputePass()),
      await t.scope(device, () => {
        encoder.pushDebugGroup('late');
      }),
    ];
  },

  'an error of a command is told by finish': async (_gpu, t) => {
    const device = await t.device();
    const buffer = t.storage(device, [1]);
    const encoder = device.createCommandEncoder();
    const command = await t.scope(device, () => {
      encoder.clearBuffer(buffer, 2);
    });
    let commands!: GPUCommandBuffer;
    const finished = await t.scope(device, () => (commands = encoder.finish()));
    const submitted = await t.scope(device, () => {
      device.queue.submit([commands]);
    });
    return [command, finished, commands instanceof GPUCommandBuffer, submitted];
  },

  'copyBufferToBuffer in both its forms': async (_gpu, t) => {
    const device = await t.device();
    const source = t.storage(device, [1, 2, 3, 4]);
    const copies = [];
    for (const args of [[0, 16], [4, 0, 8], [8, 4], [], [8]] as number[][]) {
      const target = t.storage(device, [0, 0, 0, 0]);
      const encoder = device.createCommandEncoder();
      if (args.length === 3) encoder.copyBufferToBuffer(source, args[0]!, target, args[1]!, args[2]);
      else if (args.length === 2) encoder.copyBufferToBuffer(source, args[0]!, target, args[0]!, args[1]);
      else encoder.copyBufferToBuffer(source, target, args[0]);
      const caught = await t.scope(device, () => {
        device.queue.submit([encoder.finish()]);
      });
      copies.push([caught, await t.read32(device, target)]);
    }
    return copies;
  },

  'copyBufferToBuffer with arguments that are wrong': async (_gpu, t) => {
    const device = await t.device();
    const [a, b] = [t.storage(device, [1, 2]), t.storage(device, [3, 4])];
    const encoder = device.createCommandEncoder();
    const copy = encoder.copyBufferToBuffer.bind(encoder) as (...args: unknown[]) => void;
    const calls: unknown[][] = [
      [],
      [a],
      [a, 0],
      [a, 0, b],
      [a, 0, b, 0],
      [a, b],
      [a, b, 4],
      [a, {}],
      [{}, b],
      [a, null],
      [a, -1, b, 0, 4],
      [a, 0, b, -1, 4],
      [a, 0, b, 0, -1],
      [a, '0', b, '0', '4'],
      [a, 0, {}, 0, 4],
      [a, b, -4],
      [a, 0, b, 0, undefined],
    ];
    return calls.map((args) => t.attempt(() => copy(...args)));
  },

  'copyBufferToBuffer the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const make = (usage: number): GPUBuffer => device.createBuffer({ size: 32, usage });
    const { COPY_SRC, COPY_DST, STORAGE } = GPUBufferUsage;
    const [a, b, c] = [make(COPY_SRC | COPY_DST), make(COPY_DST), make(STORAGE)];
    const copies: [GPUBuffer, number, GPUBuffer, number, number][] = [
      [a, 0, b, 0, 32],
      [a, 0, b, 0, 0],
      [a, 2, b, 0, 4],
      [a, 0, b, 2, 4],
      [a, 0, b, 0, 6],
      [a, 0, b, 0, 36],
      [a, 16, b, 0, 20],
      [a, 0, a, 16, 16],
      [b, 0, a, 0, 4],
      [a, 0, c, 0, 4],
    ];
    const outcomes = [];
    for (const args of copies) {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(...args);
      outcomes.push(await t.scope(device, () => encoder.finish()));
    }
    return outcomes;
  },

  clearBuffer: async (_gpu, t) => {
    const device = await t.device();
    const ranges: [(number | undefined)?, number?][] = [
      [],
      [4],
      [4, 4],
      [0, 0],
      [2],
      [0, 3],
      [12, 8],
      [undefined, 8],
    ];
    const outcomes = [];
    for (const [offset, size] of ranges) {
      const buffer = t.storage(device, [1, 2, 3, 4]);
      const encoder = device.createCommandEncoder();
      encoder.clearBuffer(buffer, offset, size);
      let commands!: GPUCommandBuffer;
      const caught = await t.scope(device, () => (commands = encoder.finish()));
      if (caught === 'none') device.queue.submit([commands]);
      outcomes.push([caught, await t.read32(device, buffer)]);
    }
    return outcomes;
  },

  'a buffer to a texture and back': async (_gpu, t) => {
    const device = await t.device();
    const texture = device.createTexture({
      ...{ size: [3, 2], format: 'rgba8uint', usage: GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC },
    });
    const source = device.createBuffer({
      size: 512,
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const pixels = Uint8Array.from({ length: 512 }, (_, i) => i % 251);
    device.queue.writeBuffer(source, 0, pixels);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToTexture({ buffer: source, bytesPerRow: 256 }, { texture }, [3, 2]);
    device.queue.submit([encoder.finish()]);
    return t.readTexture(device, { texture }, 3, 2, 4);
  },

  'a texture to a texture, with origins': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC;
    const [from, to] = [0, 1].map(() => device.createTexture({ size: [4, 4, 2], format: 'r8uint', usage }));
    device.queue.writeTexture(
      { texture: from! },
      Uint8Array.from({ length: 32 }, (_, i) => i),
      { bytesPerRow: 4, rowsPerImage: 4 },
      [4, 4, 2],
    );
    const encoder = device.createCommandEncoder();
    encoder.copyTextureToTexture(
      { texture: from!, origin: { x: 1, y: 2, z: 1 } },
      { texture: to!, origin: [0, 1] },
      { width: 2, height: 2 },
    );
    device.queue.submit([encoder.finish()]);
    return t.readTexture(device, { texture: to! }, 4, 4, 1);
  },

  'copies of textures with arguments that are wrong': async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device, { usage: GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC });
    const buffer = t.storage(device, [1]);
    const encoder = device.createCommandEncoder();
    const copy = encoder.copyBufferToTexture.bind(encoder) as (...args: unknown[]) => void;
    const calls: unknown[][] = [
      [{ buffer }, {}, [1]],
      [{}, { texture }, [1]],
      [{ buffer }, { texture }, []],
      [{ buffer }, { texture }, [1, 1, 1, 1]],
      [{ buffer }, { texture }, 5],
      [{ buffer }, { texture, origin: 5 }, [1]],
      [{ buffer }, { texture, origin: [1, 2, 3, 4] }, [1]],
      [{ buffer }, { texture, origin: [-1] }, [1]],
      [{ buffer }, { texture, origin: [] }, [1]],
      [{ buffer }, { texture, origin: {} }, [1]],
      [{ buffer }, { texture, aspect: 'none' }, [1]],
      [{ buffer, bytesPerRow: -1 }, { texture }, [1]],
      [{ buffer, offset: -1 }, { texture }, [1]],
      [{ buffer }, { texture, mipLevel: 'x' }, [1]],
      [{ buffer }, { texture }, { width: 1 }],
      [{ buffer }, { texture }, {}],
    ];
    return calls.map((args) => t.attempt(() => copy(...args)));
  },

  'copies of textures the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC;
    const texture = t.target(device, { usage, mipLevelCount: 2 });
    const drawn = t.target(device, { usage: GPUTextureUsage.RENDER_ATTACHMENT });
    const buffer = device.createBuffer({
      size: 2048,
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const storage = device.createBuffer({ size: 2048, usage: GPUBufferUsage.STORAGE });
    const copies: [GPUTexelCopyBufferInfo, GPUTexelCopyTextureInfo, GPUExtent3D][] = [
      [{ buffer, bytesPerRow: 256 }, { texture }, [4, 4]],
      [{ buffer, bytesPerRow: 16 }, { texture }, [4, 4]],
      [{ buffer }, { texture }, [4, 4]],
      [{ buffer }, { texture }, [4, 1]],
      [{ buffer, bytesPerRow: 256 }, { texture }, [5, 4]],
      [{ buffer, bytesPerRow: 256 }, { texture, origin: [1] }, [4, 4]],
      [{ buffer, bytesPerRow: 256, offset: 1 }, { texture }, [4, 4]],
      [{ buffer, bytesPerRow: 256, offset: 1800 }, { texture }, [4, 4]],
      [{ buffer, bytesPerRow: 256, rowsPerImage: 2 }, { texture }, [4, 4, 1]],
      [{ buffer, bytesPerRow: 256 }, { texture, mipLevel: 1 }, [2, 2]],
      [{ buffer, bytesPerRow: 256 }, { texture, mipLevel: 1 }, [4, 4]],
      [{ buffer, bytesPerRow: 256 }, { texture, mipLevel: 2 }, [1, 1]],
      [{ buffer, bytesPerRow: 256 }, { texture: drawn }, [4, 4]],
      [{ buffer: storage, bytesPerRow: 256 }, { texture }, [4, 4]],
      [{ buffer, bytesPerRow: 256 }, { texture }, [0, 0]],
      [{ buffer, bytesPerRow: 256 }, { texture, aspect: 'depth-only' }, [4, 4]],
    ];
    const outcomes = [];
    for (const [source, target, extent] of copies) {
      const both = [];
      for (const way of ['copyBufferToTexture', 'copyTextureToBuffer'] as const) {
        const encoder = device.createCommandEncoder();
        if (way === 'copyBufferToTexture') encoder.copyBufferToTexture(source, target, extent);
        else encoder.copyTextureToBuffer(target, source, extent);
        both.push(await t.scope(device, () => encoder.finish()));
      }
      outcomes.push(both);
    }
    return outcomes;
  },

  'debug groups of an encoder': async (_gpu, t) => {
    const device = await t.device();
    const finish = (use: (encoder: GPUCommandEncoder) => void): Promise<string> => {
      const encoder = device.createCommandEncoder();
      use(encoder);
      return t.scope(device, () => encoder.finish());
    };
    return [
      await finish((encoder) => {
        encoder.pushDebugGroup('outer');
        encoder.pushDebugGroup('inner 🎈 \0');
        encoder.insertDebugMarker('here');
        encoder.popDebugGroup();
        encoder.popDebugGroup();
      }),
      await finish((encoder) => {
        encoder.pushDebugGroup('open');
      }),
      await finish((encoder) => {
        encoder.popDebugGroup();
      }),
      t.attempt(() => (device.createCommandEncoder().pushDebugGroup as () => void)()),
    ];
  },

  'an encoder is locked while a pass is open': async (_gpu, t) => {
    const device = await t.device();
    const buffer = t.storage(device, [1]);
    const finish = (use: (encoder: GPUCommandEncoder) => void): Promise<string> => {
      const encoder = device.createCommandEncoder();
      use(encoder);
      return t.scope(device, () => encoder.finish());
    };
    return [
      await finish((encoder) => {
        encoder.beginComputePass();
      }),
      await finish((encoder) => {
        const pass = encoder.beginComputePass();
        encoder.clearBuffer(buffer);
        pass.end();
      }),
      await finish((encoder) => {
        const pass = encoder.beginComputePass();
        encoder.beginComputePass().end();
        pass.end();
      }),
      await finish((encoder) => {
        encoder.beginComputePass().end();
        encoder.beginComputePass().end();
      }),
    ];
  },

  'methods of an encoder refuse other objects': async (_gpu, t) => {
    const device = await t.device();
    const encoder = device.createCommandEncoder();
    return (['finish', 'beginComputePass', 'popDebugGroup', 'clearBuffer'] as const).map((name) => [
      t.attempt(() => Reflect.apply(encoder[name], {}, []) as unknown),
      t.attempt(() => Reflect.apply(encoder[name], device, []) as unknown),
      t.attempt(() => Reflect.apply(encoder[name], undefined, []) as unknown),
    ]);
  },

  'interfaces of encoding cannot be constructed': async (_gpu, t) =>
    [
      GPUCommandEncoder,
      GPUCommandBuffer,
      GPUComputePassEncoder,
      GPURenderPassEncoder,
      GPURenderBundleEncoder,
    ].map((constructor) => t.attempt(() => Reflect.construct(constructor, []))),
};
