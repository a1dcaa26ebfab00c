/** Something that stands between this machine and WebGPU. */
export interface GpuProblem {
  readonly what: string;
  /** A command or an option that helps, null when there is none. */
  readonly fix: string | null;
}

export const NO_DRIVER: GpuProblem = Object.freeze({
  what: 'no Vulkan driver is installed',
  // The loader does not come with it.
  fix: 'apt-get install libvulkan1 mesa-vulkan-drivers (AMD, Intel), or the driver of the GPU’s vendor',
});
