/** What all users of classic Sandboxes open: threads, and Sandboxes made ahead. */
import { totalmem } from 'node:os';
import {
  confineCalls,
  type CallProfile,
  type LayerState,
  type SeccompSetting,
} from '../confinement/index.js';
import type { SandboxLimits } from '../evaluator.js';
import { askForGpus, type GpuOptions } from '../gpu/index.js';
import { openInProcessEvaluator } from '../in-process/evaluator.js';
import { ClassicPool } from './pool.js';
import type { StartupFile } from './sandbox.js';

const MIB = 2 ** 20;
/** Of each kind of memory, for one Sandbox. */
const MEMORY_MIB = 4096;
const SPARE = 2;

export interface ClassicOptions {
  /** What a Sandbox runs before its first line, as `readStartupFiles` gives it. */
  readonly startup: readonly StartupFile[];
  /** Sandboxes that run at the same time. Default: one per core. */
  readonly threads?: number | undefined;
  /** Sandboxes kept ready. Default: 2. */
  readonly spare?: number | undefined;
  /** Null: Sandboxes have no WebGPU. Default: any GPU there is. */
  readonly gpu?: GpuOptions | null | undefined;
  /** Default: as much memory as existing Workers expect, as long as one Sandbox leaves something to the others. */
  readonly limits?: Partial<SandboxLimits>;
}

export interface ClassicHost {
  readonly pool: ClassicPool;
  /** Whether its threads and Sandboxes keep the process running: at first they do. */
  ref(): void;
  unref(): void;
  /**
   * Gives up for good what Sandboxes do not need of the kernel; where none gets a GPU, what drivers need, too. Answers what became of it. To
   * be called before anybody has a Sandbox. Rejects with `EvaluatorError` when there is no thread to run them.
   * @param onWorn hears why the last thread has died, where no other can take its place any more
   */
  confine(setting: SeccompSetting, onWorn: (cause: unknown) => void): Promise<LayerState>;
  /** Ends all Sandboxes and threads. */
  close(): Promise<void>;
}

/** @param onFailure hears why a Sandbox ended before anybody had it */
export async function openClassicHost(
  options: ClassicOptions,
  onFailure: (reason: string) => void,
): Promise<ClassicHost> {
  const gpu = await usableGpu(options.gpu === undefined ? {} : options.gpu);
  const evaluator = await openInProcessEvaluator({ threads: options.threads, gpu });
  const memoryMiB = Math.max(16, Math.min(MEMORY_MIB, Math.floor(totalmem() / MIB / 2)));
  try {
    const pool = new ClassicPool(evaluator, {
      startup: options.startup,
      spare: options.spare ?? SPARE,
      limits: { heapMiB: memoryMiB, bufferMiB: memoryMiB, ...options.limits },
      onFailure,
    });
    return {
      pool,
      ref: () => evaluator.ref(),
      unref: () => evaluator.unref(),
      async confine(setting, onWorn) {
        if (setting === null) return confineCalls(null);
        await evaluator.begun();
        evaluator.prepareClassic(options.startup);
        // Threads find their code in files.
        if (!setting.includes('connections')) evaluator.seal(onWorn);
        return confineCalls(gpu === null ? setting.filter((profile) => !isOfGpu(profile)) : setting);
      },
      async close() {
        pool.close();
        await evaluator.close();
      },
    };
  } catch (error) {
    await evaluator.close();
    throw error;
  }
}

function isOfGpu(profile: CallProfile): boolean {
  return profile !== 'cpu' && profile !== 'connections';
}

/** None where no Sandbox would get an adapter: to find that out takes each of them long. A driver may hang or crash. */
async function usableGpu(gpu: GpuOptions | null): Promise<GpuOptions | null> {
  if (gpu === null) return null;
  const { adapters } = await askForGpus(gpu);
  return adapters.length === 0 ? null : gpu;
}
