/** Sandboxes with WebGPU, on whatever adapter there is: the machine's own, or SwiftShader (scripts/software-gpu.mjs). */
import {
  askForGpus,
  openChildProcessEvaluator,
  openInProcessEvaluator,
  type Evaluator,
  type GpuOptions,
} from '#src/evaluator/index.js';
import type { SandboxJob } from '#src/evaluator/index.js';
import { HOST, slices, start, type Recorder, type StartOptions } from '../evaluator/support.js';

/** Whatever there is. */
export const ANY: GpuOptions = { allowSoftware: true };

/** Why there is no WebGPU here; false when there is. For the option `skip`. */
export async function gpuMissing(): Promise<string | false> {
  const { adapters, problems } = await askForGpus(ANY);
  return adapters.length === 0 && problems.map(({ what }) => what).join('; ');
}

export const WEBGPU: Partial<SandboxJob> = { requirements: { environment: { webgpu: true } } };

/** The evaluator of this run's host, with any adapter there is. */
export function openGpuHost(threads = 2, gpu: GpuOptions | null = ANY): Promise<Evaluator> {
  return HOST === 'child'
    ? openChildProcessEvaluator({ threads, gpu })
    : openInProcessEvaluator({ threads, gpu });
}

/** Runs a Work Function that requires WebGPU in a Sandbox of its own over data. */
export async function runOnGpu(
  evaluator: Evaluator,
  work: string,
  data: readonly unknown[],
  options: StartOptions = {},
): Promise<Recorder> {
  const { sandbox, seen } = await start(evaluator, work, {
    ...options,
    job: { ...WEBGPU, ...options.job },
  });
  sandbox.run(slices(data));
  await seen.until(() => seen.drained > 0 || seen.end !== null);
  return seen;
}

/**
 * The text of a Work Function whose body finds `device`, and functions to make use of it:
 * - `compute(code, input, groups)` runs an entry point `main` over a storage buffer of 32-bit numbers, and answers what is
 *   in it then;
 * - `submit(code, input, groups)` begins that and answers the buffer.
 */
export function gpuWork(body: string): string {
  return `async (datum) => {
    const adapter = await navigator.gpu.requestAdapter();
    if (adapter === null) throw new Error('no adapter');
    const device = await adapter.requestDevice();
    const submit = (code, input, groups = 1) => {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const buffer = device.createBuffer({ size: input.byteLength, usage });
      device.queue.writeBuffer(buffer, 0, input);
      const module = device.createShaderModule({ code });
      const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
      const layout = pipeline.getBindGroupLayout(0);
      const bindGroup = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] });
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(groups);
      pass.end();
      device.queue.submit([encoder.finish()]);
      return buffer;
    };
    const compute = async (code, input, groups = 1) => {
      const buffer = submit(code, input, groups);
      const read = device.createBuffer({ size: input.byteLength, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, read, 0, input.byteLength);
      device.queue.submit([encoder.finish()]);
      await read.mapAsync(GPUMapMode.READ);
      return new input.constructor(read.getMappedRange().slice(0));
    };
    ${body}
  }`;
}

/** Doubles each number. */
export const DOUBLE = `
@group(0) @binding(0) var<storage, read_write> data: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&data)) { data[id.x] = data[id.x] * 2u; }
}`;

/** Goes round as often as the first number says; for ever when it is 0xffffffff. */
export const SPIN = `
@group(0) @binding(0) var<storage, read_write> data: array<atomic<u32>>;
@compute @workgroup_size(1) fn main() {
  var rounds = 0u;
  loop {
    let wanted = atomicLoad(&data[0]);
    if (wanted != 0xffffffffu && rounds >= wanted) { break; }
    rounds += 1u;
    atomicStore(&data[1], rounds);
  }
}`;

/** Takes drivers minutes to compile. */
export const COMPILE = `
@group(0) @binding(0) var<storage, read_write> data: array<u32>;
@compute @workgroup_size(1) fn main() {
  var x = data[0];
${Array.from({ length: 1500 }, (_, k) => `  x = (x * ${k + 3}u) + ((x >> ${k % 31}u) ^ data[(x + ${k}u) % 64u]);`).join('\n')}
  data[0] = x;
}`;
