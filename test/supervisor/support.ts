import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createCompute, type Compute } from '#src/compute/index.js';
import {
  openInProcessEvaluator,
  type Evaluator,
  type Sandbox,
  type SandboxObserver,
} from '#src/evaluator/index.js';
import { EvaluatorError, SchedulerError, type SliceMessage } from '#src/model/index.js';
import {
  openEmbeddedScheduler,
  type EmbeddedSchedulerOptions,
  type Scheduler,
} from '#src/scheduler/index.js';
import { Supervisor, type SupervisorOptions } from '#src/supervisor/index.js';

/** The real parts of one machine: a Scheduler, an Evaluator, a client; Supervisors as they are asked for. */
export interface Machine {
  readonly scheduler: Scheduler;
  readonly evaluator: Evaluator;
  readonly compute: Compute;
  /** Starts a Supervisor, stopped at the end of the test. */
  work(options?: SupervisorOptions, parts?: { scheduler?: Scheduler; evaluator?: Evaluator }): Supervisor;
}

export async function openMachine(t: TestContext, options: EmbeddedSchedulerOptions = {}): Promise<Machine> {
  const directory = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  const scheduler = await openEmbeddedScheduler(directory, options);
  const evaluator = await openInProcessEvaluator({ threads: 2 });
  const supervisors: Supervisor[] = [];
  t.after(async () => {
    await Promise.all(supervisors.map((supervisor) => supervisor.stop({ finish: 'now' })));
    await evaluator.close();
    await scheduler.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    scheduler,
    evaluator,
    compute: createCompute({ scheduler }),
    work(options = {}, parts = {}) {
      const supervisor = new Supervisor(parts.scheduler ?? scheduler, parts.evaluator ?? evaluator, {
        sandboxes: 2,
        ...options,
      });
      supervisors.push(supervisor);
      supervisor.start();
      return supervisor;
    },
  };
}

/** Numbers from 1 to `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

/**
 * The real Evaluator, whose Sandboxes die: when `mayDie` says so about one of their messages, or at random after so many
 * milliseconds.
 */
export class MortalEvaluator implements Evaluator {
  deaths = 0;

  constructor(
    private readonly inner: Evaluator,
    private readonly options: { mayDie?: (message: SliceMessage) => boolean; livesMs?: number },
  ) {}

  async createSandbox(observer: SandboxObserver): Promise<Sandbox> {
    const { mayDie, livesMs } = this.options;
    let killed = false;
    const sandbox = await this.inner.createSandbox({
      onResults: (results) => void observer.onResults(results),
      onMessages: (messages) => {
        void observer.onMessages(messages);
        if (messages.some((message) => mayDie?.(message))) kill();
      },
      onRejected: (rejection) => observer.onRejected(rejection),
      onProgress: (slice, fraction) => observer.onProgress(slice, fraction),
      onRequest: (request) => observer.onRequest(request),
      onRequestDropped: (id) => observer.onRequestDropped(id),
      onDrained: () => observer.onDrained(),
      onEnded: (error, unfinished) => {
        clearTimeout(timer);
        observer.onEnded(killed ? new EvaluatorError('killed by the test') : error, unfinished);
      },
    });
    const kill = (): void => {
      killed = true;
      this.deaths++;
      sandbox.dispose();
    };
    const timer = livesMs === undefined ? undefined : setTimeout(kill, Math.random() * livesMs);
    return sandbox;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The real Evaluator; `onRunning` hears how many of its Sandboxes have Slices, each time that changes. */
export class CountingEvaluator implements Evaluator {
  readonly #owed = new Map<object, number>();

  constructor(
    private readonly inner: Evaluator,
    private readonly onRunning: (sandboxes: number) => void,
  ) {}

  async createSandbox(observer: SandboxObserver): Promise<Sandbox> {
    const sandbox = await this.inner.createSandbox({
      onResults: (results) => {
        this.#add(observer, -results.numbers.length);
        return observer.onResults(results);
      },
      onMessages: (messages) => observer.onMessages(messages),
      onRejected: (rejection) => {
        this.#add(observer, -1);
        observer.onRejected(rejection);
      },
      onProgress: (slice, fraction) => observer.onProgress(slice, fraction),
      onRequest: (request) => observer.onRequest(request),
      onRequestDropped: (id) => observer.onRequestDropped(id),
      onDrained: () => observer.onDrained(),
      onEnded: (error, unfinished) => {
        this.#add(observer, -unfinished.length);
        observer.onEnded(error, unfinished);
      },
    });
    return {
      id: sandbox.id,
      assign: (job) => sandbox.assign(job),
      run: (batch) => {
        this.#add(observer, batch.numbers.length);
        sandbox.run(batch);
      },
      answer: (...answer) => sandbox.answer(...answer),
      dispose: () => sandbox.dispose(),
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #add(sandbox: object, slices: number): void {
    this.#owed.set(sandbox, (this.#owed.get(sandbox) ?? 0) + slices);
    let running = 0;
    for (const owed of this.#owed.values()) if (owed > 0) running++;
    this.onRunning(running);
  }
}

type Method = (...args: unknown[]) => Promise<unknown>;

/** The real Scheduler; `wrap` may answer another method in place of one. */
export function wrapped(
  scheduler: Scheduler,
  wrap: (name: keyof Scheduler, method: Method) => Method | undefined,
): Scheduler {
  return new Proxy(scheduler, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as Method;
      return wrap(name as keyof Scheduler, method) ?? method;
    },
  });
}

/** The real Scheduler, but the methods named fail with this probability, before or after they did their work. */
export function unreliable(
  scheduler: Scheduler,
  methods: readonly (keyof Scheduler)[],
  probability: number,
): Scheduler {
  return wrapped(scheduler, (name, method) => {
    if (!methods.includes(name)) return undefined;
    return async (...args) => {
      if (Math.random() < probability / 2) throw new SchedulerError(`${name}: failed by the test, before`);
      const answer = await method(...args);
      if (Math.random() < probability / 2) throw new SchedulerError(`${name}: failed by the test, after`);
      return answer;
    };
  });
}

type Heard = Partial<Record<keyof Scheduler, (args: readonly unknown[], answer: unknown) => void>>;

/** The real Scheduler; `heard` is told of calls that have been answered, before the Worker is. */
export function answered(scheduler: Scheduler, heard: Heard): Scheduler {
  return wrapped(scheduler, (name, method) => {
    const tell = heard[name];
    if (tell === undefined) return undefined;
    return async (...args) => {
      const answer = await method(...args);
      tell(args, answer);
      return answer;
    };
  });
}

/** What a Worker calls; a client of the same Scheduler goes on while these fail. */
const WORKER_METHODS: readonly (keyof Scheduler)[] = [
  'requestTask',
  'fetchJob',
  'jobStatus',
  'submitResults',
  'appendMessages',
  'renewLeases',
  'returnSlices',
];

/** The real Scheduler, of which a Worker reaches nothing while `isAway`. */
export function interruptible(scheduler: Scheduler): { readonly scheduler: Scheduler; isAway: boolean } {
  const line = { isAway: false, scheduler };
  line.scheduler = wrapped(scheduler, (name, method) => {
    if (!WORKER_METHODS.includes(name)) return undefined;
    return (...args) =>
      line.isAway ? Promise.reject(new SchedulerError(`${name}: cut off by the test`)) : method(...args);
  });
  return line;
}

/** A directory that is removed when the test ends. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** How often each Slice was recorded, from the Job's log. */
export async function recordings(scheduler: Scheduler, jobId: string): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (let after = 0; ;) {
    const events = await scheduler.readEvents(jobId, after, 1000);
    if (events.length === 0) return counts;
    for (const event of events) {
      if (event.type === 'results') for (const n of event.numbers) counts.set(n, (counts.get(n) ?? 0) + 1);
      after = event.seq;
    }
  }
}
