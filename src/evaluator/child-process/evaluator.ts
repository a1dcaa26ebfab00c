import type { JobId } from '../../model/index.js';
import {
  completeConfinement,
  Confinement,
  withLayers,
  type ConfinementOptions,
  type ConfinementReport,
} from '../confinement/index.js';
import type { EvaluatorGate } from '../evaluator.js';
import { completeGpuOptions, type GpuOptions } from '../gpu/index.js';
import { completeThreads } from '../options.js';
import { PeerEvaluator } from '../peer/evaluator.js';
import { REGION_BYTES, type PeerMemoryStats } from '../peer/memory.js';
import { EvaluatorPeer, type EvaluatorPeerOptions } from '../peer/peer.js';
import { evaluatorEnvironment } from './environment.js';
import type { FreezeMeans } from './freezer.js';
import { EvaluatorProcess, type EvaluatorProcessOptions } from './process.js';

export interface ChildProcessEvaluatorOptions {
  /** Threads that run Sandboxes in each process, 1 to 1024. Default: one per core. */
  readonly threads?: number;
  /** How long an evaluator process may leave a question unanswered before it is killed, milliseconds. Default 10,000. */
  readonly hangTimeoutMs?: number;
  /** What Sandboxes of Jobs that require WebGPU get; null: such Jobs are refused. Default: any GPU there is. */
  readonly gpu?: GpuOptions | null;
  /** Long segments of Slices and results lie in memory that both processes have, where the system has such. Default true. */
  readonly sharedMemory?: boolean;
  /** What the operating system keeps evaluator processes from. Default: from all that it can (docs/CONFINEMENT.md). */
  readonly confinement?: ConfinementOptions;
  /** What evaluator processes print on standard error. Default: to ours. */
  readonly onLog?: (pid: number, line: string) => void;
  /** How processes are held still: by a control group of version 2, or by SIGSTOP. Default: the first where it can be. */
  readonly freezeMeans?: FreezeMeans;
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
  protected override readonly isGated = true;
  readonly #peerOptions: EvaluatorPeerOptions;
  readonly #processOptions: EvaluatorProcessOptions;

  constructor(options: ChildProcessEvaluatorOptions) {
    super();
    const { threads, hangTimeoutMs = 10_000, gpu = {}, sharedMemory = true, onLog = printLog } = options;
    this.#peerOptions = { startTimeoutMs: START_TIMEOUT_MS, hangTimeoutMs };
    const confinement = new Confinement({
      ...completeConfinement(options.confinement),
      gpu: gpu !== null,
      env: evaluatorEnvironment(process.env),
    });
    this.#processOptions = {
      threads: completeThreads(threads),
      gpu: gpu && completeGpuOptions(gpu),
      regionBytes: sharedMemory ? REGION_BYTES : 0,
      confinement,
      onLog,
      freezeMeans: options.freezeMeans ?? null,
    };
  }

  /** What the process that came last is confined by; null: none has come yet. */
  get confinement(): ConfinementReport | null {
    return this.#confinement;
  }
  #confinement: ConfinementReport | null = null;

  protected override onPeerReady({ link, layers }: EvaluatorPeer<EvaluatorProcess>): void {
    this.#confinement = link.confinement && withLayers(link.confinement, layers);
  }

  protected override openPeer(): EvaluatorPeer<EvaluatorProcess> {
    return new EvaluatorPeer(this.#peerOptions, (owner) => new EvaluatorProcess(this.#processOptions, owner));
  }

  gate(gate: EvaluatorGate): Promise<void> {
    return this.setGate(gate);
  }

  /** Figures for metrics and tests: Sandboxes with and without a Job, and processes that run. */
  stats(): {
    readonly sandboxes: number;
    readonly processes: readonly { pid: number; jobId: JobId | null; memory: PeerMemoryStats | null }[];
  } {
    const processes = [...this.peers].map(({ link: { pid, memory }, jobId }) => {
      return { pid, jobId, memory: memory?.stats() ?? null };
    });
    return { sandboxes: this.sandboxCount, processes };
  }
}

function printLog(pid: number, line: string): void {
  process.stderr.write(`dcp-evaluator ${pid}: ${line}\n`);
}
