import type { JobId, JobPublic, ReturnReason, SliceMessage, SliceMetrics, TaskId } from '../model/index.js';
import type { SubmitReceipt } from '../scheduler/index.js';
import type { FetchOutcome } from './fetch/index.js';
import type { SetAsideCode } from './job-backoff.js';
import type { SupervisorState } from './lifecycle.js';
import type { SpoolNews } from './spool/index.js';
import type { GateStatus } from './work-gate.js';

/** Results of one Job that came out of a Sandbox together. */
export interface DeliveredResults {
  readonly jobId: JobId;
  readonly taskId: TaskId;
  readonly slices: number;
  /** Of these: Slices that failed. */
  readonly failed: number;
  /** Of all of them together. */
  readonly metrics: SliceMetrics;
}

/**
 * Hears what a Supervisor does: for logs, metrics and displays. Every method may be left out. They are called
 * synchronously, must be quick and must not throw; none is called
 * once per Slice, unless it says so.
 */
export interface SupervisorObserver {
  onState(state: SupervisorState): void;
  /** What may not run has changed, or why; empty: all may. */
  onGate(gates: readonly GateStatus[]): void;
  /** A Job this Supervisor had nothing of before. */
  onJob(jobId: JobId, publicInfo: JobPublic): void;
  onTask(task: { readonly jobId: JobId; readonly taskId: TaskId; readonly slices: number }): void;
  /** Slices were handed to a Sandbox and will run one after another. */
  onHandOver(chunk: { readonly jobId: JobId; readonly sandboxId: number; readonly slices: number }): void;
  onResults(results: DeliveredResults): void;
  /** At most ten times a second for each Sandbox. */
  onProgress(jobId: JobId, slice: number, fraction: number | null): void;
  onMessages(jobId: JobId, messages: readonly SliceMessage[]): void;
  /** A request of a Work Function has ended, well or not. Called once for each. */
  onFetched(jobId: JobId, outcome: FetchOutcome): void;
  /** The Scheduler has recorded results. */
  onSubmitted(jobId: JobId, receipt: SubmitReceipt): void;
  /** Slices of one Task go back to the Scheduler. */
  onReturned(jobId: JobId, slices: number, reason: ReturnReason, taskId: TaskId): void;
  /** A Sandbox ended by no doing of ours; `slice` was running in it, null when none was. */
  onSandboxLost(jobId: JobId | null, slice: number | null, error: Error): void;
  /** The Work Function cannot be used; each of its Slices fails. */
  onBrokenJob(jobId: JobId, error: Error): void;
  /**
   * The Job brought nothing but failures (`EJOBSETASIDE`), or its Slices end one evaluator after another (`EEVALUATORCRASH`): what is
   * held of it goes back, and no more is asked for so long.
   */
  onJobSetAside(jobId: JobId, reason: string, ms: number, code: SetAsideCode): void;
  /** The Job was cancelled or removed; what was held of it is dropped. */
  onJobGone(jobId: JobId): void;
  /** A call to the Scheduler or Evaluator failed and will be made again after `retryMs`. */
  onTrouble(subject: 'scheduler' | 'evaluator', error: unknown, retryMs: number): void;
  /** Of results that the Scheduler did not take in time; only with a spool. */
  onSpool(news: SpoolNews): void;
  /** The Scheduler has nothing for this Worker and nothing is held. Called each time this is found. */
  onIdle(): void;
}

const ignore = (): void => {};

/** Hears nothing. */
const SILENT_OBSERVER: SupervisorObserver = Object.freeze({
  onState: ignore,
  onGate: ignore,
  onJob: ignore,
  onTask: ignore,
  onHandOver: ignore,
  onResults: ignore,
  onProgress: ignore,
  onMessages: ignore,
  onFetched: ignore,
  onSubmitted: ignore,
  onReturned: ignore,
  onSandboxLost: ignore,
  onBrokenJob: ignore,
  onJobSetAside: ignore,
  onJobGone: ignore,
  onTrouble: ignore,
  onSpool: ignore,
  onIdle: ignore,
});

/** Fills in what an observer leaves out. Its methods keep their `this`. */
export function completeObserver(observer: Partial<SupervisorObserver>): SupervisorObserver {
  const complete: Record<string, unknown> = { ...SILENT_OBSERVER };
  for (const name of Object.keys(SILENT_OBSERVER) as (keyof SupervisorObserver)[]) {
    const method = observer[name] as ((...args: never[]) => void) | undefined;
    if (method !== undefined) complete[name] = method.bind(observer);
  }
  return complete as unknown as SupervisorObserver;
}

/** One observer that tells others, in their order. */
export function joinObservers(
  ...observers: readonly Partial<SupervisorObserver>[]
): Partial<SupervisorObserver> {
  const joined: Record<string, unknown> = {};
  for (const name of Object.keys(SILENT_OBSERVER) as (keyof SupervisorObserver)[]) {
    const hearing = observers.filter((observer) => observer[name] !== undefined);
    if (hearing.length === 0) continue;
    joined[name] = (...args: never[]) => {
      for (const observer of hearing) (observer[name] as (...args: never[]) => void)(...args);
    };
  }
  return joined;
}
