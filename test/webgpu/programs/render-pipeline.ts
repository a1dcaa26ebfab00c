/** `GPURenderPipeline`: creation and its many states. */
import type { Programs } from '../harness/program.js';

export const renderPipeline: Programs = {
  'a render pipeline as it is made': async (_gpu, t) => {
    const device = await t.device();
    const pipeline = t.triangle(device);
    return [pipeline instanceof GPURenderPipeline, Object.prototype.toString.call(pipeline), pipeline.label];
  },

  'made asynchronously': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({ code: t.shaders.triangle });
    const fragment = { module, targets: [{ format: 'rgba8unorm' as const }] };
    const settle = (vertex: GPUVertexState): ReturnType<typeof t.settle> =>
      t.settle(() =>
        device
          .createRenderPipelineAsync({ label: 'later', layout: 'auto', vertex, fragment })
          .then((pipeline) => [pipeline instanceof GPURenderPipeline, pipeline.label]),
      );
    return [await settle({ module }), await settle({ module, entryPoint: 'other' })];
  },

  'descriptors that are wrong': async (_gpu, t) => {
    const device = await t.device();
    const make = device.createRenderPipeline.bind(device) as (descriptor: unknown) => unknown;
    const module = device.createShaderModule({ code: t.shaders.triangle });
    const base = { layout: 'auto', vertex: { module } };
    return [
      {},
      { vertex: { module } },
      { ...base, fragment: {} },
      { ...base, fragment: { module } },
      { ...base, fragment: { module, targets: 5 } },
      { ...base, fragment: { module, targets: [{}] } },
      { ...base, fragment: { module, targets: [{ format: 'none' }] } },
      { ...base, primitive: { topology: 'circle' } },
      { ...base, primitive: { cullMode: 'all' } },
      { ...base, primitive: { frontFace: 'left' } },
      { ...base, primitive: { stripIndexFormat: 'uint8' } },
      { ...base, depthStencil: {} },
      { ...base, depthStencil: { format: 'depth24plus', depthCompare: 'maybe' } },
      { ...base, multisample: { count: 'x' } },
      { ...base, multisample: { mask: -1 } },
      { layout: 'auto', vertex: { module, buffers: [{}] } },
      { layout: 'auto', vertex: { module, buffers: [{ arrayStride: 4 }] } },
      { layout: 'auto', vertex: { module, buffers: [{ arrayStride: 4, attributes: [{}] }] } },
      {
        layout: 'auto',
        vertex: {
          module,
          buffers: [{ arrayStride: 4, attributes: [{ format: 'u8', offset: 0, shaderLocation: 0 }] }],
        },
      },
      { layout: 'auto', vertex: { module, buffers: [null, undefined] } },
    ].map((descriptor) => {
      const attempt = t.attempt(() => make(descriptor));
      return 'threw' in attempt ? attempt.threw : 'made';
    });
  },

  targets: async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({ code: t.shaders.triangle });
    const component: GPUBlendComponent = { srcFactor: 'src-alpha', dstFactor: 'one-minus-src-alpha' };
    const lists: (GPUColorTargetState | null)[][] = [
      [{ format: 'rgba8unorm' }],
      [{ format: 'rgba8unorm', writeMask: GPUColorWrite.RED }],
      [{ format: 'rgba8unorm', writeMask: 16 }],
      [{ format: 'rgba8unorm', blend: { color: component, alpha: component } }],
      [{ format: 'rgba8unorm', blend: { color: { operation: 'max' }, alpha: {} } }],
      [{ format: 'rgba8unorm', blend: { color: { ...component, operation: 'min' }, alpha: {} } }],
      [{ format: 'rgba8uint' }],
      [{ format: 'rgba32float', blend: { color: {}, alpha: {} } }],
      [{ format: 'depth24plus' }],
      [{ format: 'rgba8snorm' }],
      [{ format: 'r8unorm' }],
      [null, { format: 'rgba8unorm', writeMask: 0 }],
      [null],
      [],
      new Array<GPUColorTargetState>(9).fill({ format: 'r8unorm', writeMask: 0 }),
    ];
    const outcomes = [];
    for (const targets of lists) {
      outcomes.push(
        await t.scope(device, () =>
          device.createRenderPipeline({ layout: 'auto', vertex: { module }, fragment: { module, targets } }),
        ),
      );
    }
    return outcomes;
  },

  'every blend factor and operation': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({ code: t.shaders.triangle });
    const factors = [
      ...['zero', 'one', 'src', 'one-minus-src', 'src-alpha', 'one-minus-src-alpha', 'dst', 'one-minus-dst'],
      ...['dst-alpha', 'one-minus-dst-alpha', 'src-alpha-saturated', 'constant', 'one-minus-constant'],
      ...['src1', 'one-minus-src1-alpha'],
    ] as GPUBlendFactor[];
    const operations = ['add', 'subtract', 'reverse-subtract'] as const;
    const outcomes = [];
    for (const factor of factors) {
      for (const operation of operations) {
        const color = { srcFactor: factor, dstFactor: 'one' as const, operation };
        const targets = [{ format: 'rgba8unorm' as const, blend: { color, alpha: {} } }];
        const caught = await t.scope(device, () =>
          device.createRenderPipeline({ layout: 'auto', vertex: { module }, fragment: { module, targets } }),
        );
        outcomes.push(`${factor} ${operation} ${caught}`);
      }
    }
    return outcomes;
  },

  'states the validation looks at': async (_gpu, t) => {
    const device = await t.device();
    const states: Partial<GPURenderPipelineDescriptor>[] = [
      { primitive: { topology: 'triangle-strip' } },
      { primitive: { topology: 'triangle-strip', stripIndexFormat: 'uint16' } },
      { primitive: { topology: 'triangle-list', stripIndexFormat: 'uint16' } },
      { primitive: { topology: 'line-list', cullMode: 'back', frontFace: 'cw' } },
      { primitive: { topology: 'point-list' } },
      { primitive: { unclippedDepth: true } },
      { depthStencil: { format: 'depth24plus', depthWriteEnabled: true, depthCompare: 'less' } },
      { depthStencil: { format: 'depth24plus' } },
      { depthStencil: { format: 'depth24plus', depthWriteEnabled: true } },
      { depthStencil: { format: 'rgba8unorm', depthWriteEnabled: false, depthCompare: 'always' } },
      { depthStencil: { format: 'stencil8', stencilFront: { compare: 'equal', passOp: 'invert' } } },
      { depthStencil: { format: 'stencil8', depthWriteEnabled: true, depthCompare: 'less' } },
      {
        depthStencil: {
          ...{ format: 'depth24plus', depthWriteEnabled: false, depthCompare: 'always' },
          ...{ depthBias: 3, depthBiasSlopeScale: 0.5, depthBiasClamp: 0.25 },
        },
      },
      {
        depthStencil: {
          ...{ format: 'depth24plus', depthWriteEnabled: false, depthCompare: 'always' },
          stencilBack: { failOp: 'zero' },
        },
      },
      { multisample: { count: 4 } },
      { multisample: { count: 4, mask: 0xf, alphaToCoverageEnabled: true } },
      { multisample: { count: 2 } },
      { multisample: { count: 1, alphaToCoverageEnabled: true } },
    ];
    const outcomes = [];
    for (const state of states) outcomes.push(await t.scope(device, () => t.triangle(device, state)));
    return outcomes;
  },

  'numbers of depth that are none': async (_gpu, t) => {
    const device = await t.device();
    const depthStencil = { format: 'depth24plus', depthWriteEnabled: true, depthCompare: 'less' } as const;
    return [
      { depthBias: 2 ** 31 },
      { depthBias: 1.5 },
      { depthBias: NaN },
      { depthBiasClamp: NaN },
      { depthBiasClamp: Infinity },
      { depthBiasSlopeScale: 1e40 },
      { stencilReadMask: -1 },
      { stencilWriteMask: 2 ** 32 },
    ].map((more) => {
      const attempt = t.attempt(() => t.triangle(device, { depthStencil: { ...depthStencil, ...more } }));
      return 'threw' in attempt ? attempt.threw : 'made';
    });
  },

  'vertex buffers': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({
      code: `
        @vertex fn vertex(@location(0) a: vec4f, @location(1) b: vec2u) -> @builtin(position) vec4f {
          return a + vec4f(f32(b.x));
        }`,
    });
    const a: GPUVertexAttribute = { format: 'float32x4', offset: 0, shaderLocation: 0 };
    const b: GPUVertexAttribute = { format: 'uint32x2', offset: 16, shaderLocation: 1 };
    const lists: (GPUVertexBufferLayout | null)[][] = [
      [{ arrayStride: 24, attributes: [a, b] }],
      [
        { arrayStride: 16, attributes: [a] },
        { arrayStride: 24, stepMode: 'instance', attributes: [b] },
      ],
      [{ arrayStride: 16, attributes: [a] }, null, { arrayStride: 0, attributes: [b] }],
      [{ arrayStride: 24, attributes: [a] }],
      [{ arrayStride: 20, attributes: [a, b] }],
      [{ arrayStride: 22, attributes: [a, b] }],
      [{ arrayStride: 4096, attributes: [a, b] }],
      [{ arrayStride: 24, attributes: [a, { ...b, shaderLocation: 0 }] }],
      [{ arrayStride: 24, attributes: [a, { ...b, shaderLocation: 30 }] }],
      [{ arrayStride: 24, attributes: [a, { ...b, format: 'float32x2' }] }],
      [{ arrayStride: 24, attributes: [a, { ...b, offset: 17 }] }],
      [{ arrayStride: 24, attributes: [{ ...a, format: 'unorm8x4' }, b] }],
      [],
    ];
    const outcomes = [];
    for (const buffers of lists) {
      const depthStencil = { format: 'depth24plus', depthWriteEnabled: true, depthCompare: 'less' } as const;
      outcomes.push(
        await t.scope(device, () =>
          device.createRenderPipeline({ layout: 'auto', vertex: { module, buffers }, depthStencil }),
        ),
      );
    }
    return outcomes;
  },

  'every vertex format': async (_gpu, t) => {
    const device = await t.device();
    const formats = [
      ...['uint8x2', 'uint8x4', 'sint8x2', 'sint8x4', 'unorm8x2', 'unorm8x4', 'snorm8x2', 'snorm8x4'],
      ...['uint16x2', 'uint16x4', 'sint16x2', 'sint16x4', 'unorm16x2', 'unorm16x4', 'snorm16x2', 'snorm16x4'],
      ...['float16x2', 'float16x4', 'float32', 'float32x2', 'float32x3', 'float32x4', 'uint32', 'uint32x2'],
      ...['uint32x3', 'uint32x4', 'sint32', 'sint32x2', 'sint32x3', 'sint32x4', 'unorm10-10-10-2', 'uint8'],
      ...['sint8', 'unorm8', 'snorm8', 'uint16', 'sint16', 'unorm16', 'snorm16', 'float16', 'unorm8x4-bgra'],
    ] as GPUVertexFormat[];
    const outcomes = [];
    for (const format of formats) {
      const type = format.startsWith('uint') ? 'vec4u' : format.startsWith('sint') ? 'vec4i' : 'vec4f';
      const module = device.createShaderModule({
        code: `@vertex fn vertex(@location(0) a: ${type}) -> @builtin(position) vec4f { return vec4f(a); }`,
      });
      const attributes = [{ format, offset: 0, shaderLocation: 0 }];
      const depthStencil = { format: 'depth24plus', depthWriteEnabled: true, depthCompare: 'less' } as const;
      const caught = await t.scope(device, () =>
        device.createRenderPipeline({
          ...{ layout: 'auto', vertex: { module, buffers: [{ arrayStride: 16, attributes }] }, depthStencil },
        }),
      );
      outcomes.push(`${format} ${caught}`);
    }
    return outcomes;
  },

  'stages that do not fit together': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({
      code: `
        struct Out { @builtin(position) position: vec4f, @location(0) colour: vec4f }
        @vertex fn colourful() -> Out { return Out(); }
        @vertex fn plain() -> @builtin(position) vec4f { return vec4f(); }
        @fragment fn reads(@location(0) colour: vec4f) -> @location(0) vec4f { return colour; }
        @fragment fn integers(@location(0) colour: vec2u) -> @location(0) vec4f { return vec4f(); }
        @fragment fn nothing() {}`,
    });
    const outcomes = [];
    for (const vertex of ['colourful', 'plain', 'none']) {
      for (const fragment of ['reads', 'integers', 'nothing', 'none']) {
        outcomes.push(
          `${vertex} ${fragment} ${await t.scope(device, () =>
            device.createRenderPipeline({
              layout: 'auto',
              vertex: { module, entryPoint: vertex },
              fragment: { module, entryPoint: fragment, targets: [{ format: 'rgba8unorm' }] },
            }),
          )}`,
        );
      }
    }
    return outcomes;
  },

  'constants of both stages': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({
      code: `
        override height: f32 = 0;
        override red: f32 = 0;
        @vertex fn vertex(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
          let corner = array(vec2f(-1, -3), vec2f(-1, 1), vec2f(3, 1));
          return vec4f(corner[i], height, 1);
        }
        @fragment fn fragment() -> @location(0) vec4f { return vec4f(red, 0, 0, 1); }`,
    });
    const pipeline = device.createRenderPipeline({
      layout: 'auto',
      vertex: { module, constants: { height: 0.5 } },
      fragment: { module, targets: [{ format: 'rgba8unorm' }], constants: { red: 1 } },
    });
    const texture = t.target(device);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: texture.createView(), loadOp: 'clear', storeOp: 'store' }],
    });
    pass.setPipeline(pipeline);
    pass.draw(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return t.readTexture(device, { texture }, 1, 1, 4);
  },

  'layouts of a render pipeline': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({
      code: `
        @group(0) @binding(0) var<uniform> colour: vec4f;
        @group(2) @binding(3) var picture: texture_2d<f32>;
        @vertex fn vertex() -> @builtin(position) vec4f { return vec4f(); }
        @fragment fn fragment() -> @location(0) vec4f { return colour + textureLoad(picture, vec2u(0), 0); }`,
    });
    const pipeline = device.createRenderPipeline({
      layout: 'auto',
      vertex: { module },
      fragment: { module, targets: [{ format: 'rgba8unorm' }] },
    });
    const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.UNIFORM });
    const outcomes = [];
    for (let index = 0; index < 5; index++) {
      outcomes.push(
        await t.scope(device, () => {
          const layout = pipeline.getBindGroupLayout(index);
          device.createBindGroup({
            layout,
            entries: index === 0 ? [{ binding: 0, resource: { buffer } }] : [],
          });
        }),
      );
    }
    return outcomes;
  },
};
