import { setTimeout as sleep } from 'node:timers/promises';
import { EvaluatorError, type JobId } from '../../model/index.js';
import type { Evaluator, Sandbox, SandboxJob, SandboxLimits, SandboxObserver } from '../evaluator.js';
import { completeGpuOptions, type GpuOptions } from '../gpu/index.js';
import { completeLimits, completeThreads } from '../options.js';
import { Backoff } from './backoff.js';
import { EvaluatorProcess, type EvaluatorProcessOptions } from './process.js';
import { ChildProcessSandbox, type SandboxHost } from './sandbox.js';

export interface ChildProcessEvaluatorOptions {
  /** Threads that run Sandboxes in each process, 1 to 1024. Default: one per core. */
  readonly threads?: number;
  /** How long an evaluator process may leave a question unanswered before it is killed, milliseconds. Default 10,000. */
  readonly hangTimeoutMs?: number;
  /** What Sandboxes of Jobs that require WebGPU get; null: such Jobs are refused. Default: any GPU there is. */
  readonly gpu?: GpuOptions | null;
  /** What evaluator processes print on standard error. Default: to ours. */
  readonly onLog?: (pid: number, line: string) => void;
}

/** How long a process may take to start on a busy machine. */
const START_TIMEOUT_MS = 30_000;
/** A process whose Job has no Sandbox any more is kept for about so long: the next one is there at once. */
const IDLE_MS = 2_000;
/** How long Sandboxes may take to end by themselves when the evaluator closes. */
const CLOSE_MS = 1_000;

/** Opens an evaluator whose Sandboxes live in processes of their own, one Job a process. */
export async function openChildProcessEvaluator(
  options: ChildProcessEvaluatorOptions = {},
): Promise<ChildProcessEvaluator> {
  const evaluator = new ChildProcessEvaluator(options);
  try {
    await evaluator.start();
  } catch (error) {
    await evaluator.close();
    throw error;
  }
  return evaluator;
}

/**
 * Sandboxes in evaluator processes, of which each serves one Job and may be killed at any moment.
 *
 * A Sandbox has no Job when it is created, so it has no process then: what `createSandbox` makes is a claim, backed by a warm
 * Sandbox in the spare process, the one without a Job. `assign` binds it to a Sandbox in the process of its Job. For a Job that
 * has none, the spare process becomes its own, and another spare is started.
 */
export class ChildProcessEvaluator implements Evaluator, SandboxHost {
  readonly #processOptions: EvaluatorProcessOptions;
  readonly #onLog: (pid: number, line: string) => void;
  /** Every process that is not gone. */
  readonly #processes = new Set<EvaluatorProcess>();
  readonly #sandboxes = new Set<ChildProcessSandbox>();
  readonly #byJob = new Map<JobId, Promise<EvaluatorProcess>>();
  /** Crashes of the processes of each Job, and of those that did not come so far. */
  readonly #backoff = new Backoff<JobId | null>();
  #spare: Promise<EvaluatorProcess> | null = null;
  #lastId = 0;
  #closing: Promise<void> | null = null;
  readonly #onExit = (): void => {
    for (const process of this.#processes) process.kill(closed());
  };

  constructor({ threads, hangTimeoutMs = 10_000, gpu = {}, onLog = printLog }: ChildProcessEvaluatorOptions) {
    this.#onLog = onLog;
    this.#processOptions = {
      threads: completeThreads(threads),
      gpu: gpu && completeGpuOptions(gpu),
      startTimeoutMs: START_TIMEOUT_MS,
      hangTimeoutMs,
      onLog: () => undefined,
    };
    process.once('exit', this.#onExit);
  }

  /** Resolves when the first process runs. */
  async start(): Promise<void> {
    await this.#spareProcess();
  }

