import type { Finding, MonitorName } from './monitor.js';

/**
 * From the mildest to the strictest:
 *
 * - `run`: evaluators may work.
 * - `hold`: those that work go on; no evaluator, and no Slice, is started.
 * - `freeze`: they stand still where they are and keep what they have; soon they may go on.
 * - `kill`: they are ended at once, and what they had is done again elsewhere.
 */
export type Action = 'run' | 'hold' | 'freeze' | 'kill';

export interface Reason extends Finding {
  readonly monitor: MonitorName;
}

/** What is to happen, and why. `reasons` is empty when `action` is `run`. */
export interface Verdict {
  readonly action: Action;
  readonly reasons: readonly Reason[];
}

/** For the CPU, and for each GPU that is not treated as the CPU is. */
export interface Decision {
  readonly cpu: Verdict;
  /** By the GPU's number among the adapters. One that is not named has the verdict of `anyGpu`. */
  readonly gpus: ReadonlyMap<number, Verdict>;
  readonly anyGpu: Verdict;
}
