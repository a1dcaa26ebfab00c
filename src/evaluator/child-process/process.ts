import type { ChildProcess } from 'node:child_process';
import { EvaluatorError } from '../../model/index.js';
import type { ConfinedProcess, Confinement, ConfinementReport } from '../confinement/index.js';
import { FrameChannel, onDescriptor } from '../frames/channel.js';
import type { GpuOptions } from '../gpu/index.js';
import { loadNative } from '../native.js';
import type { PeerLink, PeerLinkOwner } from '../peer/link.js';
import { PeerMemory } from '../peer/memory.js';
import { SMALL_FRAME_BYTES } from '../peer/peer.js';
import { evaluatorArguments } from './arguments.js';
import { evaluatorEnvironment } from './environment.js';
import { Freezer, type FreezeMeans } from './freezer.js';
import { StderrLog } from './stderr-log.js';

/** How long a process without a channel may take to end. */
const CLOSED_MS = 500;

export interface EvaluatorProcessOptions {
  readonly threads: number;
  readonly gpu: GpuOptions | null;
  /** The length of each region of the memory that it has in common with this process; 0: it has none. */
  readonly regionBytes: number;
  readonly confinement: Confinement;
  /** What it prints on standard error, line by line. */
  readonly onLog: (pid: number, line: string) => void;
  /** How it is frozen. Default: as the machine allows. */
  readonly freezeMeans?: FreezeMeans | null;
}

/** An evaluator process of ours. */
export class EvaluatorProcess implements PeerLink {
  readonly name = 'the evaluator process';
  readonly channel: FrameChannel;
  readonly memory: PeerMemory | null;
  readonly #process: ConfinedProcess;
  /** Null: for want of descriptors it has no streams either, and never began. */
  readonly #log: StderrLog | null;
  readonly #freezer: Freezer;
  #exit: EvaluatorError | null = null;
  #isChannelClosed = false;

  /** Throws `EvaluatorError` when no process can be made. */
  constructor(
    options: EvaluatorProcessOptions,
    private readonly owner: PeerLinkOwner,
  ) {
    const native = loadNative();
    const [ours, theirs] = orNoProcess(() => native.socketPair());
    this.memory = PeerMemory.create(options.regionBytes);
    try {
      // The channel is the first descriptor behind the standard ones, shared memory follows (peer/served-memory.ts).
      this.#process = orNoProcess(() =>
        options.confinement.spawn(
          evaluatorArguments({ ...options, ...options.confinement.ofProcess }),
          ['ignore', 'ignore', 'pipe', theirs, ...(this.memory?.descriptors ?? [])],
          { cwd: '/', env: evaluatorEnvironment(process.env) },
        ),
      );
    } catch (error) {
      native.closeDescriptor(ours);
      this.memory?.close();
      throw error;
    } finally {
      native.closeDescriptor(theirs);
    }
    const { child } = this.#process;
    this.#freezer = new Freezer(() => this.pid, options.freezeMeans);
    this.#log = isWithoutStreams(child)
      ? null
      : new StderrLog(child.stderr!, (line) => options.onLog(this.pid, line));
    this.channel = new FrameChannel(onDescriptor(ours), SMALL_FRAME_BYTES, {
      onFrame: (frame) => {
        this.#process.settle();
        owner.onFrame(frame);
      },
      onClosed: (error) => this.#onClosed(error),
    });
    child.on('error', (cause) => {
      this.#exit = new EvaluatorError(`no evaluator process: ${cause.message}`, { cause });
      this.#finishIfGone();
    });
    // Not `exit`: what it printed at last belongs to its end.
    child.on('close', (code, signal) => {
      this.#exit ??= this.#describeExit(code, signal);
      this.#finishIfGone();
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Null before it has said something. */
  get confinement(): ConfinementReport | null {
    return this.#process.report;
  }

  kill(): void {
    this.#process.kill();
  }

  freeze(): Promise<void> {
    return this.#freezer.freeze();
  }

  thaw(): void {
    this.#freezer.thaw();
  }

  loss(message: string): EvaluatorError {
    return new EvaluatorError(message);
  }

  #onClosed(error: Error | null): void {
    this.#isChannelClosed = true;
    if (error === null) {
      // It ends by itself. Should it not, it is of no use without a channel.
      setTimeout(() => this.kill(), CLOSED_MS).unref();
    } else {
      this.owner.onBroken(
        error instanceof EvaluatorError ? error : new EvaluatorError(error.message, { cause: error }),
      );
    }
    this.#finishIfGone();
  }

  /** The process and what it said before its end. */
  #finishIfGone(): void {
    if (this.#exit === null || !this.#isChannelClosed) return;
    this.memory?.close();
    this.#freezer.forget();
    this.owner.onGone(this.#exit);
  }

  #describeExit(code: number | null, signal: NodeJS.Signals | null): EvaluatorError {
    const { failure } = this.#process;
    if (failure !== null) return new EvaluatorError(failure);
    const said = this.#log?.fatal ?? '';
    return new EvaluatorError(`${this.name} ${howItEnded(code, signal)}${said === '' ? '' : `: ${said}`}`);
  }
}

/** Node makes no streams, which its types do not know, when there are no descriptors for a process. Its `error` says so. */
export function isWithoutStreams({ pid, stderr }: ChildProcess): boolean {
  return pid === undefined && (stderr as unknown) === undefined;
}

function orNoProcess<T>(begin: () => T): T {
  try {
    return begin();
  } catch (cause) {
    throw new EvaluatorError(`no evaluator process: ${(cause as Error).message}`, { cause });
  }
}

/** The rest of a sentence about a process. */
export function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
}
