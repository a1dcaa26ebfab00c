/** `GPUDevice`: attributes, labels, destruction and loss. */
import type { Programs } from '../harness/program.js';

export const device: Programs = {
  'importExternalTexture of no video': async (_gpu, t) => {
    const device = await t.device();
    const call = (...args: unknown[]): unknown =>
      t.attempt(() => Reflect.apply(device.importExternalTexture, device, args));
    return [device.importExternalTexture.length, call({ source: {} }), call({}), call(1), call()];
  },

  'a device as it is made': async (_gpu, t) => {
    const device = await t.device();
    return [
      device instanceof GPUDevice,
      device instanceof EventTarget,
      Object.prototype.toString.call(device),
      device.label,
      device.queue instanceof GPUQueue,
      device.queue === device.queue,
      device.features === device.features,
      device.limits === device.limits,
      device.lost instanceof Promise,
      device.lost === device.lost,
    ];
  },

  'limits of a device by default': async (_gpu, t) => {
    const { limits } = await t.device();
    const names = [
      'maxTextureDimension1D',
      'maxTextureDimension2D',
      'maxTextureDimension3D',
      'maxTextureArrayLayers',
      'maxBindGroups',
      'maxBindGroupsPlusVertexBuffers',
      'maxBindingsPerBindGroup',
      'maxDynamicUniformBuffersPerPipelineLayout',
      'maxDynamicStorageBuffersPerPipelineLayout',
      'maxSampledTexturesPerShaderStage',
      'maxSamplersPerShaderStage',
      'maxStorageBuffersPerShaderStage',
      'maxStorageTexturesPerShaderStage',
      'maxUniformBuffersPerShaderStage',
      'maxUniformBufferBindingSize',
      'maxStorageBufferBindingSize',
      'minUniformBufferOffsetAlignment',
      'minStorageBufferOffsetAlignment',
      'maxVertexBuffers',
      'maxBufferSize',
      'maxVertexAttributes',
      'maxVertexBufferArrayStride',
      'maxInterStageShaderVariables',
      'maxColorAttachments',
      'maxColorAttachmentBytesPerSample',
      'maxComputeWorkgroupStorageSize',
      'maxComputeInvocationsPerWorkgroup',
      'maxComputeWorkgroupSizeX',
      'maxComputeWorkgroupSizeY',
      'maxComputeWorkgroupSizeZ',
      'maxComputeWorkgroupsPerDimension',
    ] as const;
    return names.map((name) => `${name} ${limits[name]}`);
  },

  'features of a device by default': async (_gpu, t) => [...(await t.device()).features].sort(),

  'adapterInfo of a device': async (_gpu, t) => {
    const adapter = await t.adapter();
    const device = await adapter.requestDevice();
    const { adapterInfo } = device;
    device.destroy();
    return [
      adapterInfo instanceof GPUAdapterInfo,
      adapterInfo.vendor === adapter.info.vendor,
      adapterInfo.architecture === adapter.info.architecture,
      adapterInfo.description === adapter.info.description,
    ];
  },

  'labels are USVStrings': async (_gpu, t) => {
    const device = await t.device();
    const labels = ['plain', '', 'ümlaut 🎈', '\0inside\0', 'lone \ud800 surrogate', 5, null, undefined, {}];
    return labels.map((label) => {
      const buffer = device.createBuffer({ label: label as string, size: 4, usage: GPUBufferUsage.COPY_DST });
      const given = buffer.label;
      buffer.label = label as string;
      return [given, buffer.label];
    });
  },

  'every object has a label': async (_gpu, t) => {
    const device = await t.device();
    const label = 'mine';
    const module = device.createShaderModule({ label, code: t.shaders.double });
    const triangle = device.createShaderModule({ label, code: t.shaders.triangle });
    const layout = device.createBindGroupLayout({ label, entries: [] });
    const texture = device.createTexture({
      ...{ label, size: [1], format: 'rgba8unorm', usage: GPUTextureUsage.RENDER_ATTACHMENT },
    });
    const encoder = device.createCommandEncoder({ label });
    const compute = encoder.beginComputePass({ label });
    compute.end();
    const render = encoder.beginRenderPass({
      ...{ label, colorAttachments: [{ view: texture.createView(), loadOp: 'clear', storeOp: 'store' }] },
    });
    render.end();
    const bundler = device.createRenderBundleEncoder({ label, colorFormats: ['rgba8unorm'] });
    const objects: GPUObjectBase[] = [
      device.createBuffer({ label, size: 4, usage: GPUBufferUsage.COPY_DST }),
      texture,
      texture.createView({ label }),
      device.createSampler({ label }),
      layout,
      device.createPipelineLayout({ label, bindGroupLayouts: [] }),
      device.createBindGroup({ label, layout, entries: [] }),
      module,
      device.createComputePipeline({ label, layout: 'auto', compute: { module } }),
      device.createRenderPipeline({
        ...{ label, layout: 'auto', vertex: { module: triangle } },
        fragment: { module: triangle, targets: [{ format: 'rgba8unorm' }] },
      }),
      compute,
      render,
      bundler,
      bundler.finish({ label }),
      encoder,
      encoder.finish({ label }),
      device.createQuerySet({ label, type: 'occlusion', count: 1 }),
    ];
    return objects.map((object) => {
      const before = object.label;
      object.label = 'other';
      return [object.constructor.name, before, object.label];
    });
  },

  'destroy resolves lost': async (_gpu, t) => {
    const device = await t.device();
    const answer = (device.destroy as () => unknown)();
    const info = await device.lost;
    return [
      answer,
      info instanceof GPUDeviceLostInfo,
      Object.prototype.toString.call(info),
      info.reason,
      typeof info.message,
    ];
  },

  'destroy twice, and lost again': async (_gpu, t) => {
    const device = await t.device();
    device.destroy();
    device.destroy();
    const first = await device.lost;
    device.destroy();
    return [(await device.lost) === first, first.reason];
  },

  'lost stays pending while the device lives': async (_gpu, t) => {
    const device = await t.device();
    await device.queue.onSubmittedWorkDone();
    return Promise.race([device.lost.then(() => 'lost'), t.turn().then(() => 'alive')]);
  },

  'objects of a destroyed device are made, and nobody complains': async (_gpu, t) => {
    const device = await t.device();
    device.destroy();
    await device.lost;
    const usage = GPUBufferUsage.COPY_DST;
    return [
      t.attempt(() => device.createBuffer({ size: 4, usage }) instanceof GPUBuffer),
      t.attempt(() => device.createBuffer({ size: 4, usage: 0 }) instanceof GPUBuffer),
      t.attempt(() => t.target(device) instanceof GPUTexture),
      t.attempt(() => device.createSampler() instanceof GPUSampler),
      t.attempt(() => device.createShaderModule({ code: 'nonsense' }) instanceof GPUShaderModule),
      t.attempt(() => device.createCommandEncoder() instanceof GPUCommandEncoder),
      t.attempt(() => device.createBindGroupLayout({ entries: [] }) instanceof GPUBindGroupLayout),
      t.attempt(() => device.createQuerySet({ type: 'occlusion', count: 1 }) instanceof GPUQuerySet),
    ];
  },

  'error scopes of a destroyed device': async (_gpu, t) => {
    const device = await t.device();
    device.pushErrorScope('validation');
    device.destroy();
    await device.lost;
    device.createBuffer({ size: 4, usage: 0 });
    return [
      await t.settle(() => device.popErrorScope()),
      await t.settle(() => device.popErrorScope()),
      await t.scope(device, () => device.createBuffer({ size: 4, usage: 0 })),
    ];
  },

  'the queue of a destroyed device': async (_gpu, t) => {
    const device = await t.device();
    const buffer = t.storage(device, [1, 2]);
    const encoder = device.createCommandEncoder();
    const commands = encoder.finish();
    device.destroy();
    await device.lost;
    return [
      t.attempt(() => {
        device.queue.submit([commands]);
      }),
      t.attempt(() => {
        device.queue.writeBuffer(buffer, 0, new Uint32Array(1));
      }),
      t.attempt(() => {
        device.queue.writeBuffer(buffer, 1, new Uint32Array(1));
      }),
    ];
  },

  'mapAsync of a buffer whose device is destroyed': async (_gpu, t) => {
    const device = await t.device();
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const [before, after] = [
      device.createBuffer({ size: 8, usage }),
      device.createBuffer({ size: 8, usage }),
    ];
    const pending = t.settle(() => before.mapAsync(GPUMapMode.READ));
    device.destroy();
    await device.lost;
    return [
      await pending,
      await t.settle(() => after.mapAsync(GPUMapMode.READ)),
      before.mapState,
      after.mapState,
    ];
  },

  'mapped memory is detached when the device is destroyed': async (_gpu, t) => {
    const device = await t.device();
    const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
    const range = buffer.getMappedRange();
    const before = range.byteLength;
    device.destroy();
    await device.lost;
    return [before, range.byteLength, buffer.mapState, t.attempt(() => buffer.getMappedRange())];
  },

  'pipelines made asynchronously on a destroyed device': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({ code: t.shaders.double });
    device.destroy();
    await device.lost;
    const settled = await t.settle(() =>
      device.createComputePipelineAsync({ layout: 'auto', compute: { module } }),
    );
    return 'rejected' in settled ? settled.rejected : settled.resolved instanceof GPUComputePipeline;
  },

  'work done of a destroyed device': async (_gpu, t) => {
    const device = await t.device();
    const pending = t.settle(() => device.queue.onSubmittedWorkDone());
    device.destroy();
    return pending;
  },

  'compilation info of a destroyed device': async (_gpu, t) => {
    const device = await t.device();
    const module = device.createShaderModule({ code: t.shaders.double });
    device.destroy();
    await device.lost;
    const settled = await t.settle(() => module.getCompilationInfo());
    return 'rejected' in settled ? settled.rejected : settled.resolved instanceof GPUCompilationInfo;
  },

  'a device is read only where it says so': async (_gpu, t) => {
    const device = await (await t.adapter()).requestDevice();
    const values = device as unknown as Record<string, unknown>;
    return ['queue', 'features', 'limits', 'lost', 'adapterInfo'].map((name) => {
      const before = values[name];
      const attempt = t.attempt(() => {
        values[name] = 1;
      });
      return [attempt, values[name] === before];
    });
  },

  'methods of a device refuse other objects': async (_gpu, t) => {
    const device = await t.device();
    const methods = ['destroy', 'createCommandEncoder', 'createSampler', 'pushErrorScope'] as const;
    return [
      ...methods.map((name) => t.attempt(() => Reflect.apply(device[name], {}, ['validation']) as unknown)),
      ...methods.map((name) =>
        t.attempt(() => Reflect.apply(device[name], device.queue, ['validation']) as unknown),
      ),
      await t.settle(() => Reflect.apply(device.popErrorScope, {}, [])),
    ];
  },

  'objects of two devices do not mix': async (_gpu, t) => {
    const [mine, other] = [await t.device(), await t.device()];
    const layout = mine.createBindGroupLayout({ entries: [] });
    const commands = other.createCommandEncoder().finish();
    const buffer = t.storage(other, [1]);
    return [
      await t.scope(other, () => other.createBindGroup({ layout, entries: [] })),
      await t.scope(mine, () => {
        mine.queue.submit([commands]);
      }),
      await t.scope(mine, () => {
        mine.queue.writeBuffer(buffer, 0, new Uint32Array(1));
      }),
      await t.scope(other, () => other.createPipelineLayout({ bindGroupLayouts: [layout] })),
    ];
  },

  'interfaces of a device cannot be constructed': async (_gpu, t) =>
    [GPUDevice, GPUQueue, GPUDeviceLostInfo, GPUQuerySet, GPUCommandEncoder, GPUCommandBuffer].map(
      (constructor) => t.attempt(() => Reflect.construct(constructor, [])),
    ),
};
