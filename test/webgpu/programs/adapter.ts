/** `GPU`, `GPUAdapter` and what describes them. */
import type { Programs } from '../harness/program.js';

export const adapter: Programs = {
  'navigator.gpu is a GPU': async (gpu) => [
    gpu instanceof GPU,
    Object.prototype.toString.call(gpu),
    typeof gpu.requestAdapter,
  ],

  'requestAdapter answers an adapter': async (gpu) => {
    const adapter = await gpu.requestAdapter();
    return [adapter instanceof GPUAdapter, Object.prototype.toString.call(adapter)];
  },

  'requestAdapter answers another object each time': async (_gpu, t) =>
    (await t.adapter()) === (await t.adapter()),

  'requestAdapter with each power preference': async (gpu, t) => {
    const found = [];
    for (const powerPreference of ['low-power', 'high-performance', undefined] as const) {
      found.push((await gpu.requestAdapter({ powerPreference: powerPreference! })) instanceof GPUAdapter);
    }
    return [found, await t.settle(() => gpu.requestAdapter({ powerPreference: 'none' as never }))];
  },

  // Adapters on the CPU are fallback adapters, whether Dawn brought them or the machine has them.
  'requestAdapter of a fallback adapter alone': async (gpu) => {
    const found = [];
    for (const powerPreference of ['low-power', 'high-performance', undefined] as const) {
      const options = { forceFallbackAdapter: true, powerPreference: powerPreference! };
      const adapter = await gpu.requestAdapter(options);
      found.push(
        adapter && [adapter.info.isFallbackAdapter, (await adapter.requestDevice()) instanceof GPUDevice],
      );
    }
    return found;
  },

  'requestAdapter with each feature level': async (gpu) => {
    const found = [];
    for (const featureLevel of ['core', 'compatibility', 'no such level', '']) {
      found.push((await gpu.requestAdapter({ featureLevel })) === null);
    }
    return found;
  },

  'requestAdapter with options of other types': async (gpu, t) => {
    const outcomes = [];
    for (const options of [null, undefined, {}, 5, 'text', true, () => 0]) {
      const { rejected } = (await t.settle(() => gpu.requestAdapter(options as never))) as {
        rejected?: string;
      };
      outcomes.push(rejected ?? 'resolved');
    }
    return outcomes;
  },

  'requestAdapter of another object': async (gpu, t) =>
    t.settle(() => Reflect.apply(gpu.requestAdapter, {}, [])),

  'getPreferredCanvasFormat answers a format of canvases': async (gpu) =>
    ['bgra8unorm', 'rgba8unorm'].includes(gpu.getPreferredCanvasFormat()),

  'wgslLanguageFeatures is a set': async (gpu) => {
    const features = gpu.wgslLanguageFeatures;
    const listed = [...features];
    const each: string[] = [];
    features.forEach((value, key, set) => {
      each.push(`${String(value === key)} ${String(set === features)}`);
    });
    return [
      features === gpu.wgslLanguageFeatures,
      Object.prototype.toString.call(features),
      features.size === listed.length && listed.length > 0,
      listed.every((name) => features.has(name)),
      features.has('no such feature'),
      each.every((line) => line === 'true true') && each.length === listed.length,
      'add' in features,
    ];
  },

  'wgslLanguageFeatures has what every implementation has': async (gpu) =>
    [
      'readonly_and_readwrite_storage_textures',
      'packed_4x8_integer_dot_product',
      'unrestricted_pointer_parameters',
      'pointer_composite_access',
    ].map((name) => gpu.wgslLanguageFeatures.has(name)),

  'adapter.features is a set of names': async (_gpu, t) => {
    const adapter = await t.adapter();
    const features = adapter.features;
    const entries = [...features.entries()];
    return [
      features === adapter.features,
      (features as object) instanceof (Reflect.get(globalThis, 'GPUSupportedFeatures') as () => void),
      Object.prototype.toString.call(features),
      entries.length === features.size,
      entries.every(([key, value]) => key === value && features.has(key)),
      [...features.keys()].join() === [...features.values()].join(),
      features.has('no such feature'),
      features[Symbol.iterator] === features.values,
      'add' in features || 'delete' in features || 'clear' in features,
    ];
  },

  'adapter.features of this driver': async (_gpu, t) => {
    const { features } = await t.adapter();
    return [
      'depth-clip-control',
      'depth32float-stencil8',
      'texture-compression-bc',
      'texture-compression-etc2',
      'texture-compression-astc',
      'timestamp-query',
      'indirect-first-instance',
      'shader-f16',
      'rg11b10ufloat-renderable',
      'bgra8unorm-storage',
      'float32-filterable',
      'float32-blendable',
      'clip-distances',
      'dual-source-blending',
      'subgroups',
      'core-features-and-limits',
    ].map((name) => `${name} ${String(features.has(name))}`);
  },

  'adapter.limits are numbers, read only': async (_gpu, t) => {
    const { limits } = await t.adapter();
    const names = [
      'maxTextureDimension2D',
      'maxBindGroups',
      'maxBufferSize',
      'maxComputeInvocationsPerWorkgroup',
    ];
    const values = limits as unknown as Record<string, unknown>;
    const before = names.map((name) => values[name]);
    const writes = names.map((name) =>
      t.attempt(() => {
        values[name] = 1;
      }),
    );
    return [
      limits instanceof GPUSupportedLimits,
      Object.prototype.toString.call(limits),
      before.map((value) => typeof value),
      writes,
      names.map((name, i) => values[name] === before[i]),
      values['no such limit'],
    ];
  },

  'adapter.limits of this driver': async (_gpu, t) => {
    const { limits } = await t.adapter();
    return {
      maxTextureDimension1D: limits.maxTextureDimension1D,
      maxTextureDimension2D: limits.maxTextureDimension2D,
      maxTextureDimension3D: limits.maxTextureDimension3D,
      maxTextureArrayLayers: limits.maxTextureArrayLayers,
      maxBindGroups: limits.maxBindGroups,
      maxBindGroupsPlusVertexBuffers: limits.maxBindGroupsPlusVertexBuffers,
      maxBindingsPerBindGroup: limits.maxBindingsPerBindGroup,
      maxDynamicUniformBuffersPerPipelineLayout: limits.maxDynamicUniformBuffersPerPipelineLayout,
      maxDynamicStorageBuffersPerPipelineLayout: limits.maxDynamicStorageBuffersPerPipelineLayout,
      maxSampledTexturesPerShaderStage: limits.maxSampledTexturesPerShaderStage,
      maxSamplersPerShaderStage: limits.maxSamplersPerShaderStage,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxStorageTexturesPerShaderStage: limits.maxStorageTexturesPerShaderStage,
      maxUniformBuffersPerShaderStage: limits.maxUniformBuffersPerShaderStage,
      maxUniformBufferBindingSize: limits.maxUniformBufferBindingSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      minUniformBufferOffsetAlignment: limits.minUniformBufferOffsetAlignment,
      minStorageBufferOffsetAlignment: limits.minStorageBufferOffsetAlignment,
      maxVertexBuffers: limits.maxVertexBuffers,
      maxBufferSize: limits.maxBufferSize,
      maxVertexAttributes: limits.maxVertexAttributes,
      maxVertexBufferArrayStride: limits.maxVertexBufferArrayStride,
      maxInterStageShaderVariables: limits.maxInterStageShaderVariables,
      maxColorAttachments: limits.maxColorAttachments,
      maxColorAttachmentBytesPerSample: limits.maxColorAttachmentBytesPerSample,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
      maxComputeWorkgroupSizeZ: limits.maxComputeWorkgroupSizeZ,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    };
  },

  'adapter.info describes the adapter': async (_gpu, t) => {
    const adapter = await t.adapter();
    const { info } = adapter;
    return [
      info === adapter.info,
      info instanceof GPUAdapterInfo,
      Object.prototype.toString.call(info),
      [info.vendor, info.architecture, info.device, info.description].map((text) => typeof text),
      [info.subgroupMinSize, info.subgroupMaxSize],
      info.isFallbackAdapter,
    ];
  },

  'adapter.info names things by normalised identifiers': async (_gpu, t) => {
    const { vendor, architecture, device } = (await t.adapter()).info;
    return [vendor, architecture, device].map((text) => /^([a-z0-9]+(-[a-z0-9]+)*)?$/.test(text));
  },

  'requestDevice with a feature nobody knows': async (_gpu, t) => {
    const adapter = await t.adapter();
    return t.settle(() => adapter.requestDevice({ requiredFeatures: ['no such feature' as never] }));
  },

  'requestDevice with a feature this adapter has not': async (_gpu, t) => {
    const adapter = await t.adapter();
    const all: GPUFeatureName[] = [
      'texture-compression-bc',
      'texture-compression-astc',
      'shader-f16',
      'float32-blendable',
      'timestamp-query',
      'subgroups',
      'clip-distances',
      'dual-source-blending',
    ];
    const missing = all.filter((name) => !adapter.features.has(name));
    const outcomes = [];
    for (const name of missing) {
      const one = await t.adapter();
      outcomes.push(name, await t.settle(() => one.requestDevice({ requiredFeatures: [name] })));
    }
    return outcomes;
  },

  'requestDevice with features it has': async (_gpu, t) => {
    const { features } = await t.device({ requiredFeatures: ['depth-clip-control', 'float32-filterable'] });
    return [
      features.has('depth-clip-control'),
      features.has('float32-filterable'),
      features.has('indirect-first-instance'),
    ];
  },

  'requestDevice takes a list of features': async (_gpu, t) => {
    const adapter = await t.adapter();
    return [
      await t.settle(() => adapter.requestDevice({ requiredFeatures: 'depth-clip-control' as never })),
      await t.settle(() => adapter.requestDevice({ requiredFeatures: 7 as never })),
      await t.settle(() => adapter.requestDevice({ requiredFeatures: null as never })),
    ];
  },

  'requestDevice with a limit nobody knows': async (_gpu, t) => {
    const outcomes = [];
    for (const value of [1, undefined]) {
      const adapter = await t.adapter();
      const settled = await t.settle(() => adapter.requestDevice({ requiredLimits: { noSuchLimit: value } }));
      outcomes.push('rejected' in settled ? settled.rejected : 'resolved');
    }
    return outcomes;
  },

  'requestDevice with limits beyond the adapter': async (_gpu, t) => {
    const outcomes = [];
    const asked: [keyof GPUSupportedLimits, number][] = [
      ['maxBufferSize', 2 ** 52],
      ['maxBindGroups', 1000],
      ['maxTextureDimension2D', 2 ** 30],
      ['minUniformBufferOffsetAlignment', 1],
      ['minStorageBufferOffsetAlignment', 3],
      ['minStorageBufferOffsetAlignment', 0],
    ];
    for (const [name, value] of asked) {
      const adapter = await t.adapter();
      outcomes.push(await t.settle(() => adapter.requestDevice({ requiredLimits: { [name]: value } })));
    }
    return outcomes;
  },

  'requestDevice with limits that are no numbers': async (_gpu, t) => {
    const outcomes = [];
    for (const value of [-1, 1.5, NaN, 2 ** 53, 'text', {}, null, 4n, Symbol('s'), undefined]) {
      const adapter = await t.adapter();
      const settled = await t.settle(() =>
        adapter.requestDevice({ requiredLimits: { maxBindGroups: value as never } }),
      );
      outcomes.push('rejected' in settled ? settled.rejected : 'resolved');
    }
    return outcomes;
  },

  'requestDevice gives at least the limits by default, more where asked': async (_gpu, t) => {
    const adapter = await t.adapter();
    const most = adapter.limits.maxBufferSize;
    const plain = await t.device();
    const lower = await t.device({ requiredLimits: { maxBindGroups: 1, maxBufferSize: 100 } });
    const higher = await t.device({ requiredLimits: { maxBufferSize: most } });
    return [
      [plain.limits.maxBindGroups, plain.limits.maxBufferSize],
      [lower.limits.maxBindGroups, lower.limits.maxBufferSize],
      higher.limits.maxBufferSize === most,
    ];
  },

  'requestDevice with a descriptor of another type': async (_gpu, t) => {
    const outcomes = [];
    for (const descriptor of [5, 'text', true]) {
      const adapter = await t.adapter();
      const settled = await t.settle(() => adapter.requestDevice(descriptor as never));
      outcomes.push('rejected' in settled ? settled.rejected : 'resolved');
    }
    return outcomes;
  },

  'requestDevice a second time': async (_gpu, t) => {
    const adapter = await t.adapter();
    const first = await adapter.requestDevice();
    const second = await t.settle(() => adapter.requestDevice());
    first.destroy();
    return 'rejected' in second ? second.rejected : 'resolved';
  },

  'requestDevice after one that was rejected': async (_gpu, t) => {
    const adapter = await t.adapter();
    const rejected = await t.settle(() => adapter.requestDevice({ requiredFeatures: ['x' as never] }));
    const device = await adapter.requestDevice();
    device.destroy();
    return [rejected, device instanceof GPUDevice];
  },

  'requestDevice labels device and queue': async (_gpu, t) => {
    const device = await t.device({ label: 'the device', defaultQueue: { label: 'the queue' } });
    const plain = await t.device();
    return [device.label, device.queue.label, plain.label, plain.queue.label];
  },

  'requestDevice of another object': async (_gpu, t) => {
    const adapter = await t.adapter();
    return t.settle(() => Reflect.apply(adapter.requestDevice, {}, []));
  },

  'interfaces of adapters cannot be constructed': async (_gpu, t) =>
    [
      'GPU',
      'GPUAdapter',
      'GPUAdapterInfo',
      'GPUSupportedFeatures',
      'GPUSupportedLimits',
      'WGSLLanguageFeatures',
    ].map((name) => t.attempt(() => Reflect.construct(Reflect.get(globalThis, name) as () => void, []))),
};
