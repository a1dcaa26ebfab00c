import type { WebgpuAdapter } from '../../model/index.js';
import type { VulkanDriver } from './drivers.js';
import type { DawnLibrary } from './library.js';

/** Something that stands between this machine and WebGPU. */
export interface GpuProblem {
  readonly what: string;
  /** A command or an option that helps, null when there is none. */
  readonly fix: string | null;
}

export interface GpuReport {
  /** Null: none was found. */
  readonly library: DawnLibrary | null;
  /** What the addon expects the library to be like. */
  readonly abi: string;
  /** Null: it can be used. */
  readonly loaderProblem: string | null;
  readonly drivers: readonly VulkanDriver[];
  /** Those that Sandboxes get. */
  readonly adapters: readonly WebgpuAdapter[];
  /** Those that are there and that Sandboxes do not get, by the options. */
  readonly withheld: readonly WebgpuAdapter[];
  /** Empty when there is an adapter for Sandboxes. */
  readonly problems: readonly GpuProblem[];
}

export const NO_DRIVER: GpuProblem = Object.freeze({
  what: 'no Vulkan driver is installed',
  // The loader does not come with it.
  fix: 'apt-get install libvulkan1 mesa-vulkan-drivers (AMD, Intel), or the driver of the GPU’s vendor',
});
