/** The Worker that `localExec` runs a Job with. Loaded when there is such a Job: it is most of what Jobs can be run with. */
import {
  askForGpus,
  openInProcessEvaluator,
  type GpuOptions,
  type InspectOptions,
} from '../evaluator/index.js';
import { openEmbeddedScheduler, type Scheduler } from '../scheduler/index.js';
import {
  offersWebgpu,
  requiredInVain,
  requiredInVainText,
  RequirementError,
  webgpuLack,
  webgpuMissing,
  type Determinism,
  type JobRequirements,
} from '../model/index.js';
import { Supervisor, type SupervisorOptions } from '../supervisor/index.js';
import { LocalDirectory } from './local-directory.js';

/**
 * What this machine has for a Job that requires WebGPU; null for others, which cost no look at the driver.
 * @throws RequirementError when no adapter has what the Job requires
 */
async function localGpu(
  requirements: JobRequirements,
  options: GpuOptions,
  cores: number,
): Promise<SupervisorOptions['gpu']> {
  const required = requirements.environment?.webgpu ?? false;
  if (required === false) return null;
  const { adapters, problems } = await askForGpus(options);
  if (offersWebgpu(adapters, required)) return { adapters, sandboxes: cores };
  const lacks = adapters.map((adapter) => `${adapter.name}: ${webgpuLack(adapter, required)}`);
  const reasons = [...lacks, ...problems.map(({ what, fix }) => (fix === null ? what : `${what} (${fix})`))];
  throw new RequirementError(webgpuMissing(`${reasons.join('; ')}. \`dcp-evaluator --gpu-info\` tells more`));
}

interface LocalWorkerOptions {
  readonly determinism: Determinism | null;
  readonly inspect: InspectOptions | null;
  readonly allowedOrigins: readonly string[];
  readonly gpu: GpuOptions;
  readonly requirements: JobRequirements;
  /** Join keys of the Job. */
  readonly computeGroups: readonly string[];
}

/**
 * Runs `use` with a Scheduler of its own, in a temporary directory, and a Supervisor with `cores` Sandboxes in this
 * process. Whatever happens, all of it is gone when this resolves or rejects.
 */
export async function withLocalWorker<T>(
  cores: number,
  { determinism, inspect, allowedOrigins, gpu, requirements, computeGroups }: LocalWorkerOptions,
  use: (scheduler: Scheduler) => Promise<T>,
): Promise<T> {
  const inVain = requiredInVain(requirements);
  if (inVain.length > 0) throw new RequirementError(requiredInVainText(inVain));
  const share = await localGpu(requirements, gpu, cores);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const directory = await LocalDirectory.make();
    undo.unshift(() => directory.remove());
    const scheduler = await openEmbeddedScheduler(directory.path);
    undo.unshift(() => scheduler.close());
    const evaluator = await openInProcessEvaluator({ threads: cores, inspect, gpu });
    undo.unshift(() => evaluator.close());
    const supervisor = new Supervisor(scheduler, evaluator, {
      workerId: 'local',
      sandboxes: cores,
      determinism,
      allowedOrigins,
      computeGroups,
      gpu: share ?? null,
      // There is nobody to protect, and nothing else to do.
      jobBackoff: null,
    });
    undo.unshift(() => supervisor.stop({ finish: 'now' }));
    supervisor.start();
    return await use(scheduler);
  } finally {
    for (const step of undo) await step();
  }
}
