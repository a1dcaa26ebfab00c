import type { JobId } from '../../model/index.js';
import type { LayerState } from '../confinement/layers.js';
import { profilesFor, type SeccompSetting } from '../confinement/profiles.js';
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
  /**
   * What processes may ask of the kernel once they run Jobs; null: anything. Default: what Sandboxes and the machine's GPUs
   * need, if the kernel has such a filter.
   */
  readonly seccomp?: SeccompSetting;
  /** What evaluator processes print on standard error. Default: to ours. */
  readonly onLog?: (pid: number, line: string) => void;
}

/** How long a process may take to start on a busy machine. */
const START_TIMEOUT_MS = 30_000;

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

/** Sandboxes in evaluator processes of ours, of which each serves one Job and may be killed at any moment. */
export class ChildProcessEvaluator extends PeerEvaluator<EvaluatorProcess> {
  readonly #peerOptions: EvaluatorPeerOptions;
  readonly #processOptions: EvaluatorProcessOptions;

  constructor({
    threads,
    hangTimeoutMs = 10_000,
    gpu = {},
    seccomp = profilesFor(gpu),
    onLog = printLog,
  }: ChildProcessEvaluatorOptions) {
    super();
    this.#peerOptions = { startTimeoutMs: START_TIMEOUT_MS, hangTimeoutMs };
    const complete = gpu && completeGpuOptions(gpu);
    this.#processOptions = { threads: completeThreads(threads), gpu: complete, seccomp, onLog };
  }

  /** What the process that came last has taken from itself. */
  get layers(): readonly LayerState[] {
    return this.#layers;
  }
  #layers: readonly LayerState[] = [];

  protected override onPeerReady(peer: EvaluatorPeer<EvaluatorProcess>): void {
    this.#layers = peer.layers;
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
