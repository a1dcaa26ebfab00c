/** `GPUTexture`, `GPUTextureView` and `GPUSampler`. */
import type { Programs } from '../harness/program.js';

export const texture: Programs = {
  'a texture as it is made': async (_gpu, t) => {
    const device = await t.device();
    const texture = device.createTexture({
      size: { width: 16, height: 8, depthOrArrayLayers: 3 },
      mipLevelCount: 2,
      format: 'rgba8unorm',
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
    });
    return [
      texture instanceof GPUTexture,
      Object.prototype.toString.call(texture),
      [texture.width, texture.height, texture.depthOrArrayLayers],
      [texture.mipLevelCount, texture.sampleCount, texture.dimension, texture.format, texture.usage],
    ];
  },

  'swizzles of views, without the feature that they need': async (_gpu, t) => {
    const device = await t.device();
    const texture = device.createTexture({
      size: [4],
      format: 'rgba8unorm',
      usage: GPUTextureUsage.TEXTURE_BINDING,
    });
    const outcomes = [];
    for (const swizzle of ['rgba', 'bgra', 'rg01', undefined])
      outcomes.push(
        await t.scope(device, () => texture.createView({ swizzle } as unknown as GPUTextureViewDescriptor)),
      );
    return outcomes;
  },

  'flags of textures': async () => ({
    COPY_SRC: GPUTextureUsage.COPY_SRC,
    COPY_DST: GPUTextureUsage.COPY_DST,
    TEXTURE_BINDING: GPUTextureUsage.TEXTURE_BINDING,
    STORAGE_BINDING: GPUTextureUsage.STORAGE_BINDING,
    RENDER_ATTACHMENT: GPUTextureUsage.RENDER_ATTACHMENT,
    red: GPUColorWrite.RED,
    green: GPUColorWrite.GREEN,
    blue: GPUColorWrite.BLUE,
    alpha: GPUColorWrite.ALPHA,
    all: GPUColorWrite.ALL,
  }),

  'extents as lists and as objects': async (_gpu, t) => {
    const device = await t.device();
    const sizes: unknown[] = [
      [5],
      [5, 6],
      [5, 6, 7],
      { width: 5 },
      { width: 5, height: 6 },
      { width: 5, depthOrArrayLayers: 7 },
      [undefined],
      [1, 2, 3, 4],
      {},
      { height: 4 },
      5,
      'text',
      [-1],
      [2 ** 32],
      [1.7, true],
      ['4', null],
    ];
    const outcomes = [];
    for (const size of sizes) {
      let made: number[] = [];
      const caught = await t.scope(device, () => {
        const { width, height, depthOrArrayLayers } = device.createTexture({
          ...{ size: size as GPUExtent3D, format: 'r8unorm', usage: GPUTextureUsage.COPY_DST },
        });
        made = [width, height, depthOrArrayLayers];
      });
      outcomes.push([caught, made]);
    }
    return outcomes;
  },

  'every format of the standard': async (_gpu, t) => {
    const device = await t.device();
    const formats = [
      ...['r8unorm', 'r8snorm', 'r8uint', 'r8sint', 'r16uint', 'r16sint', 'r16float', 'rg8unorm', 'rg8snorm'],
      ...['rg8uint', 'rg8sint', 'r32uint', 'r32sint', 'r32float', 'rg16uint', 'rg16sint', 'rg16float'],
      ...['rgba8unorm', 'rgba8unorm-srgb', 'rgba8snorm', 'rgba8uint', 'rgba8sint', 'bgra8unorm'],
      ...['bgra8unorm-srgb', 'rgb9e5ufloat', 'rgb10a2uint', 'rgb10a2unorm', 'rg11b10ufloat', 'rg32uint'],
      ...['rg32sint', 'rg32float', 'rgba16uint', 'rgba16sint', 'rgba16float', 'rgba32uint', 'rgba32sint'],
      ...['rgba32float', 'stencil8', 'depth16unorm', 'depth24plus', 'depth24plus-stencil8', 'depth32float'],
    ] as GPUTextureFormat[];
    const outcomes = [];
    for (const format of formats) {
      outcomes.push(
        `${format} ${await t.scope(device, () => {
          const texture = device.createTexture({
            size: [4, 4],
            format,
            usage: GPUTextureUsage.TEXTURE_BINDING,
          });
          if (texture.format !== format) throw new Error(texture.format);
        })}`,
      );
    }
    return outcomes;
  },

  'formats that need a feature': async (_gpu, t) => {
    const device = await t.device();
    const formats: GPUTextureFormat[] = [
      'depth32float-stencil8',
      'bc1-rgba-unorm',
      'etc2-rgb8unorm',
      'astc-4x4-unorm',
    ];
    return [...formats, 'no-such-format' as never, ''].map((format) => {
      const attempt = t.attempt(() =>
        device.createTexture({
          size: [4, 4],
          format: format as GPUTextureFormat,
          usage: GPUTextureUsage.TEXTURE_BINDING,
        }),
      );
      return 'threw' in attempt ? attempt.threw : 'made';
    });
  },

  'depth32float-stencil8 with its feature': async (_gpu, t) => {
    const device = await t.device({ requiredFeatures: ['depth32float-stencil8'] });
    return t.scope(device, () =>
      device.createTexture({
        ...{ size: [4, 4], format: 'depth32float-stencil8', usage: GPUTextureUsage.RENDER_ATTACHMENT },
      }),
    );
  },

  'textures the validation refuses': async (_gpu, t) => {
    const device = await t.device();
    const { TEXTURE_BINDING, STORAGE_BINDING, RENDER_ATTACHMENT } = GPUTextureUsage;
    const base: GPUTextureDescriptor = { size: [4, 4], format: 'rgba8unorm', usage: TEXTURE_BINDING };
    const descriptors: Partial<GPUTextureDescriptor>[] = [
      {},
      { size: [0, 4] },
      { size: [4, 4, 0] },
      { size: [8193, 1] },
      { usage: 0 },
      { usage: 0x100000 },
      { mipLevelCount: 0 },
      { mipLevelCount: 3 },
      { mipLevelCount: 4 },
      { sampleCount: 4 },
      { sampleCount: 4, usage: RENDER_ATTACHMENT },
      { sampleCount: 2, usage: RENDER_ATTACHMENT },
      { sampleCount: 4, usage: RENDER_ATTACHMENT | STORAGE_BINDING },
      { sampleCount: 4, usage: RENDER_ATTACHMENT, mipLevelCount: 2 },
      { dimension: '1d' },
      { dimension: '1d', size: [4] },
      { dimension: '1d', size: [4], mipLevelCount: 2 },
      { dimension: '3d', size: [4, 4, 4] },
      { dimension: '3d', size: [4, 4, 4], format: 'depth32float' },
      { format: 'rgba8unorm-srgb', usage: STORAGE_BINDING },
      { format: 'rgb9e5ufloat', usage: RENDER_ATTACHMENT },
      { format: 'depth24plus', usage: STORAGE_BINDING },
      { viewFormats: ['rgba8unorm-srgb'] },
      { viewFormats: ['bgra8unorm'] },
      { dimension: '4d' as never },
      { viewFormats: ['none' as never] },
    ];
    const outcomes = [];
    for (const more of descriptors) {
      outcomes.push(await t.scope(device, () => device.createTexture({ ...base, ...more })));
    }
    return outcomes;
  },

  'destroy of a texture, and use after': async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device);
    const view = texture.createView();
    const answer = (texture.destroy as () => unknown)();
    texture.destroy();
    const encoder = device.createCommandEncoder();
    encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }] }).end();
    const commands = encoder.finish();
    return [
      answer,
      await t.scope(device, () => {
        device.queue.submit([commands]);
      }),
      await t.scope(device, () => texture.createView()),
      [texture.width, texture.format],
    ];
  },

  'views of a texture': async (_gpu, t) => {
    const device = await t.device();
    const texture = device.createTexture({
      size: [16, 16, 12],
      mipLevelCount: 4,
      format: 'rgba8unorm',
      viewFormats: ['rgba8unorm-srgb'],
      usage: GPUTextureUsage.TEXTURE_BINDING,
    });
    const descriptors: (GPUTextureViewDescriptor | undefined)[] = [
      undefined,
      {},
      { dimension: '2d', arrayLayerCount: 1 },
      { dimension: '2d' },
      { dimension: '2d-array', baseArrayLayer: 3, arrayLayerCount: 4 },
      { dimension: 'cube', arrayLayerCount: 6 },
      { dimension: 'cube', arrayLayerCount: 5 },
      { dimension: 'cube-array', arrayLayerCount: 12 },
      { dimension: '3d' },
      { dimension: '1d' },
      { baseMipLevel: 3 },
      { baseMipLevel: 4 },
      { baseMipLevel: 2, mipLevelCount: 3 },
      { mipLevelCount: 0 },
      { arrayLayerCount: 0 },
      { baseArrayLayer: 12 },
      { format: 'rgba8unorm-srgb' },
      { format: 'bgra8unorm' },
      { aspect: 'all' },
      { aspect: 'depth-only' },
      { dimension: 'flat' as never },
      { aspect: 'colour' as never },
      { baseMipLevel: -1 },
    ];
    const outcomes = [];
    for (const descriptor of descriptors) {
      outcomes.push(await t.scope(device, () => texture.createView(descriptor)));
    }
    return outcomes;
  },

  'a view as it is made': async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device);
    const view = texture.createView({ label: 'seen' });
    return [
      view instanceof GPUTextureView,
      Object.prototype.toString.call(view),
      view.label,
      texture.createView() === texture.createView(),
    ];
  },

  'views of depth and stencil': async (_gpu, t) => {
    const device = await t.device();
    const texture = device.createTexture({
      ...{ size: [4, 4], format: 'depth24plus-stencil8', usage: GPUTextureUsage.TEXTURE_BINDING },
    });
    const aspects: GPUTextureAspect[] = ['all', 'depth-only', 'stencil-only'];
    const outcomes = [];
    for (const aspect of aspects) outcomes.push(await t.scope(device, () => texture.createView({ aspect })));
    outcomes.push(
      await t.scope(device, () => texture.createView({ aspect: 'stencil-only', format: 'stencil8' })),
    );
    return outcomes;
  },

  samplers: async (_gpu, t) => {
    const device = await t.device();
    const descriptors: (GPUSamplerDescriptor | undefined)[] = [
      undefined,
      {},
      {
        addressModeU: 'repeat',
        addressModeV: 'mirror-repeat',
        addressModeW: 'clamp-to-edge',
        magFilter: 'linear',
        minFilter: 'linear',
        mipmapFilter: 'linear',
        maxAnisotropy: 4,
      },
      { compare: 'less' },
      { maxAnisotropy: 0 },
      { maxAnisotropy: 4 },
      { lodMinClamp: 2, lodMaxClamp: 1 },
      { lodMinClamp: -1 },
      { addressModeU: 'wrap' as never },
      { compare: 'maybe' as never },
      { lodMinClamp: NaN },
      { lodMaxClamp: Infinity },
      { maxAnisotropy: -5 },
      { maxAnisotropy: 70_000 },
    ];
    const outcomes = [];
    for (const descriptor of descriptors)
      outcomes.push(await t.scope(device, () => device.createSampler(descriptor)));
    const sampler = device.createSampler({ label: 'mine' });
    return [outcomes, sampler instanceof GPUSampler, Object.prototype.toString.call(sampler), sampler.label];
  },

  'attributes of a texture are read only': async (_gpu, t) => {
    const device = await t.device();
    const texture = t.target(device);
    const values = texture as unknown as Record<string, unknown>;
    const names = [
      'width',
      'height',
      'depthOrArrayLayers',
      'mipLevelCount',
      'sampleCount',
      'dimension',
      'format',
      'usage',
    ];
    return names.map((name) => {
      const before = values[name];
      const attempt = t.attempt(() => {
        values[name] = 1;
      });
      return [attempt, values[name] === before];
    });
  },

  'interfaces of textures cannot be constructed': async (_gpu, t) =>
    [GPUTexture, GPUTextureView, GPUSampler, GPUBuffer].map((constructor) =>
      t.attempt(() => Reflect.construct(constructor, [])),
    ),
};
