/** The Work Function: some rows of the product of two matrices, on the GPU. */
import shader from './product.wgsl';

/** Elements of the product that a workgroup computes, each way. */
const TILE = 64;

/** @typedef {{ device: GPUDevice, pipeline: GPUComputePipeline, right: GPUBuffer }} Gpu */

/**
 * What this Sandbox has on the GPU; its Slices share it.
 * @type {Promise<Gpu> | null}
 */
let gpu = null;

/**
 * @param {Float32Array} left `left.length / inner` rows of the left matrix
 * @param {Float32Array} right the right matrix, row by row
 * @param {number} inner columns of the left matrix, rows of the right one
 * @returns {Promise<Float32Array>} the same rows of the product
 */
export default async function rowsOfProduct(left, right, inner) {
  gpu ??= prepare(right);
  const { device, pipeline, right: b } = await gpu;
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ, UNIFORM } = GPUBufferUsage;
  const rows = left.length / inner;
  const columns = right.length / inner;
  const size = rows * columns * Float32Array.BYTES_PER_ELEMENT;

  const shape = buffer(device, UNIFORM, Uint32Array.of(rows, inner, columns));
  const a = buffer(device, STORAGE, left);
  const c = device.createBuffer({ size, usage: STORAGE | COPY_SRC });
  const readable = device.createBuffer({ size, usage: COPY_DST | MAP_READ });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [shape, a, b, c].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(Math.ceil(columns / TILE), Math.ceil(rows / TILE));
  pass.end();
  encoder.copyBufferToBuffer(c, 0, readable, 0, size);
  device.queue.submit([encoder.finish()]);

  await readable.mapAsync(GPUMapMode.READ);
  const product = new Float32Array(readable.getMappedRange().slice(0));
  for (const used of [shape, a, c, readable]) used.destroy();
  return product;
}

/**
 * A device with the right matrix in its memory.
 * @param {Float32Array} right
 * @returns {Promise<Gpu>}
 */
async function prepare(right) {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter.requestDevice();
  // A device that is lost is no reason to fail all Slices to come.
  device.lost.then(() => (gpu = null));
  const module = device.createShaderModule({ code: shader });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
  return { device, pipeline, right: buffer(device, GPUBufferUsage.STORAGE, right) };
}

/**
 * A buffer that holds the data from its beginning: they are written where it is mapped.
 * @param {GPUDevice} device
 * @param {number} usage
 * @param {Float32Array | Uint32Array} data
 */
function buffer(device, usage, data) {
  // A uniform has a size that is a multiple of 16.
  const size = Math.ceil(data.byteLength / 16) * 16;
  const made = device.createBuffer({ size, usage, mappedAtCreation: true });
  new data.constructor(made.getMappedRange()).set(data);
  made.unmap();
  return made;
}
