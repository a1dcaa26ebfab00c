import { addMetrics, NO_METRICS, Outcome, type ResultBatch, type ReturnReason } from '../model/index.js';
import type { HeldTask } from './held-task.js';
import type { JobDesk } from './job-desk.js';
import type { JobDesks } from './job-desks.js';
import type { OwedSlice } from './managed-sandbox.js';
import type { SupervisorObserver } from './observer.js';
import { sumMetrics } from './result-batches.js';

/** What goes to the Scheduler: results, and Slices that came to nothing here. Counts them, and tells the observer. */
export class Deliveries {
  readonly counts = { done: 0, failed: 0, returned: 0, metrics: NO_METRICS };
  /** Who waits for room for results. */
  readonly #heldBack: (() => void)[] = [];

  constructor(
    private readonly desks: JobDesks,
    private readonly observer: SupervisorObserver,
    private readonly maxUnsubmittedBytes: number,
  ) {}

  /** Answers how many of the Slices failed. */
  deliver(desk: JobDesk, held: HeldTask, results: ResultBatch): number {
    desk.clear(results.numbers);
    desk.outbox.addResults(held, results);
    let failed = 0;
    for (const outcome of results.outcomes) if (outcome === Outcome.error) failed++;
    const metrics = sumMetrics(results);
    const slices = results.numbers.length;
    this.counts.done += slices;
    this.counts.failed += failed;
    desk.done += slices;
    desk.failed += failed;
    this.counts.metrics = addMetrics(this.counts.metrics, metrics);
    this.observer.onResults({ jobId: desk.id, taskId: held.task.id, slices, failed, metrics });
    if (desk.running === 0 && desk.queued === 0) desk.outbox.hurry();
    return failed;
  }

  giveBack(desk: JobDesk, held: HeldTask, numbers: Uint32Array, reason: ReturnReason): void {
    if (numbers.length === 0) return;
    desk.outbox.addReturn(held, numbers, reason);
    this.counts.returned += numbers.length;
    this.observer.onReturned(desk.id, numbers.length, reason, held.task.id);
    if (desk.running === 0 && desk.queued === 0) desk.outbox.hurry();
  }

  giveBackAll(desk: JobDesk, slices: readonly OwedSlice[], reason: ReturnReason): void {
    const byTask = new Map<HeldTask, number[]>();
    for (const { held, number } of slices) {
      const numbers = byTask.get(held);
      if (numbers === undefined) byTask.set(held, [number]);
      else numbers.push(number);
    }
    for (const [held, numbers] of byTask) this.giveBack(desk, held, Uint32Array.from(numbers), reason);
  }

  /** What no Sandbox has seen of this Job. */
  giveBackQueued(desk: JobDesk, reason: ReturnReason): void {
    for (const held of desk.tasks) this.giveBack(desk, held, held.takeQueued(), reason);
  }

  /** And of all Jobs. */
  giveBackAllQueued(reason: ReturnReason): void {
    for (const desk of this.desks) this.giveBackQueued(desk, reason);
  }

  /** So many results wait for the Scheduler that no more may come. */
  get areOverfull(): boolean {
    return this.desks.unsubmittedBytes >= this.maxUnsubmittedBytes;
  }

  /** Sandboxes hold back with results while the Scheduler does not take those there are. */
  untilRoom(): Promise<void> | undefined {
    if (!this.areOverfull) return undefined;
    return new Promise((resolve) => this.#heldBack.push(resolve));
  }

  /** The Scheduler has taken some, or there are fewer for another reason. */
  makeRoom(): void {
    if (this.#heldBack.length === 0 || this.areOverfull) return;
    for (const resolve of this.#heldBack.splice(0)) resolve();
  }
}
