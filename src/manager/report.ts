import type { Verdict } from './decision.js';
import type { MonitorName, Target } from './monitor.js';
import type { Stop } from './monitor-kind.js';
import type { PhaseKind } from './rule-state.js';

/** What a manager knows, as JSON. */
export interface ManagerReport {
  readonly cpu: Verdict;
  readonly anyGpu: Verdict;
  /** By the GPU's number, for those that are treated apart. */
  readonly gpus: Readonly<Record<string, Verdict>>;
  /** Whether something is found that stops evaluators, or would (`onlyLimits`). */
  readonly busy: boolean;
  readonly monitors: readonly MonitorReport[];
  readonly counts: readonly ReasonCount[];
}

/** One rule: a monitor may have several. */
export interface MonitorReport {
  readonly monitor: MonitorName;
  readonly target: Target;
  readonly stop: Stop;
  /** `quiet`: nothing is found. `noticed`: it does not count yet. `fades`: it is gone, and counts a while yet. */
  readonly phase: PhaseKind | 'unavailable';
  readonly code: string | null;
  /** What was found, or why it is unavailable. */
  readonly text: string | null;
  /** For how long the finding has counted, or has been noticed, seconds. */
  readonly forS: number | null;
}

/** How often and how long a reason has counted since the start. */
export interface ReasonCount {
  readonly monitor: MonitorName;
  readonly code: string;
  readonly times: number;
  readonly seconds: number;
}
