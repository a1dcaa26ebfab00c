/** What WebGPU there is on this machine, found out by using it. Drivers may crash: for a process of its own. */
import { webgpuMissing, type WebgpuAdapter } from '../../model/index.js';
import { openInProcessEvaluator } from '../in-process/evaluator.js';
import { loadNative } from '../native.js';
import { runSingleSlice } from '../single-slice.js';
import { findDrivers, loaderProblem, VULKAN_LOADER } from './drivers.js';
import { lookForDawn } from './library.js';
import type { GpuOptions } from './options.js';
import { NO_DRIVER, type GpuProblem } from './problem.js';
import type { GpuReport } from './report.js';

/** Runs in a Sandbox, as a Work Function. The names are those of the standard. */
const LIST_ADAPTERS = `async () => {
  const found = new Map();
  const requests = [{}, { powerPreference: 'high-performance' }, { powerPreference: 'low-power' }, { forceFallbackAdapter: true }];
  for (const request of requests) {
    const adapter = await navigator.gpu.requestAdapter(request);
    if (adapter === null) continue;
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
    const limits = {};
    for (const name in adapter.limits) if (typeof adapter.limits[name] === 'number') limits[name] = adapter.limits[name];
    const name = description || device || architecture || vendor;
    const entry = { name, vendor, architecture, isSoftware: isFallbackAdapter, features: [...adapter.features].sort(), limits };
    found.set(JSON.stringify(entry), entry);
  }
  return [...found.values()];
}`;

/** A driver that answers at all does so in less. */
const PROBE_MS = 8_000;

export async function probeGpu(options: GpuOptions): Promise<GpuReport> {
  const found = lookForDawn();
  const library = 'what' in found ? null : found;
  const drivers = findDrivers();
  const loader = loaderProblem();
  const problems: GpuProblem[] = [];
  let adapters: readonly WebgpuAdapter[] = [];
  let all: readonly WebgpuAdapter[] = [];
  if ('what' in found) problems.push(found);
  if (loader !== null)
    problems.push({
      what: `the Vulkan loader ${VULKAN_LOADER} cannot be used: ${loader}`,
      fix: 'apt-get install libvulkan1',
    });
  else if (drivers.length === 0) problems.push(NO_DRIVER);
  const broken: GpuProblem[] = [];
  for (const { manifest, library: file, problem } of drivers)
    if (problem !== null)
      broken.push({
        what:
          file === ''
            ? `${manifest}: ${problem}`
            : `${manifest}: the driver ${file} cannot be loaded: ${problem}`,
        fix: null,
      });
  // A driver of another architecture, say, is not in the way of the others.
  if (problems.length === 0 && broken.length < drivers.length) {
    try {
      adapters = await listAdapters(options);
      all = await listAdapters({ allowSoftware: true });
    } catch (error) {
      problems.push({ what: withoutJob((error as Error).message), fix: null });
    }
  }
  const offered = new Set(adapters.map((adapter) => JSON.stringify(adapter)));
  const withheld = all.filter((adapter) => !offered.has(JSON.stringify(adapter)));
  if (adapters.length === 0 && problems.length === 0 && broken.length < drivers.length)
    problems.push(...noAdapter(withheld, options));
  problems.push(...broken);
  return {
    library,
    abi: loadNative().webgpuAbi,
    loaderProblem: loader,
    drivers,
    adapters,
    withheld,
    problems: adapters.length > 0 ? [] : problems,
  };
}

/** Nobody's Job is what asks here. */
function withoutJob(message: string): string {
  const refusal = webgpuMissing('');
  return message.startsWith(refusal) ? message.slice(refusal.length) : message;
}

function noAdapter(withheld: readonly WebgpuAdapter[], { allowSoftware = false }: GpuOptions): GpuProblem[] {
  if (withheld.length === 0) return [{ what: 'Dawn finds no adapter that can do WebGPU', fix: null }];
  return withheld.map(({ name, isSoftware }) =>
    isSoftware && !allowSoftware
      ? { what: `${name} computes on the CPU and is not offered`, fix: '--allow-software-gpu' }
      : { what: `${name} is not among the adapters that are offered`, fix: '--gpu-adapter, --gpu-ban' },
  );
}

/** The adapters that Sandboxes of these options get. Rejects with the reason when they get no WebGPU. */
async function listAdapters(gpu: GpuOptions): Promise<readonly WebgpuAdapter[]> {
  const evaluator = await openInProcessEvaluator({ threads: 1, gpu });
  try {
    const value = await runSingleSlice(evaluator, {
      name: 'gpu-info',
      workFunction: LIST_ADAPTERS,
      datum: null,
      timeoutMs: PROBE_MS,
      requirements: { environment: { webgpu: true } },
    });
    return value as WebgpuAdapter[];
  } finally {
    await evaluator.close();
  }
}
