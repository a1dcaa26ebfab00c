import type { Deliveries } from './deliveries.js';
import type { JobBackoff } from './job-backoff.js';
import type { JobDesks } from './job-desks.js';
import type { LeaseKeeper } from './lease-keeper.js';
import type { Lifecycle } from './lifecycle.js';
import { SHUTDOWN } from './return-reasons.js';
import type { SandboxAllocator } from './sandbox-allocator.js';
import type { Leftovers } from './spool/index.js';
import type { TaskSource } from './task-source.js';
import { Wakeable } from './wakeable.js';
import type { WorkRequests } from './work-requests.js';

/** How a Supervisor stops. */
export interface StopOptions {
  /**
   * `task`: all Slices that are held may end first, whether a Sandbox has them or not, and what is frozen may go on before that;
   * `slice`: those that Sandboxes have, but for what is frozen, which ends at once; `now`: Sandboxes are disposed of. Default `slice`.
   */
  readonly finish?: 'task' | 'slice' | 'now';
  /** How long `task` waits before it turns into `slice`, milliseconds. Default: as long as it takes. */
  readonly taskTimeoutMs?: number;
  /** How long `slice` waits before it turns into `now`, milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** How long the Scheduler may take to record what is left, milliseconds. Default 10,000. */
  readonly flushTimeoutMs?: number;
}

/** From the most patient to the least. */
const FINISHES = ['task', 'slice', 'now'] as const;

/** While it stops it looks so often, milliseconds, whether what it holds has ended another way than by running. */
const LOOK_MS = 250;
/** How long ended Sandboxes may take to say so, milliseconds. */
const END_TIMEOUT_MS = 5_000;

/** What of a Supervisor has to come to its end. */
export interface ShutdownParts {
  readonly lifecycle: Lifecycle;
  readonly desks: JobDesks;
  readonly deliveries: Deliveries;
  readonly sandboxes: SandboxAllocator;
  readonly source: TaskSource;
  readonly leases: LeaseKeeper;
  readonly backoff: JobBackoff;
  readonly requests: WorkRequests;
  /** Null: without a spool. */
  readonly leftovers: Leftovers | null;
  /** Resolves when no Task comes in any more. */
  readonly sourceEnded: () => Promise<void>;
  /** Ends what is frozen, now and from now on. */
  readonly endFrozen: () => void;
}

/**
 * The end of a Supervisor, in this order: no Task is asked for, Slices that Sandboxes have end, what none has goes back, Sandboxes
 * end, results are submitted, and what the Scheduler did not take goes to the spool. Each step has its time.
 */
export class Shutdown {
  /** The least that any call of `stop` wants to see finished. */
  #finish: NonNullable<StopOptions['finish']> = 'task';
  #options: StopOptions = {};
  #stopped: Promise<void> | null = null;
  readonly #quiet = new Wakeable();

  constructor(private readonly parts: ShutdownParts) {}

  /** See `Supervisor.stop`. */
  stop(options: StopOptions): Promise<void> {
    const { finish = 'slice' } = options;
    if (FINISHES.indexOf(finish) > FINISHES.indexOf(this.#finish)) {
      this.#finish = finish;
      this.#quiet.wake();
    }
    this.#options = { ...this.#options, ...options };
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Sandboxes owe less, or have ended. */
  onQuieter(): void {
    this.#quiet.wake();
  }

  async #stop(): Promise<void> {
    const { lifecycle, desks, deliveries, sandboxes, source, leases, backoff, requests, leftovers } =
      this.parts;
    if (lifecycle.state === 'created' || lifecycle.state === 'stopped') {
      if (lifecycle.state === 'created') lifecycle.enter('stopped');
      return;
    }
    source.stop();
    const leftoversEnded = leftovers?.stop();
    if (this.#finish === 'task') {
      lifecycle.enter('finishing');
      // What is frozen is waited for, too: it goes on when the machine is free, or ends when it has been frozen for too long.
      const isDone = (): boolean => this.#finish !== 'task' || this.#holdsNoSlices();
      await this.#untilQuiet(this.#options.taskTimeoutMs ?? Infinity, isDone);
    }
    lifecycle.enter('stopping');
    // It would not end by itself.
    this.parts.endFrozen();
    const { timeoutMs = 10_000, flushTimeoutMs = 10_000 } = this.#options;
    deliveries.giveBackAllQueued(SHUTDOWN);
    await this.#untilQuiet(timeoutMs, () => this.#finish === 'now' || sandboxes.busy === 0);
    sandboxes.close();
    await this.#untilQuiet(END_TIMEOUT_MS, () => sandboxes.size === 0);
    await within(flushTimeoutMs, Promise.all([this.#flush(), leftoversEnded]));
    leases.stop();
    backoff.close();
    const unsubmitted = [...desks].flatMap((desk) => desk.outbox.takeUnsubmitted());
    await leftovers?.keep(unsubmitted);
    await requests.close();
    lifecycle.enter('stopped');
  }

  async #flush(): Promise<void> {
    // A Task may still come in; it goes back the same way.
    await this.parts.sourceEnded();
    await Promise.all([...this.parts.desks].map((desk) => desk.outbox.flush()));
  }

  #holdsNoSlices(): boolean {
    for (const desk of this.parts.desks) if (desk.queued > 0 || desk.running > 0) return false;
    return true;
  }

  async #untilQuiet(timeoutMs: number, isQuiet: () => boolean): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (!isQuiet() && performance.now() < until)
      await this.#quiet.wait(Math.min(until - performance.now(), LOOK_MS));
  }
}

/** Waits for `work`, but not longer than this. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
