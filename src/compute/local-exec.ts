import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  askForGpus,
  openInProcessEvaluator,
  type GpuOptions,
  type InspectOptions,
} from '../evaluator/index.js';
import { openEmbeddedScheduler, type Scheduler } from '../scheduler/index.js';
import {
  checkWebgpuRequirement,
  InvalidArgumentError,
  offersOrigins,
  offersWebgpu,
  parseOriginRules,
  RequirementError,
  webgpuLack,
  webgpuMissing,
  type Determinism,
  type JobRequirements,
} from '../model/index.js';
import { Supervisor, type SupervisorOptions } from '../supervisor/index.js';

/** How `localExec` differs from a run anywhere else: the same Slice then computes the same every time. */
export interface LocalExecOptions {
  /** The moment at which `Date` stands still in Work Functions. Default: it goes on. */
  readonly fixedDate?: Date | number;
  /** What `Math.random` starts from in every Slice, with the Slice's number: a whole number from 0 to 2³² − 1. Default: chance. */
  readonly randomSeed?: number;
  /**
   * Origins that Work Functions may fetch from if the Job requires it, as a Worker's operator allows them
   * (`SupervisorOptions.allowedOrigins`). Default: none.
   */
  readonly allowedOrigins?: readonly string[];
  /** Which GPUs a Job that requires WebGPU gets. Default: any but those that compute on the CPU. */
  readonly gpu?: GpuOptions;
  /** Every Sandbox waits for a debugger before its first Slice; time that stands still at a breakpoint does not count. */
  readonly inspect?: InspectOptions;
}

/**
 * The origins that are allowed, checked. A Job that requires others would wait for a Worker that never comes.
 * @throws InvalidArgumentError
 */
export function toAllowedOrigins(
  { allowedOrigins = [] }: LocalExecOptions,
  requirements: JobRequirements,
): readonly string[] {
  if (!(allowedOrigins instanceof Array))
    throw new InvalidArgumentError('allowedOrigins', `expected an array, got ${typeof allowedOrigins}`);
  parseOriginRules('allowedOrigins', allowedOrigins);
  const required = requirements.environment?.fetch ?? false;
  if (required === false) return allowedOrigins;
  if (required !== true) parseOriginRules('requirements.environment.fetch', required);
  if (!offersOrigins(allowedOrigins, required)) {
    const wanted = required === true ? 'at least one origin' : `all of ${required.join(', ')}`;
    throw new InvalidArgumentError(
      'allowedOrigins',
      `expected ${wanted}, which the Job requires (requirements.environment.fetch), got [${allowedOrigins.join(', ')}]`,
    );
  }
  return allowedOrigins;
}

/** The furthest a Date gets from 1970, milliseconds (ECMA-262, "Time Values and Time Range"). */
const MAX_DATE_MS = 8.64e15;

/** @throws InvalidArgumentError */
export function toDeterminism({ fixedDate, randomSeed }: LocalExecOptions): Determinism | null {
  const date = fixedDate === undefined ? null : Number(fixedDate);
  if (date !== null && !(Math.abs(date) <= MAX_DATE_MS)) {
    throw new InvalidArgumentError('fixedDate', `expected a valid Date or its milliseconds, got ${date}`);
  }
  if (
    randomSeed !== undefined &&
    !(Number.isInteger(randomSeed) && randomSeed >= 0 && randomSeed < 2 ** 32)
  ) {
    throw new InvalidArgumentError(
      'randomSeed',
      `expected a whole number from 0 to ${2 ** 32 - 1}, got ${String(randomSeed)}`,
    );
  }
  if (date === null && randomSeed === undefined) return null;
  return { date: date === null ? null : Math.trunc(date), randomSeed: randomSeed ?? null };
}

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
  checkWebgpuRequirement('requirements.environment.webgpu', required);
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
}

/**
 * Runs `use` with a Scheduler of its own, in a temporary directory, and a Supervisor with `cores` Sandboxes in this
 * process. Whatever happens, all of it is gone when this resolves or rejects.
 */
export async function withLocalWorker<T>(
  cores: number,
  { determinism, inspect, allowedOrigins, gpu, requirements }: LocalWorkerOptions,
  use: (scheduler: Scheduler) => Promise<T>,
): Promise<T> {
  const share = await localGpu(requirements, gpu, cores);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const directory = await mkdtemp(path.join(tmpdir(), 'dcp-local-'));
    undo.unshift(() => rm(directory, { recursive: true, force: true }));
    const scheduler = await openEmbeddedScheduler(directory);
    undo.unshift(() => scheduler.close());
    const evaluator = await openInProcessEvaluator({ threads: cores, inspect, gpu });
    undo.unshift(() => evaluator.close());
    const supervisor = new Supervisor(scheduler, evaluator, {
      workerId: 'local',
      sandboxes: cores,
      determinism,
      allowedOrigins,
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
