import type { JobId } from '../model/index.js';
import type { HeldTask } from './held-task.js';
import type { JobDesk } from './job-desk.js';

/** Jobs remembered without holding anything of them: their measured Slice times make the next Task fit. */
const REMEMBERED_JOBS = 64;
/** What the Jobs themselves, with their modules and arguments, may take of that, bytes. */
const REMEMBERED_BYTES = 64 * 2 ** 20;

/** The Jobs of which something is held, or was not long ago. */
export class JobDesks {
  /** The one that was used last comes last. */
  readonly #byId = new Map<JobId, JobDesk>();

  [Symbol.iterator](): Iterator<JobDesk> {
    return this.#byId.values();
  }

  get(id: JobId): JobDesk | undefined {
    return this.#byId.get(id);
  }

  /** Whether the Job has not been removed meanwhile. */
  has(desk: JobDesk): boolean {
    return this.#byId.get(desk.id) === desk;
  }

  /** The Job has work again. */
  use(id: JobId): JobDesk | undefined {
    const desk = this.#byId.get(id);
    if (desk === undefined) return undefined;
    this.#byId.delete(id);
    this.#byId.set(id, desk);
    return desk;
  }

  /** Of those that hold nothing, the ones used longest ago are forgotten. */
  add(desk: JobDesk): void {
    const empty = [...this.#byId.values()].filter((old) => old.isEmpty);
    this.#byId.set(desk.id, desk);
    let bytes = empty.reduce((sum, old) => sum + old.bytes, 0);
    for (const old of empty) {
      if (this.#byId.size <= REMEMBERED_JOBS && bytes <= REMEMBERED_BYTES) return;
      this.#byId.delete(old.id);
      bytes -= old.bytes;
    }
  }

  /** Answers whether it was there. */
  remove(desk: JobDesk): boolean {
    return this.has(desk) && this.#byId.delete(desk.id);
  }

  get holdNothing(): boolean {
    for (const desk of this) if (desk.tasks.size > 0) return false;
    return true;
  }

  /** Bytes of results that the Scheduler has not acknowledged. */
  get unsubmittedBytes(): number {
    let bytes = 0;
    for (const desk of this) bytes += desk.outbox.bytes;
    return bytes;
  }

  /** Tasks whose leases are needed. */
  heldTasks(): HeldTask[] {
    const tasks: HeldTask[] = [];
    for (const desk of this) for (const held of desk.tasks) if (!held.gone) tasks.push(held);
    return tasks;
  }
}
