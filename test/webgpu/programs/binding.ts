/** `GPUBindGroupLayout`, `GPUPipelineLayout` and `GPUBindGroup`. */
import type { Programs } from '../harness/program.js';

export const binding: Programs = {
  'a layout of nothing': async (_gpu, t) => {
    const device = await t.device();
    const layout = device.createBindGroupLayout({ entries: [] });
    const group = device.createBindGroup({ layout, entries: [] });
    const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] });
    return [
      [layout instanceof GPUBindGroupLayout, Object.prototype.toString.call(layout)],
      [group instanceof GPUBindGroup, Object.prototype.toString.call(group)],
      [pipelineLayout instanceof GPUPipelineLayout, Object.prototype.toString.call(pipelineLayout)],
    ];
  },

  'stages of shaders': async () => [GPUShaderStage.VERTEX, GPUShaderStage.FRAGMENT, GPUShaderStage.COMPUTE],

  'each kind of binding': async (_gpu, t) => {
    const device = await t.device();
    const visibility = GPUShaderStage.COMPUTE;
    const kinds: Partial<GPUBindGroupLayoutEntry>[] = [
      { buffer: {} },
      { buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: 16 } },
      { buffer: { type: 'storage' } },
      { buffer: { type: 'read-only-storage' } },
      { sampler: {} },
      { sampler: { type: 'non-filtering' } },
      { sampler: { type: 'comparison' } },
      { texture: {} },
      { texture: { sampleType: 'unfilterable-float', viewDimension: '2d-array' } },
      { texture: { sampleType: 'depth', viewDimension: 'cube' } },
      { texture: { sampleType: 'sint', viewDimension: '3d' } },
      { texture: { sampleType: 'uint', multisampled: true } },
      { texture: { sampleType: 'float', multisampled: true } },
      { storageTexture: { format: 'rgba8unorm' } },
      { storageTexture: { format: 'r32float', access: 'read-write' } },
      { storageTexture: { format: 'rgba8unorm', access: 'read-only', viewDimension: '3d' } },
      { storageTexture: { format: 'rgba8unorm', access: 'read-write' } },
      { storageTexture: { format: 'rgba8unorm', viewDimension: 'cube' } },
      { storageTexture: { format: 'rgba8unorm-srgb' } },
      {},
      { buffer: {}, sampler: {} },
    ];
    const outcomes = [];
    for (const kind of kinds) {
      outcomes.push(
        await t.scope(device, () =>
          device.createBindGroupLayout({ entries: [{ binding: 0, visibility, ...kind }] }),
        ),
      );
    }
    return outcomes;
  },

  'layouts whose descriptor is wrong': async (_gpu, t) => {
    const device = await t.device();
    const make = device.createBindGroupLayout.bind(device) as (descriptor: unknown) => unknown;
    const visibility = GPUShaderStage.COMPUTE;
    return [
      {},
      { entries: null },
      { entries: 5 },
      { entries: 'text' },
      { entries: [5] },
      { entries: [{}] },
      { entries: [{ binding: 0 }] },
      { entries: [{ visibility }] },
      { entries: [{ binding: -1, visibility, buffer: {} }] },
      { entries: [{ binding: 0, visibility, buffer: { type: 'none' } }] },
      { entries: [{ binding: 0, visibility, buffer: 5 }] },
      { entries: [{ binding: 0, visibility, storageTexture: {} }] },
      { entries: [{ binding: 0, visibility, texture: { viewDimension: 'x' } }] },
      { entries: [{ binding: 0, visibility, sampler: { type: 'x' } }] },
    ].map((descriptor) => {
      const attempt = t.attempt(() => make(descriptor));
      return 'threw' in attempt ? attempt.threw : 'made';
    });
  },

  'layouts the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const { COMPUTE, VERTEX, FRAGMENT } = GPUShaderStage;
    const layouts: GPUBindGroupLayoutEntry[][] = [
      [
        { binding: 1, visibility: COMPUTE, buffer: {} },
        { binding: 1, visibility: COMPUTE, buffer: {} },
      ],
      [{ binding: 999, visibility: COMPUTE, buffer: {} }],
      [{ binding: 1000, visibility: COMPUTE, buffer: {} }],
      [{ binding: 0, visibility: 0, buffer: {} }],
      [{ binding: 0, visibility: 0x100, buffer: {} }],
      [{ binding: 0, visibility: VERTEX, buffer: { type: 'storage' } }],
      [{ binding: 0, visibility: VERTEX | FRAGMENT, buffer: { type: 'read-only-storage' } }],
      [{ binding: 0, visibility: VERTEX, storageTexture: { format: 'rgba8unorm' } }],
      Array.from({ length: 13 }, (_, i) => ({ binding: i, visibility: COMPUTE, buffer: {} })),
      Array.from({ length: 11 }, (_, i) => ({
        binding: i,
        visibility: COMPUTE,
        buffer: { type: 'storage' },
      })),
    ];
    const outcomes = [];
    for (const entries of layouts) {
      outcomes.push(await t.scope(device, () => device.createBindGroupLayout({ entries })));
    }
    return outcomes;
  },

  'pipeline layouts': async (_gpu, t) => {
    const device = await t.device();
    const layout = device.createBindGroupLayout({ entries: [] });
    const make = device.createPipelineLayout.bind(device) as (descriptor: unknown) => GPUPipelineLayout;
    const lists: unknown[] = [
      [],
      [layout],
      [layout, layout, layout, layout],
      [layout, layout, layout, layout, layout],
      [null, layout],
      [undefined, layout],
      [{}],
      [device],
      layout,
      5,
      undefined,
    ];
    const outcomes = [];
    for (const bindGroupLayouts of lists)
      outcomes.push(await t.scope(device, () => make({ bindGroupLayouts })));
    return outcomes;
  },

  'a bind group of buffers': async (_gpu, t) => {
    const device = await t.device();
    const layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'storage', minBindingSize: 16 } },
      ],
    });
    const buffer = device.createBuffer({ size: 1024, usage: GPUBufferUsage.STORAGE });
    const uniform = device.createBuffer({ size: 1024, usage: GPUBufferUsage.UNIFORM });
    const resources: GPUBindingResource[] = [
      { buffer },
      { buffer, offset: 256 },
      { buffer, offset: 256, size: 16 },
      { buffer, offset: 128 },
      { buffer, size: 0 },
      { buffer, size: 12 },
      { buffer, size: 18 },
      { buffer, offset: 1024 },
      { buffer, offset: 768, size: 512 },
      { buffer: uniform },
    ];
    const outcomes = [];
    for (const resource of resources) {
      outcomes.push(
        await t.scope(device, () => device.createBindGroup({ layout, entries: [{ binding: 0, resource }] })),
      );
    }
    return outcomes;
  },

  'a bind group whose descriptor is wrong': async (_gpu, t) => {
    const device = await t.device();
    const layout = device.createBindGroupLayout({
      entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'storage' } }],
    });
    const buffer = device.createBuffer({ size: 64, usage: GPUBufferUsage.STORAGE });
    const make = device.createBindGroup.bind(device) as (descriptor: unknown) => unknown;
    return [
      {},
      { layout },
      { entries: [] },
      { layout: {}, entries: [] },
      { layout: null, entries: [] },
      { layout, entries: [{ binding: 0, resource: 5 }] },
      { layout, entries: [{ binding: 0, resource: {} }] },
      { layout, entries: [{ binding: 0, resource: { buffer: {} } }] },
      { layout, entries: [{ binding: 0, resource: { buffer, offset: -1 } }] },
      { layout, entries: [{ binding: 0, resource: { buffer, size: 'x' } }] },
      { layout, entries: [{ binding: 0, resource: device.queue }] },
    ].map((descriptor) => {
      const attempt = t.attempt(() => make(descriptor));
      return 'threw' in attempt ? attempt.threw : 'made';
    });
  },

  'a bind group that does not fit its layout': async (_gpu, t) => {
    const device = await t.device();
    const visibility = GPUShaderStage.FRAGMENT;
    const layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility, sampler: {} },
        { binding: 1, visibility, texture: {} },
        { binding: 2, visibility, buffer: {} },
      ],
    });
    const sampler = device.createSampler({ magFilter: 'linear' });
    const comparison = device.createSampler({ compare: 'less' });
    const bind = GPUTextureUsage.TEXTURE_BINDING;
    const view = t.target(device, { usage: bind }).createView();
    const integers = t.target(device, { usage: bind, format: 'rgba8uint' }).createView();
    const drawn = t.target(device).createView();
    const buffer = device.createBuffer({ size: 64, usage: GPUBufferUsage.UNIFORM });
    const groups: GPUBindingResource[][] = [
      [sampler, view, { buffer }],
      [sampler, view],
      [sampler, view, { buffer }, sampler],
      [comparison, view, { buffer }],
      [sampler, integers, { buffer }],
      [sampler, drawn, { buffer }],
      [view, view, { buffer }],
      [sampler, sampler, { buffer }],
      [sampler, { buffer }, { buffer }],
      [sampler, view, view],
    ];
    const outcomes = [];
    for (const resources of groups) {
      const entries = resources.map((resource, binding) => ({ binding, resource }));
      outcomes.push(await t.scope(device, () => device.createBindGroup({ layout, entries })));
    }
    const twice = [0, 0, 1].map((b, i) => ({ binding: b, resource: [sampler, sampler, view][i]! }));
    outcomes.push(await t.scope(device, () => device.createBindGroup({ layout, entries: twice })));
    return outcomes;
  },

  'a buffer and a texture as resources by themselves': async (_gpu, t) => {
    const device = await t.device();
    const visibility = GPUShaderStage.COMPUTE;
    const buffers = device.createBindGroupLayout({ entries: [{ binding: 0, visibility, buffer: {} }] });
    const textures = device.createBindGroupLayout({ entries: [{ binding: 0, visibility, texture: {} }] });
    const buffer = device.createBuffer({ size: 64, usage: GPUBufferUsage.UNIFORM });
    const texture = t.target(device, { usage: GPUTextureUsage.TEXTURE_BINDING });
    return [
      await t.scope(device, () =>
        device.createBindGroup({ layout: buffers, entries: [{ binding: 0, resource: buffer }] }),
      ),
      await t.scope(device, () =>
        device.createBindGroup({ layout: textures, entries: [{ binding: 0, resource: texture }] }),
      ),
    ];
  },

  'external textures: layouts': async (_gpu, t) => {
    const device = await t.device();
    const make = device.createBindGroupLayout.bind(device) as (descriptor: unknown) => unknown;
    const kinds = [
      { externalTexture: {} },
      { externalTexture: undefined },
      { externalTexture: {}, sampler: {} },
      { externalTexture: {}, bindingArraySize: undefined },
    ];
    const outcomes = [];
    for (const kind of kinds)
      outcomes.push(
        await t.scope(device, () =>
          make({ entries: [{ binding: 0, visibility: GPUShaderStage.FRAGMENT, ...kind }] }),
        ),
      );
    return outcomes;
  },

  'external textures: views of textures are what can be bound': async (_gpu, t) => {
    const device = await t.device();
    const { TEXTURE_BINDING, COPY_DST } = GPUTextureUsage;
    const textureOf = (format: GPUTextureFormat, usage: number, sampleCount = 1): GPUTexture =>
      device.createTexture({ size: [4, 4], format, sampleCount, usage });
    const picture = textureOf('rgba8unorm', TEXTURE_BINDING | COPY_DST);
    const layout = device.createBindGroupLayout({
      entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, externalTexture: {} }],
    });
    const resources: GPUBindingResource[] = [
      picture.createView(),
      textureOf('rgba16float', TEXTURE_BINDING).createView(),
      textureOf('r32float', TEXTURE_BINDING).createView(),
      textureOf('rgba8unorm', COPY_DST).createView(),
      textureOf('rgba8unorm', TEXTURE_BINDING | GPUTextureUsage.RENDER_ATTACHMENT, 4).createView(),
      picture.createView({ dimension: '2d-array' }),
      device.createSampler(),
      { buffer: t.storage(device, [1]) },
    ];
    const outcomes = [];
    for (const resource of resources)
      outcomes.push(
        await t.scope(device, () => device.createBindGroup({ layout, entries: [{ binding: 0, resource }] })),
      );

    device.queue.writeTexture({ texture: picture }, new Uint8Array(64).fill(51), { bytesPerRow: 16 }, [4, 4]);
    const module = device.createShaderModule({
      code: `
        @group(0) @binding(0) var picture: texture_external;
        @group(0) @binding(1) var<storage, read_write> texel: vec4u;
        @compute @workgroup_size(1) fn main() {
          texel = vec4u(round(textureLoad(picture, vec2u(3, 3)) * 255)) + textureDimensions(picture).x * 1000;
        }`,
    });
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
    const texel = t.storage(device, [0, 0, 0, 0]);
    const group = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: picture.createView() },
        { binding: 1, resource: { buffer: texel } },
      ],
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return [...outcomes, await t.read32(device, texel)];
  },

  'layouts of a pipeline that are its own': async (_gpu, t) => {
    const device = await t.device();
    const data = t.storage(device, [1]);
    const [first, second] = [t.doubling(device, data), t.doubling(device, data)];
    const explicit = device.createBindGroupLayout({
      entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'storage' } }],
    });
    const foreign = device.createBindGroup({
      ...{ layout: explicit, entries: [{ binding: 0, resource: { buffer: data } }] },
    });
    const run = (group: GPUBindGroup): Promise<string> => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(first.pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(1);
      pass.end();
      return t.scope(device, () => encoder.finish());
    };
    return [await run(first.group), await run(second.group), await run(foreign)];
  },

  'getBindGroupLayout beyond the groups': async (_gpu, t) => {
    const device = await t.device();
    const { pipeline } = t.doubling(device, t.storage(device, [1]));
    const get = pipeline.getBindGroupLayout.bind(pipeline) as (...args: unknown[]) => GPUBindGroupLayout;
    return [
      get(0) instanceof GPUBindGroupLayout,
      await t.scope(device, () => get(1)),
      await t.scope(device, () => get(4)),
      await t.scope(device, () => get(2 ** 31)),
      t.attempt(() => get()),
      t.attempt(() => get(-1)),
      t.attempt(() => get(2 ** 32)),
      t.attempt(() => get('text')),
    ];
  },

  'interfaces of bindings cannot be constructed': async (_gpu, t) =>
    [GPUBindGroupLayout, GPUBindGroup, GPUPipelineLayout, GPUShaderModule].map((constructor) =>
      t.attempt(() => Reflect.construct(constructor, [])),
    ),
};
