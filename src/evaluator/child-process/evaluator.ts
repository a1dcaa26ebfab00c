import type { JobId } from '../../model/index.js';
import { completeGpuOptions, type GpuOptions } from '../gpu/index.js';
import { completeThreads } from '../options.js';
import { PeerEvaluator } from '../peer/evaluator.js';
import { EvaluatorPeer, type EvaluatorPeerOptions } from '../peer/peer.js';
import { EvaluatorProcess, type EvaluatorProcessOptions } from './process.js';

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
/** Processes in a row that do not come so far before there is no evaluator: one may be killed by whoever wants its memory. */
const START_TRIES = 3;

/** Opens an evaluator whose Sandboxes live in processes of their own, one Job a process. */
export async function openChildProcessEvaluator(
  options: ChildProcessEvaluatorOptions = {},
): Promise<ChildProcessEvaluator> {
  const evaluator = new ChildProcessEvaluator(options);
  for (let tries = 1; ; tries++) {
    try {
      await evaluator.start();
      return evaluator;
    } catch (error) {
      if (tries < START_TRIES) continue;
      await evaluator.close();
      throw error;
    }
  }
}

/** Sandboxes in evaluator processes of ours, of which each serves one Job and may be killed at any moment. */
export class ChildProcessEvaluator extends PeerEvaluator<EvaluatorProcess> {
  readonly #peerOptions: EvaluatorPeerOptions;
  readonly #processOptions: EvaluatorProcessOptions;

  constructor({ threads, hangTimeoutMs = 10_000, gpu = {}, onLog = printLog }: ChildProcessEvaluatorOptions) {
    super();
    this.#peerOptions = { startTimeoutMs: START_TIMEOUT_MS, hangTimeoutMs };
    this.#processOptions = { threads: completeThreads(threads), gpu: gpu && completeGpuOptions(gpu), onLog };
  }

  protected override openPeer(): EvaluatorPeer<EvaluatorProcess> {
    return new EvaluatorPeer(this.#peerOptions, (owner) => new EvaluatorProcess(this.#processOptions, owner));
  }

  /** Figures for metrics and tests: Sandboxes with and without a Job, and processes that run. */
  stats(): {
    readonly sandboxes: number;
    readonly processes: readonly { pid: number; jobId: JobId | null }[];
  } {
    const processes = [...this.peers].map(({ link, jobId }) => ({ pid: link.pid, jobId }));
    return { sandboxes: this.sandboxCount, processes };
  }
}

function printLog(pid: number, line: string): void {
  process.stderr.write(`dcp-evaluator ${pid}: ${line}\n`);
}
