import type { Scheduler } from '../scheduler/index.js';
import type { HeldTask } from './held-task.js';

export interface LeaseKeeperOwner {
  /** Tasks whose leases are needed. */
  heldTasks(): HeldTask[];
  onLost(held: HeldTask): void;
  onTrouble(error: unknown, retryMs: number): void;
}

/** A failed renewal is tried again soon: there are two more chances before the lease runs out. */
const RETRY_MS = 500;

/** Renews the leases of all held Tasks when a third of the shortest has passed. */
export class LeaseKeeper {
  #timer: NodeJS.Timeout | null = null;
  #dueAt = Infinity;
  #stopped = false;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly owner: LeaseKeeperOwner,
  ) {}

  /** A Task is held from now on. */
  add(held: HeldTask): void {
    this.#schedule(held.task.leaseMs / 3);
  }

  /**
   * Renews what should have been renewed by now, as this process stood still. Before it asks for a Task: that gives back
   * whatever ran out, its own too.
   */
  async catchUp(): Promise<void> {
    if (performance.now() > this.#dueAt) await this.#renew();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Makes sure that leases are renewed within `ms`. */
  #schedule(ms: number): void {
    const dueAt = performance.now() + ms;
    if (this.#stopped || dueAt >= this.#dueAt) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => void this.#renew(), ms);
  }

  async #renew(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#dueAt = Infinity;
    const tasks = this.owner.heldTasks();
    if (tasks.length === 0) return;
    const periodMs = Math.min(...tasks.map((held) => held.task.leaseMs / 3));
    let nextMs = periodMs;
    try {
      const gone = new Set(await this.scheduler.renewLeases(tasks.map((held) => held.task.id)));
      for (const held of tasks) if (gone.has(held.task.id) && !held.gone) this.owner.onLost(held);
    } catch (error) {
      nextMs = Math.min(periodMs, RETRY_MS);
      this.owner.onTrouble(error, nextMs);
    }
    if (this.owner.heldTasks().length > 0) this.#schedule(nextMs);
  }
}
