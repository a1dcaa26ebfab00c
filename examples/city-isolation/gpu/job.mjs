/**
 * The same Job on GPUs.
 *
 *   dcp-job run examples/city-isolation/gpu/job.mjs
 */
import { loadCities } from '../cities.mjs';
import { equalWorkBlocks } from '../isolation.mjs';

export { done } from '../job.mjs';

/** A GPU is busy with thousands of cities at once: fewer and longer Slices than on CPUs. */
const SLICES = 16;

/** @param {typeof import('dcp-worker-native').compute} compute */
export default function cityIsolationOnGpu(compute) {
  const cities = loadCities();
  const blocks = equalWorkBlocks(cities.count, SLICES);
  const job = compute.for(blocks, new URL('./work-function.mjs', import.meta.url), [
    cities.x,
    cities.y,
    cities.z,
    cities.population,
  ]);
  job.public.name = 'City isolation on GPUs';
  job.public.description = 'Distance from each city to the nearest one at least as large';
  job.requirements = { environment: { webgpu: true } };
  return job;
}
