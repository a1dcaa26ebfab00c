import type { Task } from '../model/index.js';
import type { Scheduler, TaskRequest } from '../scheduler/index.js';
import { backoffMs, Wakeable } from './wakeable.js';

export interface TaskSourceOwner {
  /** What to ask for now; null when enough is held. */
  nextRequest(): TaskRequest | null;
  /** Awaited before each request. */
  beforeRequest(): Promise<void>;
  /** Answers false for a Task that was not wanted. */
  onTask(task: Task): Promise<boolean>;
  /** The Scheduler had nothing. */
  onNothing(): void;
  onTrouble(error: unknown, retryMs: number): void;
}

/** The Scheduler may wake us for what is not for us; looking again waits 5 ms, doubling up to this, milliseconds. */
const MAX_FRUITLESS_PAUSE_MS = 50;

function fruitlessPauseMs(times: number): number {
  return Math.min(MAX_FRUITLESS_PAUSE_MS, 2.5 * 2 ** times);
}

/** The loop that asks the Scheduler for Tasks: one request at a time, none while enough is held or paused. */
export class TaskSource {
  #state: 'running' | 'paused' | 'stopped' = 'running';
  readonly #changed = new Wakeable();
  #waiting: AbortController | null = null;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly owner: TaskSourceOwner,
  ) {}

  /** Resolves after `stop`, when no request is under way. A Task that comes in meanwhile still reaches the owner. */
  async run(): Promise<void> {
    let failures = 0;
    let fruitless = 0;
    while (this.#state !== 'stopped') {
      const request = this.#state === 'running' ? this.owner.nextRequest() : null;
      if (request === null) {
        await this.#changed.wait();
        continue;
      }
      try {
        await this.owner.beforeRequest();
        const task = await this.scheduler.requestTask(request);
        if (task !== null) {
          if (await this.owner.onTask(task)) fruitless = 0;
          // A Scheduler that does not mind what it is asked must not keep us busy with it.
          else await this.#pause(fruitlessPauseMs(++fruitless));
        } else {
          if (this.#isRunning()) this.owner.onNothing();
          if (this.#isRunning()) await this.#waitForWork(fruitless++);
        }
        failures = 0;
      } catch (error) {
        const retryMs = backoffMs(++failures);
        this.owner.onTrouble(error, retryMs);
        await this.#pause(retryMs);
      }
    }
  }

  /** Something changed that the next request depends on. */
  poke(): void {
    this.#changed.wake();
  }

  /** Asks the Scheduler also when it had nothing before and has not told of anything new. */
  askAgain(): void {
    this.#waiting?.abort();
    this.#changed.wake();
  }

  pause(): void {
    this.#move('paused');
  }

  resume(): void {
    this.#move('running');
  }

  stop(): void {
    this.#move('stopped');
  }

  #move(state: 'running' | 'paused' | 'stopped'): void {
    this.#state = state;
    this.#waiting?.abort();
    this.#changed.wake();
  }

  // A method, because the compiler would take a state read before an await for its state after it.
  #isRunning(): boolean {
    return this.#state === 'running';
  }

  async #waitForWork(fruitless: number): Promise<void> {
    this.#waiting = new AbortController();
    try {
      await this.scheduler.waitForWork(this.#waiting.signal);
    } finally {
      this.#waiting = null;
    }
    if (fruitless > 0) await this.#pause(fruitlessPauseMs(fruitless));
  }

  /** Waits, but not for a Supervisor that stops. */
  async #pause(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (this.#isRunning() && performance.now() < until) {
      await this.#changed.wait(until - performance.now());
    }
  }
}
