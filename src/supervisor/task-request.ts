import type { JobId } from '../model/index.js';
import type { TaskRequest } from '../scheduler/index.js';
import type { GpuShare } from './gpu-share.js';
import type { JobDesks } from './job-desks.js';
import type { CompleteSupervisorOptions } from './options.js';
import type { SandboxAllocator } from './sandbox-allocator.js';
import type { WorkGate } from './work-gate.js';

/** The part of `targetMs` that is left when more is asked for. */
const LOW_WATER = 0.2;

/** What to ask the Scheduler for; null while enough is held, or nothing may run. */
export function nextTaskRequest(
  desks: JobDesks,
  sandboxes: SandboxAllocator,
  gpuShare: GpuShare,
  options: CompleteSupervisorOptions,
  gate: WorkGate,
  setAside: readonly JobId[],
): TaskRequest | null {
  const open = gate.openAdapters();
  const webgpuOnly = gate.cpu !== 'run';
  if (webgpuOnly && (open.length === 0 || gpuShare.sandboxes === 0)) return null;
  const exceptJobs = [...setAside];
  const { targetMs, maxTaskSlices, maxTaskBytes } = options;
  let running = 0;
  let bytes = 0;
  const cpu = { ms: 0, queued: 0 };
  const gpu = { ms: 0, queued: 0 };
  const sliceMs: Record<JobId, number> = {};
  for (const desk of desks) {
    const action = gate.actionFor(desk);
    // It may use adapters that are closed, while others are open.
    if (action !== 'run' && desk.usesGpu) exceptJobs.push(desk.id);
    if (action === 'freeze') continue;
    const held = desk.usesGpu ? gpu : cpu;
    // Slices that may not run now keep nobody busy, and more of them would not either.
    const useful = desk.usefulSandboxes;
    if (useful === 0) exceptJobs.push(desk.id);
    else held.ms += Math.min(desk.heldMs(targetMs), useful * targetMs);
    held.queued += Math.min(desk.queued, useful);
    running += desk.running;
    for (const task of desk.tasks) bytes += task.bytes;
    const mean = desk.meter.meanMs;
    if (mean !== null) sliceMs[desk.id] = mean;
  }
  // Work for the GPU keeps no more Sandboxes busy than there are for it, however much there is.
  const heldMs = cpu.ms + Math.min(gpu.ms, gpuShare.sandboxes * targetMs);
  const queued = cpu.queued + Math.min(gpu.queued, sandboxes.freeForGpu);
  const all = webgpuOnly ? Math.min(options.sandboxes, gpuShare.sandboxes) : options.sandboxes;
  let hungry = all;
  if (
    heldMs >= all * targetMs * LOW_WATER ||
    cpu.queued + gpu.queued + running >= maxTaskSlices ||
    bytes >= maxTaskBytes
  ) {
    // Enough on the whole; but Slices longer than the target may leave Sandboxes without any.
    hungry = all - sandboxes.busy - queued;
    if (hungry <= 0) return null;
  }
  return {
    workerId: options.workerId,
    computeGroups: options.computeGroups,
    publicGroup: options.publicGroup,
    jobIds: options.jobIds,
    exceptJobs,
    capabilities: {
      webgpu: gpuShare.offers(open, gpu, targetMs * LOW_WATER),
      fetch: options.allowedOrigins,
      ...(webgpuOnly && { webgpuOnly }),
    },
    sandboxes: hungry,
    targetMs,
    sliceMs,
    maxSlices: maxTaskSlices,
    maxBytes: maxTaskBytes,
  };
}
