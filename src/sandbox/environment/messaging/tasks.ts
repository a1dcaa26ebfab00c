import type { Host } from '../../host.js';
import type { SliceScope } from '../../slice-scope.js';
import type { ScheduledTimer, Timers } from '../../timers.js';
import { Queue } from './queue.js';

interface Task {
  /** Whose it is. */
  readonly owner: object;
  readonly run: () => void;
  /** When it came, by `Host.now`. */
  readonly addedMs: number;
}

/**
 * The tasks of all ports (HTML, "port message queue"): one at a time, in the order in which they came and timers became due.
 * While there are any, the Slice waits; they end with it.
 */
export class Tasks {
  readonly #tasks = new Queue<Task>();
  /** Of the first of them. */
  #timer: ScheduledTimer | null = null;
  #slice = 0;
  #endsWithSlice = false;

  constructor(
    private readonly host: Host,
    private readonly timers: Timers,
    private readonly scope: SliceScope,
  ) {}

  /** Tells the Slice that runs from those before and after it. */
  get slice(): number {
    this.#endWithSlice();
    return this.#slice;
  }

  add(owner: object, run: () => void): void {
    this.#endWithSlice();
    const addedMs = this.host.now();
    this.#tasks.add({ owner, run, addedMs });
    this.#timer ??= this.timers.soon(this.#runFirst, addedMs);
  }

  /** What `owner` has had added is not done any more. */
  drop(owner: object): void {
    this.#tasks.filter((task) => task.owner !== owner);
    if (this.#timer !== null) this.timers.cancel(this.#timer);
    this.#timer = null;
    this.#setTimer();
  }

  readonly #runFirst = (): void => {
    const task = this.#tasks.take()!;
    this.#timer = null;
    // Before the task is run, which may throw.
    this.#setTimer();
    task.run();
  };

  #setTimer(): void {
    const { first } = this.#tasks;
    if (first !== undefined) this.#timer = this.timers.soon(this.#runFirst, first.addedMs);
  }

  #endWithSlice(): void {
    if (this.#endsWithSlice) return;
    this.#endsWithSlice = true;
    this.scope.atEnd(() => {
      this.#endsWithSlice = false;
      this.#tasks.clear();
      this.#timer = null;
      this.#slice++;
    });
  }
}
