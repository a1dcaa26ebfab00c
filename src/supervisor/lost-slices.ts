import {
  EvaluatorCrashError,
  EvaluatorError,
  EvaluatorUnavailableError,
  RequirementError,
  WorkFunctionError,
  type ReturnReason,
} from '../model/index.js';
import type { Deliveries } from './deliveries.js';
import type { HeldTask } from './held-task.js';
import { LOADING, type JobDesk } from './job-desk.js';
import type { OwedSlice } from './managed-sandbox.js';
import type { SupervisorObserver } from './observer.js';
import { errorPayload, errorResults } from './result-batches.js';

export interface LostSlicesOwner {
  /** Why Slices go back that were never given up by anybody's fault. */
  returnReason(desk: JobDesk): ReturnReason;
  /** A Sandbox was lost, and the Job may have done it. */
  onLost(desk: JobDesk): void;
  /** A Sandbox was lost, and it was this Slice's doing, or `LOADING`'s, as far as anybody can tell. */
  onCrashed(desk: JobDesk, slice: number, error: Error): void;
  /** Queued Slices have ended without a Sandbox. */
  onFreed(): void;
}

/** Evaluators lost in a row that may end assignments before the Job's Slices are given back as tried. */
const MAX_FAILED_ASSIGNMENTS = 3;

/**
 * What becomes of Slices that no Sandbox brought to an end: who is blamed for it, what goes back to the Scheduler, what
 * fails.
 */
export class LostSlices {
  /** Sandboxes that ended by no doing of ours or the Job's. */
  lostSandboxes = 0;

  constructor(
    private readonly deliveries: Deliveries,
    private readonly observer: SupervisorObserver,
    private readonly maxAttempts: number,
    private readonly owner: LostSlicesOwner,
  ) {}

  /** What a Sandbox still owed when it ended goes back to the Scheduler; only what ran counts as tried. */
  settleOwed(
    desk: JobDesk,
    error: Error | null,
    running: OwedSlice | null,
    behind: readonly OwedSlice[],
  ): void {
    const owed = running === null ? behind : [running, ...behind];
    if (error === null) {
      // Disposed of, or ended by a Slice that has its error already.
      this.deliveries.giveBackAll(desk, owed, this.owner.returnReason(desk));
      return;
    }
    if (error instanceof RequirementError) {
      this.deliveries.giveBackAll(desk, owed, uncounted(error.code, error));
      return;
    }
    // It was never there for a Job, and whoever has the evaluator's troubles tells of this one.
    if (error instanceof EvaluatorUnavailableError && owed.length === 0) return;
    if (!(error instanceof WorkFunctionError)) {
      this.lostSandboxes++;
      this.observer.onSandboxLost(desk.id, running?.number ?? null, error);
    }
    const suspects = error instanceof EvaluatorError ? error.suspects : 1;
    if (suspects > 0 && owed.length > 0) this.owner.onLost(desk);
    if (suspects === 1 && running !== null) {
      this.#blame(desk, [running], error);
      this.owner.onCrashed(desk, running.number, error);
      this.deliveries.giveBackAll(desk, behind, uncounted('EEVALUATOR', error));
      return;
    }
    // Which one it was shows when each has run alone; until then none of them counts as tried.
    if (suspects > 1) for (const { number } of owed) desk.suspects.add(number);
    this.deliveries.giveBackAll(desk, owed, uncounted('EEVALUATOR', error));
  }

  /** A Sandbox ended, by no doing of ours, while it was assigned. */
  failAssignment(desk: JobDesk, error: Error): void {
    if (error instanceof WorkFunctionError) return this.#breakJob(desk, error);
    if (error instanceof RequirementError)
      return this.deliveries.giveBackQueued(desk, uncounted(error.code, error));
    // There was no evaluator, or what ended it had nothing to do with the Job.
    if (error instanceof EvaluatorError && error.suspects === 0)
      return this.deliveries.giveBackQueued(desk, uncounted('EEVALUATOR', error));
    const loss = error instanceof EvaluatorError ? error.loss : error;
    if (desk.assignmentLosses.has(loss)) return;
    desk.assignmentLosses.add(loss);
    this.owner.onLost(desk);
    if (++desk.failedAssignments >= MAX_FAILED_ASSIGNMENTS) {
      // Perhaps the Job's source does this to every Sandbox; its Slices must not go round for ever.
      desk.failedAssignments = 0;
      this.#blameQueued(desk, error);
    }
    this.owner.onCrashed(desk, LOADING, error);
  }

  /** No Sandbox can take the Job: so its Slices end that no Sandbox has seen. */
  failQueued(desk: JobDesk): void {
    for (const held of desk.tasks) {
      const numbers = held.takeQueued();
      if (numbers.length > 0) this.deliveries.deliver(desk, held, errorResults(numbers, desk.broken!));
    }
    this.owner.onFreed();
  }

  /** The Slice of this Task had a Worker to itself more than once, and was never heard of again. */
  failLost(desk: JobDesk, held: HeldTask): void {
    const crash = new EvaluatorCrashError(
      `the Worker was lost in each of ${held.task.expiries[0]} runs, the last of them with this Slice alone`,
    );
    this.deliveries.deliver(desk, held, errorResults(held.takeQueued(), errorPayload(crash)));
  }

  /** Slices whose run came to nothing by no doing of theirs, as far as anybody knows: again, up to `maxAttempts`. */
  #blame(desk: JobDesk, slices: readonly OwedSlice[], error: Error): void {
    const again: OwedSlice[] = [];
    for (const owed of slices) {
      const runs = owed.held.attempts(owed.index) + 1;
      if (runs < this.maxAttempts) {
        again.push(owed);
        continue;
      }
      const crash = new EvaluatorCrashError(
        `the evaluator was lost in each of ${runs} runs; the last time: ${error.message}`,
      );
      const failure = errorResults(Uint32Array.of(owed.number), errorPayload(crash));
      this.deliveries.deliver(desk, owed.held, failure);
    }
    this.deliveries.giveBackAll(desk, again, { code: 'EEVALUATOR', message: error.message, counted: true });
  }

  #blameQueued(desk: JobDesk, error: Error): void {
    for (const held of desk.tasks) {
      const from = held.handedOver;
      const owed = Array.from(held.takeQueued(), (number, i) => ({ held, index: from + i, number }));
      this.#blame(desk, owed, error);
    }
  }

  #breakJob(desk: JobDesk, error: WorkFunctionError): void {
    if (desk.broken !== null) return;
    desk.broken = errorPayload(error);
    this.observer.onBrokenJob(desk.id, error);
    this.failQueued(desk);
  }
}

function uncounted(code: ReturnReason['code'], { message }: Error): ReturnReason {
  return { code, message, counted: false };
}
