/** What keeps a GPU busy: a matrix product, a sum, copies. Results are checked: they are whole numbers, which 32-bit floats hold exactly. */

/** Sums up `data`: each workgroup its part, to `sums`. */
const REDUCTION = `
const THREADS = 64u;
const EACH = 64u;
@group(0) @binding(0) var<storage, read> data: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
var<workgroup> part: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  let first = group.x * THREADS * EACH + thread;
  for (var i = 0u; i < EACH; i++) {
    let at = first + i * THREADS;
    if (at < arrayLength(&data)) { sum += data[at]; }
  }
  part[thread] = sum;
  for (var width = THREADS / 2; width > 0; width /= 2) {
    workgroupBarrier();
    if (thread < width) { part[thread] += part[thread + width]; }
  }
  if (thread == 0) { sums[group.x] = part[0]; }
}`;

/** Elements that a workgroup of `REDUCTION` sums up. */
const REDUCED = 64 * 64;
/** Elements of the product that a workgroup of examples/matrix-product computes, each way. */
const PRODUCT_TILE = 64;

export interface ComputeBench {
  readonly adapter: string;
  /** Milliseconds for so many products of matrices with `size` rows and columns. */
  product(size: number, turns: number): Promise<number>;
  /** Milliseconds for so many sums of `count` numbers. */
  reduce(count: number, turns: number): Promise<number>;
  /** Milliseconds for so many copies from one buffer to another. */
  copy(bytes: number, turns: number): Promise<number>;
  /** Milliseconds until as much has been written to a buffer by `writeBuffer`. */
  write(bytes: number, turns: number): Promise<number>;
  /** Milliseconds until as much has been copied to a buffer that is mapped, and read there. */
  read(bytes: number, turns: number): Promise<number>;
}

/** The text of a function of a GPU that makes a `ComputeBench`. */
export function computeSource(productShader: string): string {
  const constants = { product: productShader, reduction: REDUCTION, reduced: REDUCED, tile: PRODUCT_TILE };
  return `(gpu) => (${openCompute.toString()})(gpu, ${JSON.stringify(constants)})`;
}

