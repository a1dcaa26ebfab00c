/**
 * The environment's table: which script makes which globals. A group is `<name>.ts` (or a folder `<name>/`) beside this
 * file; scripts/build.mjs bundles each into one script, which runs when the first of its globals is used.
 * docs/WORK_FUNCTIONS.md says why there are these.
 */
export const GLOBAL_GROUPS = {
  base64: ['atob', 'btoa'],
  blob: ['Blob'],
  codec: [],
  console: ['console'],
  crypto: ['Crypto', 'SubtleCrypto', 'crypto'],
  'dom-exception': ['DOMException'],
  encoding: ['TextDecoder', 'TextEncoder'],
  events: [
    'AbortController',
    'AbortSignal',
    'CustomEvent',
    'ErrorEvent',
    'Event',
    'EventTarget',
    'PromiseRejectionEvent',
    'addEventListener',
    'dispatchEvent',
    'removeEventListener',
  ],
  'source-map': [],
  'job-side': [],
  fetch: [],
  navigator: ['WorkerNavigator', 'navigator'],
  messaging: ['MessageChannel', 'MessageEvent', 'MessagePort'],
  performance: ['Performance', 'PerformanceEntry', 'PerformanceMark', 'PerformanceMeasure', 'performance'],
  'structured-clone': ['structuredClone'],
  url: ['URL', 'URLSearchParams'],
  webgpu: [],
} as const satisfies Record<string, readonly string[]>;

export type GroupName = keyof typeof GLOBAL_GROUPS;

/** Globals that only those Jobs have that ask for them and get them: the others pay nothing for there being such. */
export const GLOBALS_ON_DEMAND = {
  fetch: ['Headers', 'Request', 'Response', 'fetch'],
  webgpu: [
    'GPU',
    'GPUAdapter',
    'GPUAdapterInfo',
    'GPUBindGroup',
    'GPUBindGroupLayout',
    'GPUBuffer',
    'GPUBufferUsage',
    'GPUColorWrite',
    'GPUCommandBuffer',
    'GPUCommandEncoder',
    'GPUCompilationInfo',
    'GPUCompilationMessage',
    'GPUComputePassEncoder',
    'GPUComputePipeline',
    'GPUDevice',
    'GPUDeviceLostInfo',
    'GPUError',
    'GPUInternalError',
    'GPUMapMode',
    'GPUOutOfMemoryError',
    'GPUPipelineError',
    'GPUPipelineLayout',
    'GPUQuerySet',
    'GPUQueue',
    'GPURenderBundle',
    'GPURenderBundleEncoder',
    'GPURenderPassEncoder',
    'GPURenderPipeline',
    'GPUSampler',
    'GPUShaderModule',
    'GPUShaderStage',
    'GPUSupportedFeatures',
    'GPUSupportedLimits',
    'GPUTexture',
    'GPUTextureUsage',
    'GPUTextureView',
    'GPUUncapturedErrorEvent',
    'GPUValidationError',
    'WGSLLanguageFeatures',
  ],
} as const satisfies Partial<Record<GroupName, readonly string[]>>;

/** Of the globals that V8 brings, those that a Work Function does not get. */
export const WITHHELD_GLOBALS = ['Intl'] as const;
