/** A standing evaluator: it listens, and gives each connection an evaluator process of its own. */
import type net from 'node:net';
import { InvalidArgumentError } from '../../model/index.js';
import { evaluatorArguments } from '../child-process/arguments.js';
import { evaluatorEnvironment } from '../child-process/environment.js';
import { howItEnded, isWithoutStreams } from '../child-process/process.js';
import { StderrLog } from '../child-process/stderr-log.js';
import {
  completeConfinement,
  Confinement,
  type ConfinedProcess,
  type ConfinementOptions,
  type ConfinementReport,
} from '../confinement/index.js';
import { encodeFrame } from '../frames/frame.js';
import { GreetingReader, greetingOf, refusal } from '../frames/greeting.js';
import { EvaluatorSays } from '../frames/messages.js';
import { completeGpuOptions, type GpuOptions } from '../gpu/index.js';
import { KnownGpus, NO_GPU } from './known-gpus.js';
import { ListeningServer } from '../listening.js';
import { completeThreads } from '../options.js';
import { PeerWatch } from '../peer-watch.js';

export interface FrameListenerOptions {
  /** Threads that run Sandboxes in each process, 1 to 1024. Default: one per core. */
  readonly threads?: number | undefined;
  /** What Sandboxes of Jobs that require WebGPU get; null: such Jobs are refused. Default: any GPU there is. */
  readonly gpu?: GpuOptions | null;
  /** What the operating system keeps evaluator processes from. Default: from all that it can (docs/CONFINEMENT.md). */
  readonly confinement?: ConfinementOptions;
  /** Connections at a time, 1 to 1024; more are refused. Default 64: a Worker has one for each Job, and one to spare. */
  readonly connections?: number | undefined;
  /** How long a peer may take to greet, milliseconds, from 1. Default 5000. */
  readonly greetTimeoutMs?: number;
  /** A connection was not accepted. */
  readonly onFailure: (what: string) => void;
  /** A connection has got its process. */
  readonly onConnection: (connection: number, pid: number) => void;
  /** It has ended; null: the peer closed it. */
  readonly onEnd: (connection: number, reason: string | null) => void;
  /** What the process of a connection prints on standard error, line by line. */
  readonly onLog: (connection: number, line: string) => void;
}

const KEEP_ALIVE_MS = 30_000;
const DEFAULT_CONNECTIONS = 64;
const DEFAULT_GREET_MS = 5_000;
/** How long a peer may take to read how its process has ended. */
const LAST_WORD_MS = 2_000;
/** How long a process may stay when its peer has gone. It ends at once, unless it stands still. */
const LEFT_MS = 3_000;
/** What others end a process with. How it ended otherwise was its own doing, and so perhaps a Slice's. */
const ENDED_BY_OTHERS: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'];
/** Exit codes: the peer has gone; what came were no frames. */
const ENDED_BY_PEER: readonly number[] = [0, 1];

export class FrameListener extends ListeningServer {
  readonly #served = new Set<Served>();
  readonly #arguments: string[];
  readonly #gpus: KnownGpus | null;
  readonly #confinement: Confinement;
  readonly #watch = new PeerWatch();
  readonly #most: number;
  readonly #greetTimeoutMs: number;
  #connections = 0;

  /** Throws `InvalidArgumentError` for an option out of range, `EvaluatorError` without a launcher that is required. Nobody can connect before `listen`. */
  constructor(private readonly options: FrameListenerOptions) {
    super({ keepAliveMs: KEEP_ALIVE_MS });
    const {
      threads,
      gpu = {},
      connections = DEFAULT_CONNECTIONS,
      greetTimeoutMs = DEFAULT_GREET_MS,
    } = options;
    if (!Number.isInteger(connections) || connections < 1 || connections > 1024)
      throw new InvalidArgumentError(
        'connections',
        `expected a whole number from 1 to 1024, got ${connections}`,
      );
    this.#most = connections;
    this.#greetTimeoutMs = greetTimeoutMs;
    const complete = gpu && completeGpuOptions(gpu);
    this.#gpus = complete && new KnownGpus(complete);
    this.#confinement = new Confinement({
      ...completeConfinement(options.confinement),
      gpu: gpu !== null,
      env: evaluatorEnvironment(process.env),
    });
    this.#arguments = evaluatorArguments({
      threads: completeThreads(threads),
      gpu: complete,
      ...this.#confinement.ofProcess,
    });
  }

  /** What processes of connections will be confined by. Throws `EvaluatorError` when something that is required is missing. */
  probeConfinement(): ConfinementReport {
    return this.#confinement.probe();
  }

  override async close(): Promise<void> {
    this.stopListening();
    await Promise.all([...this.#served].map((served) => served.end('it was told to end')));
  }

  protected override onNotAccepted(message: string): void {
    this.options.onFailure(`a connection was not accepted: ${message}`);
  }

  protected override onConnection(socket: net.Socket): void {
    socket.on('error', () => undefined);
    if (this.isClosing || this.#served.size >= this.#most) {
      const reason = this.isClosing
        ? 'it ends'
        : `${this.#most} connections are served already, which is the most (--connections)`;
      this.options.onFailure(`a connection was refused: ${reason}`);
      sayAndEnd(socket, refusal(reason));
      return;
    }
    const connection = ++this.#connections;
    const served = new Served(socket, () => this.#argumentsNow(), this.#confinement, this.#greetTimeoutMs, {
      onProcess: (pid) => {
        this.#watch.add(socket, LEFT_MS, () => void served.end('its peer has gone, and it did not end'));
        this.options.onConnection(connection, pid);
      },
      onLog: (line) => this.options.onLog(connection, line),
      onEnd: (reason) => {
        this.#served.delete(served);
        this.#watch.remove(socket);
        this.options.onEnd(connection, reason);
      },
    });
    this.#served.add(served);
  }

  /** A process cannot look for GPUs any more by the time that its Worker asks for them. */
  async #argumentsNow(): Promise<readonly string[]> {
    const found = this.#gpus === null ? NO_GPU : await this.#gpus.get();
    return [...this.#arguments, '--accepted', JSON.stringify(found)];
  }
}

