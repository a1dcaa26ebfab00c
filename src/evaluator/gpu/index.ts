export { askForGpus, gpuArguments, type FoundGpus } from './ask.js';
export { namedDrivers, type VulkanDriver } from './drivers.js';
export { findDawn } from './library.js';
export { completeGpuOptions, GPU_OPTIONS, type CompleteGpuOptions, type GpuOptions } from './options.js';
export type { GpuReport } from './report.js';
