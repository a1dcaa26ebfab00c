/** The threads that run the Sandboxes of an evaluator. */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { addonFile } from '../../system/index.js';
import type { Ended, Task } from './executor-thread.cjs';

/** A thread that dies at once, again and again, is replaced ever more slowly. */
const RESTART_MS = 100;
const MAX_RESTART_MS = 5000;

/**
 * piscina threads that serve one native run queue, each until the queue stops. None of them keeps the process running: their
 * tasks are over as soon as their loops have begun.
 */
export class Executors {
  readonly #pool: Piscina<Task, number>;
  /** Threads that have a loop, or are about to get one. To piscina they look idle. */
  readonly #serving = new Set<number>();
  readonly #onLoopEnded = new Map<number, () => void>();
  /** Threads whose loops ended before it was heard that they had begun: the two come by ways of their own. */
  readonly #endedEarly = new Set<number>();
  /** Gives up what still waits for a thread, the longest first: those that have one that is loading come before those without. */
  readonly #waiting = new Set<(cause: unknown) => void>();
  readonly #ends: Promise<void>[] = [];
  readonly #begins: Promise<void>[] = [];
  /** Threads whose loops have begun and not ended. */
  #loops = 0;
  #replaces = true;
  #stopped = false;

  /**
   * @param threads to begin with
   * @param most there may ever be
   * @param onDeath hears why a thread died; another takes its place, until `seal`
   */
  constructor(
    private readonly queueId: number,
    threads: number,
    most: number,
    private readonly onDeath: (cause: unknown) => void,
  ) {
    this.#pool = new Piscina({
      filename: new URL('./executor-thread.cjs', import.meta.url).href,
      // One for each loop, and none in place of one that died: that is done here.
      minThreads: 0,
      maxThreads: most,
      // Its own way to wait for tasks would block the thread where nothing can wake it.
      atomics: 'disabled',
      // A thread whose task is over is not idle here.
      idleTimeout: Infinity,
      loadBalancer: (_task, workers) => {
        const free =
          workers.find(({ id, destroyed }) => id > 0 && !destroyed && !this.#serving.has(id)) ?? null;
        if (free !== null) {
          this.#serving.add(free.id);
          this.#endedEarly.delete(free.id);
        }
        return free;
      },
    });
    let destroyed = -1;
    this.#pool.on('workerDestroy', ({ id }: { id: number }) => (destroyed = id));
    // A thread that cannot even begin (the system has no more of what it takes): piscina keeps its task for another one, which
    // nobody makes. Of a loop that throws, the end is seen by who waits for it.
    this.#pool.on('error', (cause) => {
      // One that never was has no number.
      if (destroyed > 0 && this.#serving.has(destroyed)) return;
      [...this.#waiting].at(-1)?.(cause);
    });
    this.#pool.on('message', ({ endedThread }: Ended) => this.#onEnded(endedThread));
    for (let thread = 0; thread < threads; thread++) this.add();
  }

  /** One thread more, until the queue stops. */
  add(): void {
    this.#begins.push(new Promise((resolve) => this.#ends.push(this.#serve(resolve))));
  }

  /** Threads that serve the queue. One that is stuck counts still. */
  get serving(): number {
    return this.#loops;
  }

  /** None that dies is replaced from now on. */
  seal(): void {
    this.#replaces = false;
  }

  /** Resolves when every thread has what it needs and serves the queue, or has died once. */
  async begun(): Promise<void> {
    await Promise.all(this.#begins);
  }

  /** None that ends is replaced. The native queue is to be stopped besides. */
  stop(): void {
    this.#stopped = true;
  }

  /** Resolves when every loop has ended: never, while one is stuck. */
  async ended(): Promise<void> {
    await Promise.all(this.#ends);
  }

  /** Ends threads whose loops have ended. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }

  /** Leaves threads behind that are stuck. Nothing of them keeps the process running. */
  async abandon(): Promise<void> {
    const threads: Worker[] = [...this.#pool.threads];
    void this.#pool.destroy();
    // The pool refers to a thread once more when its channel has closed, at the end of this turn of Node's loop.
    await setImmediate();
    await setImmediate();
    for (const thread of threads) thread.unref();
  }

  /** Keeps one thread serving. One that dies is replaced. */
  async #serve(onBegun: () => void): Promise<void> {
    for (let losses = 1; this.#replaces && !this.#stopped; losses++) {
      try {
        const thread = await this.#begin();
        const end = this.#loopEnd(thread);
        onBegun();
        await end;
      } catch (cause) {
        onBegun();
        if (this.#stopped) return;
        // What it ran is reported lost by native code; what waits is served by the other threads meanwhile.
        this.onDeath(cause);
        if (!this.#replaces) return;
        await setTimeout(Math.min(losses * RESTART_MS, MAX_RESTART_MS), undefined, { ref: false });
      }
    }
  }

  /** Resolves with the thread that serves the queue now, rejects when it could not begin. */
  async #begin(): Promise<number> {
    const task = { queueId: this.queueId, addon: addonFile() };
    const waiting = new AbortController();
    const giveUp = (cause: unknown): void => {
      this.#waiting.delete(giveUp);
      waiting.abort(cause);
    };
    this.#waiting.add(giveUp);
    try {
      return await this.#pool.run(task, { signal: waiting.signal });
    } catch (error) {
      // Where not even a thread could be made piscina has the task still: whoever gets it has nothing to do.
      task.queueId = 0;
      throw waiting.signal.aborted ? waiting.signal.reason : error;
    } finally {
      this.#waiting.delete(giveUp);
    }
  }

  #onEnded(thread: number): void {
    const onLoopEnded = this.#onLoopEnded.get(thread);
    if (onLoopEnded !== undefined) return onLoopEnded();
    this.#serving.delete(thread);
    this.#endedEarly.add(thread);
  }

  /** Resolves when the loop of a thread has ended, rejects when the thread has. */
  #loopEnd(id: number): Promise<void> {
    if (this.#endedEarly.delete(id)) return Promise.resolve();
    this.#loops++;
    return new Promise<void>((resolve, reject) => {
      const thread = this.#pool.threads.find(({ threadId }) => threadId === id);
      if (thread === undefined) return reject(new Error('it ended before it had begun'));
      let cause: unknown;
      thread.once('error', (error) => (cause = error));
      thread.once('exit', (code) => reject(new Error(`it exited with code ${code}`, { cause })));
      this.#onLoopEnded.set(id, resolve);
    }).finally(() => {
      this.#loops--;
      this.#serving.delete(id);
      this.#onLoopEnded.delete(id);
    });
  }
}