  async createSandbox(observer: SandboxObserver, limits: Partial<SandboxLimits> = {}): Promise<Sandbox> {
    if (this.#closing) throw closed();
    const sandbox = new ChildProcessSandbox(++this.#lastId, completeLimits(limits), observer, this);
    this.#sandboxes.add(sandbox);
    try {
      await this.#warmUp(await this.#spareProcess(), sandbox.limits);
    } catch (error) {
      this.#sandboxes.delete(sandbox);
      throw error;
    }
    return sandbox;
  }

  async processFor({ id }: SandboxJob): Promise<EvaluatorProcess> {
    for (;;) {
      if (this.#closing) throw closed();
      let starting = this.#byJob.get(id);
      if (starting === undefined) {
        starting = this.#takeSpare(id);
        this.#byJob.set(id, starting);
        starting.catch(() => this.#byJob.delete(id));
      }
      const process = await starting;
      if (!process.isEnding) return process;
      await process.gone;
    }
  }

  forget(sandbox: ChildProcessSandbox): void {
    this.#sandboxes.delete(sandbox);
    this.#endIdleLater();
    if (this.#sandboxes.size === 0) this.#onEmpty();
  }
  #onEmpty: () => void = () => undefined;

  /** Figures for metrics and tests: Sandboxes with and without a Job, and processes that run. */
  stats(): {
    readonly sandboxes: number;
    readonly processes: readonly { pid: number; jobId: JobId | null }[];
  } {
    const processes = [...this.#processes].map(({ pid, jobId }) => ({ pid, jobId }));
    return { sandboxes: this.#sandboxes.size, processes };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const sandbox of this.#sandboxes) sandbox.dispose();
    if (this.#sandboxes.size > 0) {
      const patience = new AbortController();
      await Promise.race([empty, sleep(CLOSE_MS, undefined, patience).catch(() => undefined)]);
      patience.abort();
    }
    this.#backoff.cancel();
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    for (const process of this.#processes) process.kill(closed());
    await Promise.all([...this.#processes].map(({ gone }) => gone));
    for (const sandbox of this.#sandboxes) sandbox.abandon();
    process.off('exit', this.#onExit);
  }

  /** The process without a Job, started if there is none. Rejects when it does not start. */
  #spareProcess(): Promise<EvaluatorProcess> {
    this.#spare ??= this.#startProcess().catch((error: unknown) => {
      this.#spare = null;
      throw error;
    });
    return this.#spare;
  }

  async #startProcess(): Promise<EvaluatorProcess> {
    await this.#backoff.wait(null);
    if (this.#closing) throw closed();
    const started = new EvaluatorProcess({
      ...this.#processOptions,
      onLog: (line) => this.#onLog(started.pid, line),
    });
    this.#processes.add(started);
    void started.gone.then(() => this.#onGone(started));
    try {
      await started.ready;
    } catch (error) {
      this.#backoff.failed(null);
      throw error;
    }
    this.#backoff.succeeded(null);
    return started;
  }

  async #takeSpare(jobId: JobId): Promise<EvaluatorProcess> {
    await this.#backoff.wait(jobId);
    const spare = this.#spareProcess();
    let taken: EvaluatorProcess;
    try {
      taken = await spare;
    } finally {
      // Whoever waited longer may have taken it meanwhile.
      if (this.#spare === spare) this.#spare = null;
    }
    if (taken.jobId !== null || taken.isEnding) return this.#takeSpare(jobId);
    taken.jobId = jobId;
    if (!this.#closing) void this.#prepareSpare();
    return taken;
  }

  /** The next Job finds a process, with a warm Sandbox for each claim. What fails here is tried again by who needs it. */
  async #prepareSpare(): Promise<void> {
    try {
      const spare = await this.#spareProcess();
      for (const sandbox of this.#sandboxes) if (sandbox.isOpen) await this.#warmUp(spare, sandbox.limits);
    } catch {
      // Told by `createSandbox` or `assign`.
    }
  }

  async #warmUp(spare: EvaluatorProcess, limits: SandboxLimits): Promise<void> {
    const key = JSON.stringify(limits);
    let claims = 0;
    for (const sandbox of this.#sandboxes)
      if (sandbox.isOpen && JSON.stringify(sandbox.limits) === key) claims++;
    if (spare.warmCount(limits) < claims) await spare.warmUp(limits);
  }

  #onGone(gone: EvaluatorProcess): void {
    this.#processes.delete(gone);
    const { jobId } = gone;
    if (jobId !== null) {
      if (!this.#idle.has(gone)) this.#byJob.delete(jobId);
      if (!this.#closing && !this.#idle.has(gone)) this.#backoff.failed(jobId, gone.startedAt);
      return;
    }
    if (this.#closing || this.#spare === null) return;
    this.#spare = null;
    void this.#prepareSpare();
  }

  /** Looks in a while for processes whose Job needs them no more, and ends them. */
  #endIdleLater(): void {
    this.#idleTimer ??= setTimeout(() => {
      this.#idleTimer = null;
      for (const process of this.#processes) {
        if (process.jobId === null || !process.isIdle || process.isEnding) continue;
        this.#byJob.delete(process.jobId);
        this.#idle.add(process);
        process.kill(new EvaluatorError('the evaluator process has nothing to do'));
      }
    }, IDLE_MS).unref();
  }
  #idleTimer: NodeJS.Timeout | null = null;
  /** Ended for that reason, which is no failure. */
  readonly #idle = new WeakSet<EvaluatorProcess>();
}

function closed(): EvaluatorError {
  return new EvaluatorError('the evaluator is closed', { suspects: 0 });
}

function printLog(pid: number, line: string): void {
  process.stderr.write(`dcp-evaluator ${pid}: ${line}\n`);
}
