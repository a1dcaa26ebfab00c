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
/** Tables of ends count a head's bytes in 32 bits. */
const MAX_RESULT_MIB = 4095;

/** Fills in defaults. Throws `InvalidArgumentError` for a limit out of range. */
export function completeLimits(limits: Partial<SandboxLimits>): SandboxLimits {
  const complete = { ...DEFAULT_SANDBOX_LIMITS, ...limits };
  checkMiB('heapMiB', complete.heapMiB, MIN_HEAP_MIB);
  checkMiB('bufferMiB', complete.bufferMiB, 1);
  checkMiB('resultMiB', complete.resultMiB, 1, MAX_RESULT_MIB);
  checkMiB('gpuMiB', complete.gpuMiB, 1);
  checkCount('gpuBuffers', complete.gpuBuffers);
  checkCount('gpuPipelines', complete.gpuPipelines);
  return complete;
}

function checkMiB(field: string, value: number, least: number, most = MAX_MIB): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new InvalidArgumentError(field, `expected whole MiB from ${least} to ${most}, got ${value}`);
  }
}

function checkCount(field: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value >= 2 ** 32) {
    throw new InvalidArgumentError(field, `expected a whole number from 1 to ${2 ** 32 - 1}, got ${value}`);
  }
}

/** Threads that run Sandboxes; one per core unless said otherwise. Throws `InvalidArgumentError`. */
export function completeThreads(threads = availableParallelism()): number {
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024)
    throw new InvalidArgumentError('threads', `expected a whole number from 1 to 1024, got ${threads}`);
  return threads;
}
