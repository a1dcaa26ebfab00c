/** `GPURenderPassEncoder`: attachments, state and draws. */
import type { Programs } from '../harness/program.js';

export const renderPass: Programs = {
  'a render pass as it is made': async (_gpu, t) => {
    const device = await t.device();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      label: 'mine',
      colorAttachments: [{ view: t.target(device).createView(), loadOp: 'clear', storeOp: 'store' }],
    });
    const answers = [pass instanceof GPURenderPassEncoder, Object.prototype.toString.call(pass), pass.label];
    return [answers, (pass.end as () => unknown)()];
  },

  'a triangle over everything': async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: texture.createView(), loadOp: 'clear', storeOp: 'store' }],
    });
    pass.setPipeline(t.triangle(device));
    pass.draw(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.readTexture(device, { texture }, 4, 4, 4);
  },

  'colours as lists and as objects': async (_gpu, t) => {
    const device = await t.device();
    const values: unknown[] = [
      [1, 0.5, 0.25, 1],
      { r: 0, g: 1, b: 0, a: 0.5 },
      undefined,
      new Float32Array([0, 0, 1, 1]),
      [1, 0],
      [1, 0, 0, 0, 0],
      { r: 1 },
      5,
      'text',
      [1, 0, 0, NaN],
      [-3, 7, 0, 1],
    ];
    const outcomes = [];
    for (const clearValue of values) {
      const texture = t.target(device);
      const encoder = device.createCommandEncoder();
      const attempt = t.attempt(() => {
        encoder
          .beginRenderPass({
            colorAttachments: [
              {
                ...{ view: texture.createView(), loadOp: 'clear', storeOp: 'store' },
                clearValue: clearValue as GPUColor,
              },
            ],
          })
          .end();
        device.queue.submit([encoder.finish()]);
      });
      outcomes.push([attempt, await t.readTexture(device, { texture }, 1, 1, 4)]);
    }
    return outcomes;
  },

  'load and store': async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device);
    const view = texture.createView();
    const pixels = [];
    for (const [loadOp, storeOp] of [
      ['clear', 'store'],
      ['load', 'store'],
      ['load', 'discard'],
    ] as const) {
      const encoder = device.createCommandEncoder();
      const attachment = { view, loadOp, storeOp, clearValue: [0, 0.2, 0.4, 1] };
      encoder.beginRenderPass({ colorAttachments: [attachment] }).end();
      device.queue.submit([encoder.finish()]);
      pixels.push([...(await t.readTexture(device, { texture }, 1, 1, 4))]);
    }
    return pixels;
  },

  'descriptors that are wrong': async (_gpu, t) => {
    const device = await t.device();
    const view = t.target(device).createView();
    const encoder = device.createCommandEncoder();
    const begin = encoder.beginRenderPass.bind(encoder) as (...args: unknown[]) => unknown;
    const good = { view, loadOp: 'clear', storeOp: 'store' };
    return [
      [{}],
      [{ colorAttachments: 5 }],
      [{ colorAttachments: [{}] }],
      [{ colorAttachments: [{ ...good, loadOp: 'keep' }] }],
      [{ colorAttachments: [{ ...good, storeOp: undefined }] }],
      [{ colorAttachments: [{ ...good, view: {} }] }],
      [{ colorAttachments: [good], depthStencilAttachment: {} }],
      [{ colorAttachments: [good], occlusionQuerySet: {} }],
      [{ colorAttachments: [good], maxDrawCount: -1 }],
      [{ colorAttachments: [good], timestampWrites: {} }],
      [{ colorAttachments: [{ ...good, depthSlice: -1 }] }],
    ].map((args) => {
      const attempt = t.attempt(() => begin(...args));
      return 'threw' in attempt ? attempt.threw : 'made';
    });
  },

  'attachments the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUTextureUsage.RENDER_ATTACHMENT;
    const ops = { loadOp: 'clear', storeOp: 'store' } as const;
    const view = t.target(device).createView();
    const larger = t.target(device, { size: [8, 8] }).createView();
    const unused = t.target(device, { usage: GPUTextureUsage.COPY_SRC }).createView();
    const depth = t.target(device, { format: 'depth24plus', usage }).createView();
    const both = t.target(device, { format: 'depth24plus-stencil8', usage }).createView();
    const samples = t.target(device, { sampleCount: 4, usage }).createView();
    const mips = t.target(device, { mipLevelCount: 2, usage });
    const solid = t.target(device, { size: [4, 4, 4], dimension: '3d', usage }).createView();
    const depthOps = { depthLoadOp: 'clear', depthStoreOp: 'store', depthClearValue: 1 } as const;
    const descriptors: GPURenderPassDescriptor[] = [
      { colorAttachments: [] },
      { colorAttachments: [null] },
      { colorAttachments: [null, { view, ...ops }] },
      {
        colorAttachments: [
          { view, ...ops },
          { view: larger, ...ops },
        ],
      },
      {
        colorAttachments: [
          { view, ...ops },
          { view, ...ops },
        ],
      },
      { colorAttachments: [{ view: unused, ...ops }] },
      { colorAttachments: [{ view: depth, ...ops }] },
      { colorAttachments: [{ view: mips.createView(), ...ops }] },
      { colorAttachments: [{ view: mips.createView({ baseMipLevel: 1 }), ...ops }] },
      { colorAttachments: [{ view: solid, ...ops }] },
      { colorAttachments: [{ view: solid, depthSlice: 2, ...ops }] },
      { colorAttachments: [{ view: solid, depthSlice: 4, ...ops }] },
      { colorAttachments: [{ view, depthSlice: 0, ...ops }] },
      { colorAttachments: [{ view: samples, resolveTarget: view, ...ops }] },
      { colorAttachments: [{ view, resolveTarget: view, ...ops }] },
      { colorAttachments: [{ view: samples, resolveTarget: samples, ...ops }] },
      { colorAttachments: [], depthStencilAttachment: { view: depth, ...depthOps } },
      { colorAttachments: [], depthStencilAttachment: { view: depth } },
      { colorAttachments: [], depthStencilAttachment: { view: depth, depthReadOnly: true } },
      { colorAttachments: [], depthStencilAttachment: { view: depth, ...depthOps, depthReadOnly: true } },
      { colorAttachments: [], depthStencilAttachment: { view: depth, ...depthOps, depthClearValue: 2 } },
      { colorAttachments: [], depthStencilAttachment: { view: both, ...depthOps } },
      {
        colorAttachments: [],
        depthStencilAttachment: { view: both, ...depthOps, stencilLoadOp: 'load', stencilStoreOp: 'discard' },
      },
      { colorAttachments: [], depthStencilAttachment: { view, ...depthOps } },
      { colorAttachments: new Array<GPURenderPassColorAttachment>(9).fill({ view, ...ops }) },
    ];
    const outcomes = [];
    for (const descriptor of descriptors) {
      const encoder = device.createCommandEncoder();
      const attempt = t.attempt(() => {
        encoder.beginRenderPass(descriptor).end();
      });
      outcomes.push([attempt, await t.scope(device, () => encoder.finish())]);
    }
    return outcomes;
  },

  'vertex and index buffers': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({
      code: `
        @vertex fn vertex(@location(0) at: vec2f) -> @builtin(position) vec4f { return vec4f(at, 0, 1); }
        @fragment fn fragment() -> @location(0) vec4f { return vec4f(0, 1, 0, 1); }`,
    });
    const pipeline = device.createRenderPipeline({
      layout: 'auto',
      vertex: {
        module,
        buffers: [{ arrayStride: 8, attributes: [{ format: 'float32x2', offset: 0, shaderLocation: 0 }] }],
      },
      fragment: { module, targets: [{ format: 'rgba8unorm' }] },
    });
    const vertices = device.createBuffer({
      size: 40,
      usage: GPUBufferUsage.VERTEX | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(vertices, 8, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]));
    const indices = device.createBuffer({ size: 16, usage: GPUBufferUsage.INDEX | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(indices, 0, new Uint16Array([9, 9, 0, 1, 2, 2, 1, 3]));
    const texture = t.target(device);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: texture.createView(), loadOp: 'clear', storeOp: 'store' }],
    });
    pass.setPipeline(pipeline);
    pass.setVertexBuffer(0, vertices, 8, 32);
    pass.setIndexBuffer(indices, 'uint16', 4);
    pass.drawIndexed(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.readTexture(device, { texture }, 4, 4, 4);
  },

  'setVertexBuffer and setIndexBuffer with arguments that are wrong': async (_gpu, t) => {
    const device = await t.device();
    const make = (usage: number): GPUBuffer => device.createBuffer({ size: 16, usage });
    const [vertices, indices] = [make(GPUBufferUsage.VERTEX), make(GPUBufferUsage.INDEX)];
    const view = t.target(device).createView();
    const calls: ['setVertexBuffer' | 'setIndexBuffer', ...unknown[]][] = [
      ['setVertexBuffer', 0, vertices],
      ['setVertexBuffer', 0, null],
      ['setVertexBuffer', 0],
      ['setVertexBuffer', 8, vertices],
      ['setVertexBuffer', -1, vertices],
      ['setVertexBuffer', 0, {}],
      ['setVertexBuffer', 0, vertices, 2],
      ['setVertexBuffer', 0, vertices, 20],
      ['setVertexBuffer', 0, vertices, 8, 12],
      ['setVertexBuffer', 0, vertices, 16, 0],
      ['setVertexBuffer', 0, vertices, -4],
      ['setVertexBuffer', 0, indices],
      ['setIndexBuffer', indices, 'uint32'],
      ['setIndexBuffer', indices, 'uint8'],
      ['setIndexBuffer', indices],
      ['setIndexBuffer', null, 'uint16'],
      ['setIndexBuffer', indices, 'uint32', 2],
      ['setIndexBuffer', indices, 'uint16', 2],
      ['setIndexBuffer', indices, 'uint16', 0, 20],
      ['setIndexBuffer', vertices, 'uint16'],
    ];
    const outcomes = [];
    for (const [name, ...args] of calls) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginRenderPass({
        colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }],
      });
      const attempt = t.attempt(() => Reflect.apply(pass[name], pass, args) as unknown);
      pass.end();
      outcomes.push([attempt, await t.scope(device, () => encoder.finish())]);
    }
    return outcomes;
  },

  'draws by instance, indirect, and by index': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({
      code: `
        @group(0) @binding(0) var<storage, read_write> seen: array<atomic<u32>>;
        struct Out { @builtin(position) at: vec4f, @location(0) @interpolate(flat) which: u32 }
        @vertex fn vertex(@builtin(vertex_index) v: u32, @builtin(instance_index) i: u32) -> Out {
          let corner = array(vec2f(-1, -3), vec2f(-1, 1), vec2f(3, 1));
          return Out(vec4f(corner[v % 3], 0, 1), v + 10 * i);
        }
        @fragment fn fragment(@location(0) @interpolate(flat) which: u32) -> @location(0) vec4f {
          atomicAdd(&seen[which], 1);
          return vec4f(1);
        }`,
    });
    const pipeline = device.createRenderPipeline({
      layout: 'auto',
      vertex: { module },
      fragment: { module, targets: [{ format: 'rgba8unorm' }] },
    });
    const seen = t.storage(device, new Array<number>(64).fill(0));
    const group = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer: seen } }],
    });
    const indices = device.createBuffer({ size: 12, usage: GPUBufferUsage.INDEX | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(indices, 0, new Uint32Array([3, 4, 5]));
    const indirect = device.createBuffer({
      size: 64,
      usage: GPUBufferUsage.INDIRECT | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(indirect, 0, new Uint32Array([3, 2, 0, 0, 3, 1, 0, 0, 0]));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: t.target(device).createView(), loadOp: 'clear', storeOp: 'store' }],
    });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.setIndexBuffer(indices, 'uint32');
    pass.draw(3, 2);
    pass.draw(3, 1, 3, 2);
    pass.drawIndexed(3, 1, 0, 3, 4);
    pass.drawIndirect(indirect, 0);
    pass.drawIndexedIndirect(indirect, 16);
    pass.draw(0);
    pass.draw(3, 0);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.read32(device, seen);
  },

  'draws whose numbers are wrong': async (_gpu, t) => {
    const device = await t.device();
    const view = t.target(device).createView();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }] });
    const calls: ['draw' | 'drawIndexed' | 'drawIndirect', ...unknown[]][] = [
      ['draw'],
      ['draw', -1],
      ['draw', 3, -1],
      ['draw', 3, 1, 2 ** 32],
      ['draw', 'text'],
      ['drawIndexed'],
      ['drawIndexed', 3, 1, 0, 2 ** 31],
      ['drawIndexed', 3, 1, 0, -(2 ** 31)],
      ['drawIndirect'],
      ['drawIndirect', {}, 0],
    ];
    return calls.map(([name, ...args]) => t.attempt(() => Reflect.apply(pass[name], pass, args) as unknown));
  },

  'draws the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const pipeline = t.triangle(device);
    const samples = t.triangle(device, { multisample: { count: 4 } });
    const depth = t.triangle(device, {
      depthStencil: { format: 'depth24plus', depthWriteEnabled: true, depthCompare: 'less' },
    });
    const view = t.target(device).createView();
    const other = t.target(device, { format: 'bgra8unorm' }).createView();
    const finish = (use: (pass: GPURenderPassEncoder) => void, target = view): Promise<string> => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginRenderPass({
        ...{ colorAttachments: [{ view: target, loadOp: 'clear', storeOp: 'store' }] },
      });
      use(pass);
      pass.end();
      return t.scope(device, () => encoder.finish());
    };
    return [
      await finish((pass) => {
        pass.draw(3);
      }),
      await finish((pass) => {
        pass.setPipeline(pipeline);
        pass.draw(3);
      }, other),
      await finish((pass) => {
        pass.setPipeline(samples);
      }),
      await finish((pass) => {
        pass.setPipeline(depth);
      }),
      await finish((pass) => {
        pass.setPipeline(pipeline);
        pass.drawIndexed(3);
      }),
    ];
  },

  'viewport, scissors, blend constant and stencil reference': async (_gpu, t) => {
    const device = await t.device();
    const view = t.target(device).createView();
    type Name = 'setViewport' | 'setScissorRect' | 'setBlendConstant' | 'setStencilReference';
    const calls: [Name, ...unknown[]][] = [
      ['setViewport', 0, 0, 4, 4, 0, 1],
      ['setViewport', 0.5, 0.5, 2, 2, 0.25, 0.75],
      ['setViewport', 0, 0, 5, 4, 0, 1],
      ['setViewport', -1, 0, 4, 4, 0, 1],
      ['setViewport', 0, 0, -1, 4, 0, 1],
      ['setViewport', 0, 0, 4, 4, 1, 0],
      ['setViewport', 0, 0, 4, 4, -1, 2],
      ['setViewport', 0, 0, 0, 0, 0, 1],
      ['setViewport', NaN, 0, 4, 4, 0, 1],
      ['setViewport', 0, 0, 4, 4, 0],
      ['setScissorRect', 0, 0, 4, 4],
      ['setScissorRect', 1, 1, 3, 3],
      ['setScissorRect', 1, 1, 4, 4],
      ['setScissorRect', 0, 0, 0, 0],
      ['setScissorRect', -1, 0, 1, 1],
      ['setScissorRect', 0, 0, 1],
      ['setBlendConstant', [1, 0.5, 0, 1]],
      ['setBlendConstant', { r: 1, g: 1, b: 1, a: 1 }],
      ['setBlendConstant', [1]],
      ['setBlendConstant', {}],
      ['setStencilReference', 7],
      ['setStencilReference', -1],
      ['setStencilReference'],
    ];
    const outcomes = [];
    for (const [name, ...args] of calls) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginRenderPass({
        colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }],
      });
      const attempt = t.attempt(() => Reflect.apply(pass[name], pass, args) as unknown);
      pass.end();
      outcomes.push([attempt, await t.scope(device, () => encoder.finish())]);
    }
    return outcomes;
  },

  'viewport and scissors bound what is drawn': async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: texture.createView(), loadOp: 'clear', storeOp: 'store' }],
    });
    pass.setPipeline(t.triangle(device));
    pass.setScissorRect(1, 0, 1, 4);
    pass.draw(3);
    pass.setScissorRect(0, 0, 4, 4);
    pass.setViewport(2, 2, 2, 2, 0, 1);
    pass.draw(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.readTexture(device, { texture }, 4, 4, 4);
  },

  'blending with a constant': async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device);
    const module = device.createShaderModule({ code: t.shaders.triangle });
    const component = { srcFactor: 'constant', dstFactor: 'one', operation: 'add' } as const;
    const pipeline = t.triangle(device, {
      fragment: {
        module,
        targets: [{ format: 'rgba8unorm', blend: { color: component, alpha: component } }],
      },
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [
        { view: texture.createView(), loadOp: 'clear', storeOp: 'store', clearValue: [0, 0, 1, 0] },
      ],
    });
    pass.setPipeline(pipeline);
    pass.setBlendConstant([0.4, 0.4, 0.4, 0.4]);
    pass.draw(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.readTexture(device, { texture }, 1, 1, 4);
  },

  'depth decides what is seen': async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device);
    const depth = t.target(device, { format: 'depth24plus', usage: GPUTextureUsage.RENDER_ATTACHMENT });
    const pipeline = t.triangle(device, {
      depthStencil: { format: 'depth24plus', depthWriteEnabled: true, depthCompare: 'less' },
    });
    const pixels = [];
    for (const depthClearValue of [1, 0.5, 0.25]) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginRenderPass({
        colorAttachments: [{ view: texture.createView(), loadOp: 'clear', storeOp: 'store' }],
        depthStencilAttachment: {
          view: depth.createView(),
          ...{ depthClearValue, depthLoadOp: 'clear', depthStoreOp: 'store' },
        },
      });
      pass.setPipeline(pipeline);
      pass.draw(3);
      pass.end();
      device.queue.submit([encoder.finish()]);
      pixels.push([...(await t.readTexture(device, { texture }, 1, 1, 4))]);
    }
    return pixels;
  },

  'several samples are resolved': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUTextureUsage.RENDER_ATTACHMENT;
    const samples = t.target(device, { sampleCount: 4, usage });
    const texture = t.target(device);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [
        {
          ...{ view: samples.createView(), resolveTarget: texture.createView() },
          ...{ loadOp: 'clear', storeOp: 'discard' },
        },
      ],
    });
    pass.setPipeline(t.triangle(device, { multisample: { count: 4 } }));
    pass.draw(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.readTexture(device, { texture }, 4, 4, 4);
  },

  'a texture is sampled': async (_gpu, t) => {
    const device = await t.device();
    const picture = device.createTexture({
      ...{
        size: [2, 2],
        format: 'rgba8unorm',
        usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
      },
    });
    const texels = new Uint8Array([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 9, 99, 199, 255]);
    device.queue.writeTexture({ texture: picture }, texels, { bytesPerRow: 8 }, [2, 2]);
    const module = device.createShaderModule({
      code: `
        @group(0) @binding(0) var picture: texture_2d<f32>;
        @group(0) @binding(1) var nearest: sampler;
        @vertex fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
          let corner = array(vec2f(-1, -3), vec2f(-1, 1), vec2f(3, 1));
          return vec4f(corner[index], 0, 1);
        }
        @fragment fn fragment(@builtin(position) at: vec4f) -> @location(0) vec4f {
          return textureSample(picture, nearest, at.xy / 4);
        }`,
    });
    const pipeline = device.createRenderPipeline({
      layout: 'auto',
      vertex: { module },
      fragment: { module, targets: [{ format: 'rgba8unorm' }] },
    });
    const texture = t.target(device);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: texture.createView(), loadOp: 'clear', storeOp: 'store' }],
    });
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [
          { binding: 0, resource: picture.createView() },
          { binding: 1, resource: device.createSampler() },
        ],
      }),
    );
    pass.draw(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.readTexture(device, { texture }, 4, 4, 4);
  },

  'a render pass after its end': async (_gpu, t) => {
    const device = await t.device();
    const view = t.target(device).createView();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }] });
    pass.end();
    return [
      await t.scope(device, () => {
        pass.draw(3);
      }),
      await t.scope(device, () => {
        pass.end();
      }),
      await t.scope(device, () => encoder.finish()),
    ];
  },
};