interface ServedOwner {
  onProcess(pid: number): void;
  onLog(line: string): void;
  onEnd(reason: string | null): void;
}

/** One connection: it greets, and then belongs to a process that is started for it. */
class Served {
  #process: ConfinedProcess | null = null;
  #log: StderrLog | null = null;
  readonly #patience: NodeJS.Timeout;
  /** Why we end it. */
  #reason: string | null = null;
  #onGone: () => void = () => undefined;
  readonly #gone = new Promise<void>((resolve) => (this.#onGone = resolve));

  constructor(
    private readonly socket: net.Socket,
    private readonly args: () => Promise<readonly string[]>,
    private readonly confinement: Confinement,
    greetTimeoutMs: number,
    private readonly owner: ServedOwner,
  ) {
    this.#patience = setTimeout(() => {
      this.#refuse(`it has not greeted within ${greetTimeoutMs / 1000} s`);
    }, greetTimeoutMs);
    const greeting = new GreetingReader('dcp-worker', () => {
      clearTimeout(this.#patience);
      socket.off('data', read).off('close', leave).off('end', leave).pause();
      // Not now: Node goes on reading behind this call, and would take what is the process's.
      setImmediate(() => {
        this.args().then(
          (args) => this.#start(args),
          (error: Error) => this.#onExit(`no evaluator process: ${error.message}`, false),
        );
      });
    });
    const read = (chunk: Buffer): void => {
      try {
        greeting.push(chunk);
      } catch (error) {
        this.#refuse(`it ${(error as Error).message}`);
      }
    };
    const leave = (): void => this.#end('it went without a greeting');
    socket.on('data', read).on('close', leave).on('end', leave);
    socket.write(greetingOf('dcp-evaluator'));
  }

  /** Resolves when nothing of it is left. */
  end(reason: string): Promise<void> {
    this.#reason ??= reason;
    if (this.#process === null) this.#end(reason);
    else this.#process.kill();
    return this.#gone;
  }

  #refuse(why: string): void {
    if (this.#reason !== null) return;
    sayAndEnd(
      this.socket,
      refusal(`no dcp-worker is on the other side: ${why}. This port speaks frames, and nothing else`),
    );
    this.#end(`no Worker: ${why}`);
  }

  #start(args: readonly string[]): void {
    if (this.#reason !== null) return;
    if (this.socket.destroyed) return this.#end('it went');
    let started: ConfinedProcess;
    try {
      // By its standard input it sees that this process has ended, however it did. The connection is the first behind the
      // standard ones.
      started = this.confinement.spawn(args, ['pipe', 'ignore', 'pipe', this.socket], {
        cwd: '/',
        env: evaluatorEnvironment(process.env),
      });
    } catch (error) {
      this.#onExit(`no evaluator process: ${(error as Error).message}`, false);
      return;
    }
    const { child } = started;
    this.#process = started;
    child.on('error', (error) => this.#onExit(`no evaluator process: ${error.message}`, false));
    if (isWithoutStreams(child)) return;
    child.stdin!.on('error', () => undefined);
    this.#log = new StderrLog(child.stderr!, (line) => this.owner.onLog(line));
    child.on('close', (code, signal) => {
      const said = this.#log!.fatal;
      if (started.failure !== null) return this.#onExit(started.failure, false);
      const how = `the process ${howItEnded(code, signal)}${said === '' ? '' : `: ${said}`}`;
      if (signal === null && ENDED_BY_PEER.includes(code!)) this.#onExit(code === 0 ? null : how, false);
      else this.#onExit(how, signal === null || !ENDED_BY_OTHERS.includes(signal));
    });
    this.owner.onProcess(child.pid ?? 0);
  }

  /** The connection is still open on our side: what the process wrote is followed by how it ended. */
  #onExit(how: string | null, mayBlameSlice: boolean): void {
    if (this.#isOver) return;
    const reason = this.#reason ?? how;
    if (reason === null) this.socket.destroy();
    else {
      const blame = this.#reason === null && mayBlameSlice ? 1 : 0;
      sayAndEnd(this.socket, Buffer.concat(encodeFrame([EvaluatorSays.died, blame], [Buffer.from(reason)])));
    }
    this.#end(how);
  }

  #end(reason: string | null): void {
    clearTimeout(this.#patience);
    this.#reason ??= reason ?? '';
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#process === null && !this.socket.writableEnded) this.socket.destroy();
    this.owner.onEnd(reason);
    this.#onGone();
  }
  #isOver = false;
}

/** The peer may read it before the connection is gone. */
function sayAndEnd(socket: net.Socket, text: string | Uint8Array): void {
  const patience = setTimeout(() => socket.destroy(), LAST_WORD_MS);
  socket.once('close', () => clearTimeout(patience));
  socket.end(text);
  // What it still says is not read; with unread bytes a close would be a reset, and the text be lost.
  socket.resume();
}