/** Names nothing of its surroundings. */
async function openCompute(
  gpu: GPU,
  constants: { product: string; reduction: string; reduced: number; tile: number },
): Promise<ComputeBench> {
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('no adapter');
  const device = await adapter.requestDevice();
  const { queue } = device;
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;

  const pipelineOf = (code: string): GPUComputePipeline =>
    device.createComputePipeline({
      layout: 'auto',
      compute: { module: device.createShaderModule({ code }) },
    });
  const pipelines = { product: pipelineOf(constants.product), reduction: pipelineOf(constants.reduction) };
  const bindGroup = (pipeline: GPUComputePipeline, buffers: GPUBuffer[]): GPUBindGroup =>
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  const filled = (data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, usage: number): GPUBuffer => {
    const size = Math.ceil(data.byteLength / 16) * 16;
    const buffer = device.createBuffer({ size, usage: usage | COPY_DST });
    queue.writeBuffer(buffer, 0, data);
    return buffer;
  };
  const read = async (buffer: GPUBuffer): Promise<Float32Array> => {
    const readable = device.createBuffer({ size: buffer.size, usage: MAP_READ | COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, readable, 0, buffer.size);
    queue.submit([encoder.finish()]);
    await readable.mapAsync(GPUMapMode.READ);
    const data = new Float32Array(readable.getMappedRange().slice(0));
    readable.destroy();
    return data;
  };
  /** Submits `once` so often and waits for the end of all; the first time, when things are made, is not counted. */
  const timed = async (turns: number, once: (encoder: GPUCommandEncoder) => void): Promise<number> => {
    let begin = 0;
    for (const count of [1, turns]) {
      begin = performance.now();
      for (let turn = 0; turn < count; turn++) {
        const encoder = device.createCommandEncoder();
        once(encoder);
        queue.submit([encoder.finish()]);
      }
      await queue.onSubmittedWorkDone();
    }
    return performance.now() - begin;
  };
  const check = (what: string, got: number | undefined, wanted: number): void => {
    if (got !== wanted) throw new Error(`${what} is ${String(got)}, not ${wanted}`);
  };

  const { vendor, architecture, device: name, description } = adapter.info;
  return {
    adapter: description || name || `${vendor} ${architecture}`,

    async product(size, turns) {
      const left = Float32Array.from({ length: size * size }, (_, i) => ((i * 7) % 5) - 2);
      const right = Float32Array.from({ length: size * size }, (_, i) => ((i * 3) % 7) - 3);
      const shape = filled(Uint32Array.of(size, size, size), UNIFORM);
      const [a, b] = [filled(left, STORAGE), filled(right, STORAGE)];
      const c = device.createBuffer({ size: size * size * 4, usage: STORAGE | COPY_SRC });
      const group = bindGroup(pipelines.product, [shape, a, b, c]);
      const took = await timed(turns, (encoder) => {
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipelines.product);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(Math.ceil(size / constants.tile), Math.ceil(size / constants.tile));
        pass.end();
      });
      const product = await read(c);
      for (const [row, column] of [
        [0, 0],
        [size - 1, size - 1],
        [size >> 1, size >> 2],
      ] as const) {
        let sum = 0;
        for (let k = 0; k < size; k++) sum += left[row * size + k]! * right[k * size + column]!;
        check(`element (${row}, ${column})`, product[row * size + column], sum);
      }
      for (const buffer of [shape, a, b, c]) buffer.destroy();
      return took;
    },

    async reduce(count, turns) {
      const groups = Math.ceil(count / constants.reduced);
      const data = filled(
        Float32Array.from({ length: count }, (_, i) => i % 3),
        STORAGE,
      );
      const parts = device.createBuffer({ size: groups * 4, usage: STORAGE | COPY_SRC });
      const sum = device.createBuffer({ size: 4, usage: STORAGE | COPY_SRC });
      if (groups > constants.reduced) throw new Error('more parts than a workgroup sums up');
      const steps = [
        [groups, bindGroup(pipelines.reduction, [data, parts])],
        [1, bindGroup(pipelines.reduction, [parts, sum])],
      ] as const;
      const took = await timed(turns, (encoder) => {
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipelines.reduction);
        for (const [workgroups, group] of steps) {
          pass.setBindGroup(0, group);
          pass.dispatchWorkgroups(workgroups);
        }
        pass.end();
      });
      check('the sum', (await read(sum))[0], count - (count % 3) + (count % 3 === 2 ? 1 : 0));
      for (const buffer of [data, parts, sum]) buffer.destroy();
      return took;
    },

    async copy(bytes, turns) {
      const from = device.createBuffer({ size: bytes, usage: COPY_SRC });
      const to = device.createBuffer({ size: bytes, usage: COPY_DST });
      const took = await timed(turns, (encoder) => encoder.copyBufferToBuffer(from, 0, to, 0, bytes));
      from.destroy();
      to.destroy();
      return took;
    },

    async write(bytes, turns) {
      const to = device.createBuffer({ size: bytes, usage: COPY_DST });
      const data = new Uint8Array(bytes);
      const took = await timed(turns, () => queue.writeBuffer(to, 0, data));
      to.destroy();
      return took;
    },

    async read(bytes, turns) {
      const from = filled(new Uint32Array(bytes / 4).fill(1), COPY_SRC);
      const readable = device.createBuffer({ size: bytes, usage: MAP_READ | COPY_DST });
      let begin = 0;
      let sum = 0;
      for (const count of [1, turns]) {
        begin = performance.now();
        for (let turn = 0; turn < count; turn++) {
          const encoder = device.createCommandEncoder();
          encoder.copyBufferToBuffer(from, 0, readable, 0, bytes);
          queue.submit([encoder.finish()]);
          await readable.mapAsync(GPUMapMode.READ);
          const mapped = new Uint32Array(readable.getMappedRange());
          // A look at each page: what has not been read has not been transferred.
          for (let i = 0; i < mapped.length; i += 1024) sum += mapped[i]!;
          readable.unmap();
        }
      }
      const took = performance.now() - begin;
      check('the sum over pages', sum, Math.ceil(bytes / 4096) * (turns + 1));
      from.destroy();
      readable.destroy();
      return took;
    },
  };
}
