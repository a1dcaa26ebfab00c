/**
 * What waiting for the GPU costs: the CPU time of a Sandbox's thread while a Slice of it awaits dispatches that take from a tenth of a second to
 * some seconds. A software driver's own threads are not in it.
 */
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { encode } from '#src/codec/index.js';
import { makeSliceBatch } from '#src/model/index.js';
import { Report, digits } from './harness/report.js';
import { BenchSandbox } from './harness/sandboxes.js';

/** The longest is the first that takes so long, milliseconds. */
const LONG_MS = 3000;
const SHORT_MS = 100;

/** Source text: it runs in the Sandbox, and keeps its pipeline for the Slices that follow. */
const WORK = `async (rounds) => {
  const { device, pipeline, bindGroup, input } = await (globalThis.made ??= (async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter.requestDevice();
    const module = device.createShaderModule({ code: \`
      @group(0) @binding(0) var<storage, read_write> data: array<atomic<u32>>;
      @compute @workgroup_size(1) fn main() {
        for (var round = 0u; round < atomicLoad(&data[0]); round++) { atomicAdd(&data[1], 1u); }
      }\` });
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
    const input = device.createBuffer({ size: 8, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    const entries = [{ binding: 0, resource: { buffer: input } }];
    const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    return { device, pipeline, bindGroup, input };
  })());
  device.queue.writeBuffer(input, 0, Uint32Array.of(rounds, 0));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(1);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
}`;

const evaluator = await openInProcessEvaluator({ threads: 1, gpu: { allowSoftware: true } });
const requirements = { environment: { webgpu: true } };
const sandbox = await BenchSandbox.assigned(evaluator, WORK, { requirements });
let slice = 0;
async function wait(rounds: number): Promise<{ elapsedMs: number; cpuMs: number }> {
  await sandbox.run(makeSliceBatch([++slice], [encode(rounds)]));
  const { elapsedMs, cpuMs } = sandbox.results[0]!;
  return { elapsedMs: elapsedMs[0]!, cpuMs: cpuMs[0]! };
}

// The device, the shader.
await wait(1);
const rows = [];
let share = 0;
for (let rounds = 1000, elapsed = 0; elapsed < LONG_MS; rounds *= 2) {
  const { elapsedMs, cpuMs } = await wait(rounds);
  elapsed = elapsedMs;
  if (elapsedMs < SHORT_MS) continue;
  share = cpuMs / elapsedMs;
  rows.push({
    'dispatch, ms': digits(elapsedMs),
    'CPU time, ms': digits(cpuMs),
    'share, %': digits(100 * share),
  });
}
const report = new Report('webgpu-wait');
report.table("CPU time of a Sandbox's thread while it waits for the GPU", rows);
report.data('waits', rows);
report.standing(
  'CPU time of a Sandbox that awaits a long dispatch',
  'under 2% of a core',
  `${digits(100 * share)}%`,
  share < 0.02,
);
report.finish();
await evaluator.close();
process.exit(0);
