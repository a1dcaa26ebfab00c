/** What the Sandboxes of the GPU's soak do, again and again: a device, a computation, its result mapped and checked, the end of the device. */
import { DOUBLE, gpuWork } from '../../gpu/support.js';

/** Its datum is a whole number; its result is `expectedOf` that. Devices end in all the ways there are. */
export const WORK = gpuWork(`
  const doubled = await compute(${JSON.stringify(DOUBLE)}, Uint32Array.from({ length: 64 }, (_, i) => datum + i));
  let sum = 0;
  for (const value of doubled) sum += value;
  switch (datum % 8) {
    case 1: // Left to garbage collection.
      return sum;
    case 3: { // With a buffer mapped, and one that is about to be.
      const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
      device.createBuffer({ size: 65536, usage, mappedAtCreation: true }).getMappedRange();
      device.createBuffer({ size: 256, usage }).mapAsync(GPUMapMode.READ).catch(() => {});
      break;
    }
    case 5: // Amid its work.
      submit(${JSON.stringify(DOUBLE)}, new Uint32Array(4096), 64);
      break;
    case 7: // With an error that nobody took.
      device.onuncapturederror = (event) => event.preventDefault();
      device.createBuffer({ size: 2 ** 40, usage: GPUBufferUsage.STORAGE });
  }
  device.destroy();
  return sum;`);

export function expectedOf(datum: number): number {
  return 2 * (64 * datum + (64 * 63) / 2);
}
