/**
 * The Work Function on a GPU. It gives the same answer as the one on the CPU, to the last bit.
 *
 * A GPU computes in 32-bit floats, which place a city to half a metre. That says who is nearest wherever the runner-up is
 * further away by more than the error can be; the few cities where it is not are left to the CPU. Distances are
 * computed in 64 bits, from the neighbour the GPU has found.
 */
import { nearestLargerCity } from '../work-function.mjs';
import shader from './nearest.wgsl';

const EARTH_RADIUS_KM = 6371.0088; // IUGG mean radius
const WORKGROUP_SIZE = 64;
/** Bytes of a `Found`. */
const FOUND_BYTES = 12;

/**
 * How far a distance from the GPU, in radii of the Earth, may be from the true one: |d' - d| <= ABSOLUTE + RELATIVE d.
 *
 * Coordinates lie in [-1, 1], so rounding moves each by 2^-25 at most, the difference of two by 2^-24, and the line
 * between two cities by sqrt(3) 2^-24 = 1.04e-7. WGSL's operations are off by one unit in the last place at most (WGSL,
 * "Accuracy of Concrete Floating Point Expressions"), 2^-23: two for the square of a rounded difference, one for it, two for
 * the sum, half of that once the root is drawn, makes 3e-7.
 */
const ABSOLUTE = 1.1e-7;
const RELATIVE = 4e-7;

/**
 * What this Sandbox has on the GPU; its Slices share it.
 * @type {Promise<Gpu> | null}
 */
let gpu = null;

/** @typedef {{ device: GPUDevice, pipeline: GPUComputePipeline, position: GPUBuffer, candidates: GPUBuffer }} Gpu */

/**
 * @param {{ start: number, end: number }} block cities `start` (inclusive) to `end` (exclusive)
 * @param {Float64Array} x unit vectors of all cities, sorted by population, largest first
 * @param {Float64Array} y
 * @param {Float64Array} z
 * @param {Float64Array} population
 * @returns {Promise<{ nearest: Int32Array, km: Float64Array, settled: number }>} as nearestLargerCity; `settled`: how many
 *   were too close to call for the GPU
 */
export default async function nearestLargerCityOnGpu(block, x, y, z, population) {
  gpu ??= prepare(x, y, z, population);
  const found = await search(await gpu, block);
  progress(0.9);

  const count = block.end - block.start;
  const neighbours = new Int32Array(found);
  const squares = new Float32Array(found);
  const nearest = new Int32Array(count);
  const km = new Float64Array(count);
  let settled = 0;
  for (let i = 0; i < count; i++) {
    const city = block.start + i;
    const [distance, runnerUp] = [Math.sqrt(squares[3 * i + 1]), Math.sqrt(squares[3 * i + 2])];
    if (distance * (1 + RELATIVE) + ABSOLUTE < runnerUp * (1 - RELATIVE) - ABSOLUTE) {
      const other = neighbours[3 * i];
      const [dx, dy, dz] = [x[other] - x[city], y[other] - y[city], z[other] - z[city]];
      nearest[i] = other;
      km[i] = 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(dx * dx + dy * dy + dz * dz) / 2));
    } else {
      const exact = nearestLargerCity({ start: city, end: city + 1 }, x, y, z, population);
      nearest[i] = exact.nearest[0];
      km[i] = exact.km[0];
      settled++;
    }
  }
  return { nearest, km, settled };
}

/**
 * A device with the cities in its memory.
 * @param {Float64Array} x
 * @param {Float64Array} y
 * @param {Float64Array} z
 * @param {Float64Array} population
 * @returns {Promise<Gpu>}
 */
async function prepare(x, y, z, population) {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter.requestDevice();
  // A device that is lost is no reason to fail all Slices to come.
  device.lost.then(() => (gpu = null));

  // An array of vec3f has 16 bytes for each.
  const places = new Float32Array(4 * x.length);
  const bounds = new Uint32Array(x.length);
  for (let city = 0, bound = 0; city < x.length; city++) {
    places.set([x[city], y[city], z[city]], 4 * city);
    while (bound < x.length && population[bound] >= population[city]) bound++;
    bounds[city] = bound;
  }
  const upload = (/** @type {Float32Array | Uint32Array} */ data) => {
    const buffer = device.createBuffer({
      size: data.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  };
  const module = device.createShaderModule({ code: shader });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
  return { device, pipeline, position: upload(places), candidates: upload(bounds) };
}

/**
 * @param {Gpu} gpu
 * @param {{ start: number, end: number }} block
 * @returns {Promise<ArrayBuffer>} a `Found` for each city of the block
 */
async function search({ device, pipeline, position, candidates }, { start, end }) {
  const size = (end - start) * FOUND_BYTES;
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ, UNIFORM } = GPUBufferUsage;
  const block = device.createBuffer({ size: 8, usage: UNIFORM | COPY_DST });
  const found = device.createBuffer({ size, usage: STORAGE | COPY_SRC });
  const readable = device.createBuffer({ size, usage: COPY_DST | MAP_READ });
  device.queue.writeBuffer(block, 0, Uint32Array.of(start, end));

  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [position, candidates, found, block].map((buffer, binding) => ({
      binding,
      resource: { buffer },
    })),
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(Math.ceil((end - start) / WORKGROUP_SIZE));
  pass.end();
  encoder.copyBufferToBuffer(found, 0, readable, 0, size);
  device.queue.submit([encoder.finish()]);

  await readable.mapAsync(GPUMapMode.READ);
  const bytes = readable.getMappedRange().slice(0);
  for (const buffer of [block, found, readable]) buffer.destroy();
  return bytes;
}
