/** The Work Function: a band of the photograph, printed by the steps of print.wgsl one after another. */
import shader from './print.wgsl';

const WORKGROUP = 8;

/** @typedef {{ device: GPUDevice, module: GPUShaderModule, pipelines: Map<string, Promise<GPUComputePipeline>> }} Gpu */

/**
 * What this Sandbox has on the GPU; its Slices share it.
 * @type {Promise<Gpu> | null}
 */
let gpu = null;

/**
 * @typedef {object} Band
 * @property {Uint8Array} pixels rows of the photograph, RGBA, with those above and below that the filter looks at
 * @property {number} top the first of them, in the photograph
 * @property {number} from the first row to print
 * @property {number} to the row after the last
 *
 * @typedef {object} Settings
 * @property {number} width of the photograph
 * @property {number} height
 * @property {number} scale pixels of the print for one of the photograph, each way
 * @property {number} horizon where the sky ends: a part of the height
 * @property {number} shore where the water begins
 */

/**
 * @param {Band} band
 * @param {Settings} settings
 * @returns {Promise<Uint8Array>} the rows of the print, RGBA
 */
export default async function printBand(band, settings) {
  gpu ??= prepare();
  const { device, module, pipelines } = await gpu;
  const { scale } = settings;
  const source = { width: settings.width, height: band.pixels.length / settings.width / 4 };
  const size = { width: source.width * scale, height: source.height * scale };
  const made = [];

  const texture = (
    /** @type {GPUTextureFormat} */ format,
    usage = GPUTextureUsage.STORAGE_BINDING,
    extent = size,
  ) => {
    const texture = device.createTexture({
      size: extent,
      format,
      usage: usage | GPUTextureUsage.TEXTURE_BINDING,
    });
    made.push(texture);
    return texture;
  };
  const photograph = texture('rgba8unorm', GPUTextureUsage.COPY_DST, source);
  device.queue.writeTexture(
    { texture: photograph },
    band.pixels,
    { bytesPerRow: source.width * 4, rowsPerImage: source.height },
    source,
  );
  const [tone, strokes, edges] = Array.from({ length: 3 }, () => texture('r32float'));
  const [sharp, half, smooth] = Array.from({ length: 3 }, () => texture('rgba16float'));
  const print = texture('rgba8unorm', GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_SRC);

  const uniform = device.createBuffer({ size: 32, usage: GPUBufferUsage.UNIFORM, mappedAtCreation: true });
  const view = new DataView(uniform.getMappedRange());
  [size.width, size.height, settings.width * scale, settings.height * scale, band.top * scale].forEach(
    (value, index) => view.setUint32(4 * index, value, true),
  );
  view.setFloat32(20, settings.horizon, true);
  view.setFloat32(24, settings.shore, true);
  uniform.unmap();
  made.push(uniform);
  const sampler = device.createSampler({ magFilter: 'linear', minFilter: 'linear' });

  // What each step reads and writes, by the numbers of its bindings.
  const steps = [
    ['enlarge', {}, { 0: uniform, 1: photograph, 2: sampler, 7: tone }],
    ['directions', {}, { 0: uniform, 3: tone, 8: sharp }],
    ['smoothen', { horizontal: 1 }, { 0: uniform, 4: sharp, 8: half }],
    ['smoothen', { horizontal: 0 }, { 0: uniform, 4: half, 8: smooth }],
    ['stroke', {}, { 0: uniform, 3: tone, 4: smooth, 7: strokes }],
    ['edge', {}, { 0: uniform, 3: strokes, 4: smooth, 7: edges }],
    ['colour', {}, { 0: uniform, 4: smooth, 5: strokes, 6: edges, 9: print }],
  ];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const [entryPoint, constants, bindings] of steps) {
    const name = entryPoint + JSON.stringify(constants);
    let pipeline = pipelines.get(name);
    if (!pipeline) {
      pipeline = device.createComputePipelineAsync({
        layout: 'auto',
        compute: { module, entryPoint, constants },
      });
      pipelines.set(name, pipeline);
    }
    const ready = await pipeline;
    pass.setPipeline(ready);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: ready.getBindGroupLayout(0),
        entries: Object.entries(bindings).map(([binding, bound]) => ({
          binding: Number(binding),
          resource:
            bound instanceof GPUTexture
              ? bound.createView()
              : bound instanceof GPUBuffer
                ? { buffer: bound }
                : bound,
        })),
      }),
    );
    pass.dispatchWorkgroups(Math.ceil(size.width / WORKGROUP), Math.ceil(size.height / WORKGROUP));
  }
  pass.end();

  // Rows of a copy begin at multiples of 256 bytes.
  const first = (band.from - band.top) * scale;
  const rows = (band.to - band.from) * scale;
  const rowBytes = size.width * 4;
  const bytesPerRow = Math.ceil(rowBytes / 256) * 256;
  const readable = device.createBuffer({
    size: bytesPerRow * rows,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  made.push(readable);
  encoder.copyTextureToBuffer(
    { texture: print, origin: { x: 0, y: first } },
    { buffer: readable, bytesPerRow },
    { width: size.width, height: rows },
  );
  device.queue.submit([encoder.finish()]);
  progress(0.5);

  await readable.mapAsync(GPUMapMode.READ);
  const padded = new Uint8Array(readable.getMappedRange());
  const printed = new Uint8Array(rowBytes * rows);
  for (let row = 0; row < rows; row++) {
    printed.set(padded.subarray(row * bytesPerRow, row * bytesPerRow + rowBytes), row * rowBytes);
  }
  for (const used of made) used.destroy();
  return printed;
}

/** @returns {Promise<Gpu>} */
async function prepare() {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter.requestDevice();
  // A device that is lost is no reason to fail all Slices to come.
  device.lost.then(() => (gpu = null));
  return { device, module: device.createShaderModule({ code: shader }), pipelines: new Map() };
}
