/** What all hosts check in the same way. */
import { availableParallelism } from 'node:os';
import { InvalidArgumentError } from '../model/index.js';
import type { SandboxLimits } from './evaluator.js';

/** Enough for most Jobs, and small enough that a Sandbox per core fits a common machine. */
const DEFAULT_SANDBOX_LIMITS: SandboxLimits = Object.freeze({
  heapMiB: 512,
  bufferMiB: 2048,
  resultMiB: 1024,
  gpuMiB: 4096,
  gpuBuffers: 65_536,
  gpuPipelines: 4096,
});
export const MIN_HEAP_MIB = 16;
export const MAX_MIB = 1 << 20;
const MAX_COUNT = 2 ** 32 - 1;

/** The least and the most of each. */
export const SANDBOX_LIMIT_RANGES: Readonly<Record<keyof SandboxLimits, readonly [number, number]>> =
  Object.freeze({
    heapMiB: [MIN_HEAP_MIB, MAX_MIB],
    bufferMiB: [1, MAX_MIB],
    // Tables of ends count a head's bytes in 32 bits.
    resultMiB: [1, 4095],
    gpuMiB: [1, MAX_MIB],
    gpuBuffers: [1, MAX_COUNT],
    gpuPipelines: [1, MAX_COUNT],
  });
const NAMES = Object.keys(SANDBOX_LIMIT_RANGES) as (keyof SandboxLimits)[];

/** Fills in defaults. Throws `InvalidArgumentError` for a limit out of range. */
export function completeLimits(limits: Partial<SandboxLimits>): SandboxLimits {
  const complete = { ...DEFAULT_SANDBOX_LIMITS, ...limits };
  for (const name of NAMES) {
    const value = complete[name];
    const [least, most] = SANDBOX_LIMIT_RANGES[name];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    const what = name.endsWith('MiB') ? 'whole MiB' : 'a whole number';
    throw new InvalidArgumentError(name, `expected ${what} from ${least} to ${most}, got ${value}`);
  }
  return complete;
}

/** Threads that run Sandboxes; one per core unless said otherwise. Throws `InvalidArgumentError`. */
export function completeThreads(threads = availableParallelism()): number {
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024)
    throw new InvalidArgumentError('threads', `expected a whole number from 1 to 1024, got ${threads}`);
  return threads;
}
