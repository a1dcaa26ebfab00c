/** What Web IDL makes of arguments, where dawn.node goes ways of its own or ends the process. */
import type { Programs } from '../harness/program.js';

export const conversion: Programs = {
  'nothing where a dictionary must be': async (_gpu, t) => {
    const device = await t.device();
    const encoder = device.createCommandEncoder();
    const names = [
      ...[
        'createBuffer',
        'createTexture',
        'createBindGroupLayout',
        'createPipelineLayout',
        'createBindGroup',
      ],
      ...['createShaderModule', 'createComputePipeline', 'createRenderPipeline', 'createRenderBundleEncoder'],
      'createQuerySet',
    ] as const;
    const call = (target: object, name: string, args: unknown[]): unknown =>
      t.attempt(() => Reflect.apply(Reflect.get(target, name) as () => unknown, target, args));
    return [
      names.map((name) => [[], [undefined], [null]].map((args) => call(device, name, args))),
      [[], [undefined], [null]].map((args) => call(encoder, 'beginRenderPass', args)),
      [[], [null], [{}, null], [{}, {}, null]].map((args) => call(encoder, 'copyBufferToTexture', args)),
      [{ layout: 'auto' }, { layout: 'auto', compute: null }].map((each) =>
        call(device, 'createComputePipeline', [each]),
      ),
      [{ layout: 'auto' }, { layout: 'auto', vertex: null }].map((each) =>
        call(device, 'createRenderPipeline', [each]),
      ),
      await t.settle(() => device.createComputePipelineAsync(null as never)),
      await t.settle(() => device.createRenderPipelineAsync(undefined as never)),
      t.attempt(() => device.createTexture({ size: null as never, format: 'r8unorm', usage: 1 })),
      t.attempt(() => device.createTexture({ size: [], format: 'r8unorm', usage: 1 })),
      t.attempt(() => {
        const layout = device.createBindGroupLayout({ entries: [] });
        return device.createBindGroup({ layout, entries: [{ binding: 0, resource: null as never }] });
      }),
    ];
  },

  'a symbol where a string must be': async (_gpu, t) => {
    const device = await t.device();
    const symbol = Symbol('s') as never;
    const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST });
    return [
      t.attempt(() => device.createBuffer({ label: symbol, size: 4, usage: GPUBufferUsage.COPY_DST })),
      t.attempt(() => (buffer.label = symbol)),
      buffer.label,
      t.attempt(() => device.createShaderModule({ code: symbol })),
      t.attempt(() => {
        device.createCommandEncoder().insertDebugMarker(symbol);
      }),
      t.attempt(() => {
        device.pushErrorScope(symbol);
      }),
      t.attempt(() => device.createTexture({ size: [1], format: symbol, usage: 1 })),
      t.attempt(() => device.createSampler({ magFilter: symbol })),
    ];
  },

  'an object where a string must be': async (_gpu, t) => {
    const device = await t.device();
    const order: string[] = [];
    const text = {
      toString() {
        order.push('toString');
        return 'rgba8unorm';
      },
      valueOf() {
        order.push('valueOf');
        return 'r8unorm';
      },
    } as never;
    const texture = device.createTexture({
      label: text,
      size: [1],
      format: text,
      usage: GPUTextureUsage.COPY_SRC,
    });
    return [texture.format, texture.label, order];
  },

  'sequences from any iterable': async (_gpu, t) => {
    const device = await t.device({ requiredFeatures: new Set<GPUFeatureName>(['depth-clip-control']) });
    const layout = device.createBindGroupLayout({ entries: new Set<GPUBindGroupLayoutEntry>() });
    const bundler = device.createRenderBundleEncoder({ colorFormats: new Set(['rgba8unorm'] as const) });
    const texture = device.createTexture({
      size: new Uint32Array([5, 6, 7]),
      format: 'rgba8unorm',
      viewFormats: new Set(['rgba8unorm-srgb'] as const),
      usage: GPUTextureUsage.RENDER_ATTACHMENT,
    });
    const target = t.target(device);
    const encoder = device.createCommandEncoder();
    function* values(): Generator<number> {
      yield* [1, 0, 1, 1];
    }
    const pass = encoder.beginRenderPass({
      colorAttachments: new Set<GPURenderPassColorAttachment>([
        { view: target.createView(), loadOp: 'clear', storeOp: 'store', clearValue: values() },
      ]),
    });
    pass.executeBundles(new Set([bundler.finish()]));
    pass.end();
    device.queue.submit(new Set([encoder.finish()]));
    return [
      [texture.width, texture.height, texture.depthOrArrayLayers],
      t.attempt(
        () =>
          device.createPipelineLayout({ bindGroupLayouts: new Set([layout]) }) instanceof GPUPipelineLayout,
      ),
      await t.readTexture(device, { texture: target }, 1, 1, 4),
    ];
  },

  'an iterator that fails': async (_gpu, t) => {
    const device = await t.device();
    const failing = (message: string): never =>
      ({
        *[Symbol.iterator]() {
          yield 1;
          throw new RangeError(message);
        },
      }) as never;
    const attempts = [
      t.attempt(() => device.createTexture({ size: failing('size'), format: 'r8unorm', usage: 1 })),
      t.attempt(() => {
        device.queue.submit(failing('commands'));
      }),
      t.attempt(() => device.createBindGroupLayout({ entries: { [Symbol.iterator]: 5 } as never })),
    ];
    return attempts;
  },

  'numbers from strings, booleans, null and objects': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.COPY_DST;
    return ['16', ' 0x10 ', true, [8], { valueOf: () => 12 }, new Date(4), ''].map((size) => {
      const attempt = t.attempt(() => device.createBuffer({ size: size as number, usage }).size);
      return attempt;
    });
  },

  'numbers that are no whole ones': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.COPY_DST;
    return [4.9, -0.5, -0, 0.1, 2 ** 53 - 1, 1e300].map((size) =>
      t.attempt(() => device.createBuffer({ size, usage }).size),
    );
  },

  'what a valueOf throws comes through': async (_gpu, t) => {
    const device = await t.device();
    const size = {
      valueOf(): number {
        throw new RangeError('mine');
      },
    };
    const attempt = t.attempt(() =>
      device.createBuffer({ size: size as never, usage: GPUBufferUsage.COPY_DST }),
    );
    return [attempt, device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST }).size];
  },

  'views of bytes of every kind': async (_gpu, t) => {
    const device = await t.device();
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
    const written = [];
    for (const [source, offset, size] of [
      [new DataView(bytes.buffer, 8, 8)],
      [new DataView(bytes.buffer), 4, 8],
      [new SharedArrayBuffer(16)],
      [new Uint8Array(new SharedArrayBuffer(8))],
    ] as [GPUAllowSharedBufferSource, number?, number?][]) {
      const buffer = device.createBuffer({
        size: 32,
        usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      });
      const attempt = t.attempt(() => {
        device.queue.writeBuffer(buffer, 0, source as ArrayBuffer, offset, size);
      });
      written.push([attempt, await t.read(device, buffer)]);
    }
    return written;
  },

  'methods need all their arguments': async (_gpu, t) => {
    const device = await t.device();
    const encoder = device.createCommandEncoder();
    const buffer = t.storage(device, [1]);
    const call = (target: object, name: string, ...args: unknown[]): unknown =>
      t.attempt(() => Reflect.apply(Reflect.get(target, name) as () => unknown, target, args));
    return [
      call(encoder, 'pushDebugGroup'),
      call(encoder, 'insertDebugMarker'),
      call(encoder, 'clearBuffer'),
      call(encoder, 'resolveQuerySet'),
      call(device, 'pushErrorScope'),
      call(device.queue, 'writeBuffer', buffer, 0),
      call(device.queue, 'writeTexture'),
      call(device.queue, 'submit'),
      call(device, 'addEventListener', 'x'),
    ];
  },
};
