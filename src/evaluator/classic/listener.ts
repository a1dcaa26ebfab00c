/** A classic evaluator that listens, and whose Sandboxes are in a confined process, which does not. */
import type net from 'node:net';
import type { Writable } from 'node:stream';
import { EvaluatorError } from '../../model/index.js';
import type { ConfinementReport } from '../confinement/index.js';
import { descriptorOf, ListeningServer } from '../listening.js';
import { PrintedText } from './printed-text.js';
import { SandboxProcess, type SandboxProcessOptions } from './sandbox-process.js';

const KEEP_ALIVE_MS = 60_000;
/** A process that was ready for so long is replaced at once; after others there is a pause, which doubles. */
const LONG_MS = 10_000;
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

export interface ClassicListenerOptions extends SandboxProcessOptions {
  /** Something went wrong that no connection hears of. */
  readonly onFailure: (what: string) => void;
  /** Where it goes what the process prints on standard error, within bounds. */
  readonly printed: Writable;
}

/** Resolves when the first process is ready. Rejects with `EvaluatorError` when it ends before, which it has then given reasons for. */
export async function openClassicListener(options: ClassicListenerOptions): Promise<ClassicListener> {
  const listener = new ClassicListener(options);
  await listener.ready;
  return listener;
}

export class ClassicListener extends ListeningServer {
  readonly #printed: PrintedText;
  /** Null: the next one is not started so far. */
  #process: SandboxProcess | null = null;
  #report: ConfinementReport | null = null;
  #connections = 0;
  /** Processes in a row that were not ready for long. */
  #failures = 0;
  #restartTimer: NodeJS.Timeout | undefined;
  #onReady!: () => void;
  #onFailed!: (error: Error) => void;
  /** Whether there has been a process that was ready. */
  readonly ready = new Promise<void>((resolve, reject) => {
    this.#onReady = resolve;
    this.#onFailed = reject;
  });

  constructor(private readonly options: ClassicListenerOptions) {
    super({ keepAliveMs: KEEP_ALIVE_MS, handsOver: true });
    this.#printed = new PrintedText(options.printed, (characters) =>
      options.onFailure(
        `the processes of the Sandboxes print more than is passed on: ${characters} characters of a minute are dropped`,
      ),
    );
    this.#start();
  }

  /** What the process is confined by; null before one was ready. */
  get report(): ConfinementReport | null {
    return this.#report;
  }

  /** The process that Sandboxes are in; 0: there is none. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  override async close(): Promise<void> {
    this.stopListening();
    clearTimeout(this.#restartTimer);
    await this.#process?.kill();
  }

  protected override onNotAccepted(message: string): void {
    this.options.onFailure(`a connection was not accepted: ${message}`);
  }

  protected override onConnection(socket: net.Socket): void {
    socket.on('error', () => undefined);
    const connection = ++this.#connections;
    if (this.#process?.handOver(descriptorOf(socket), connection) !== true)
      this.options.onFailure(
        `connection ${connection} was not accepted: the process of the Sandboxes takes none now`,
      );
    // The process has one of its own.
    socket.destroy();
  }

  #start(): void {
    let readyAt: number | null = null;
    this.#process = new SandboxProcess(this.options, {
      onReady: (report) => {
        readyAt = performance.now();
        this.#report = report;
        this.#onReady();
      },
      onPrinting: (stream) => this.#printed.take(stream),
      onEnd: (how) => this.#onEnd(how, readyAt),
    });
  }

  #startAgain(): void {
    try {
      this.#start();
    } catch (error) {
      this.#onEnd((error as Error).message, null);
    }
  }

  /** Another takes its place; where none was ever ready, the next would not be either. */
  #onEnd(how: string, readyAt: number | null): void {
    this.#process = null;
    if (this.isClosing) return;
    if (this.#report === null) return this.#onFailed(new EvaluatorError(how));
    if (readyAt !== null && performance.now() - readyAt >= LONG_MS) this.#failures = 0;
    const pauseMs =
      this.#failures === 0 ? 0 : Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** (this.#failures - 1));
    this.#failures++;
    const what = readyAt === null ? how : `${how}, and all connections with it`;
    const when = pauseMs === 0 ? '' : ` in ${pauseMs / 1000} s`;
    this.options.onFailure(`${what}; another is started${when}`);
    if (pauseMs === 0) this.#startAgain();
    else this.#restartTimer = setTimeout(() => this.#startAgain(), pauseMs);
  }
}
