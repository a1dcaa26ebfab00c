/** A classic evaluator that listens, and whose Sandboxes are in a confined process, which does not. */
import net from 'node:net';
import { EvaluatorError } from '../../model/index.js';
import { evaluatorEnvironment } from '../child-process/environment.js';
import { howItEnded } from '../child-process/process.js';
import {
  withLayers,
  type ConfinedProcess,
  type Confinement,
  type ConfinementMode,
  type ConfinementReport,
} from '../confinement/index.js';
import { descriptorOf, listenOn, portOf, type ListenAddress } from '../listening.js';
import { loadNative } from '../native.js';
import { layersOf } from '../peer/layers.js';
import { confinedArguments, type ClassicSettings } from './confined.js';
import { closeStartupFiles, openStartupFiles } from './startup-files.js';

/** A peer whose machine has gone sends no end; TCP asks after so long. */
const KEEP_ALIVE_MS = 60_000;
/** The descriptor that the process gets connections on. */
export const SOCKETS_FD = 3;
/** It hears on this one that there are some, and says once, on one line, that it is ready. */
export const BELL_FD = 4;
/** Those of startup files follow. */
const FIRST_FILE = 5;
/** What it says then; the longest there is has a tenth of it. */
const MAX_READY_BYTES = 4096;

export interface ClassicListenerOptions {
  readonly files: readonly string[];
  readonly settings: ClassicSettings;
  readonly mode: ConfinementMode;
  readonly confinement: Confinement;
  /** Something went wrong that no connection hears of. */
  readonly onFailure: (what: string) => void;
  /** What the process prints on standard error, as it is. */
  readonly onPrinted: (text: Buffer) => void;
}

/** Resolves when the first process is ready. Rejects with `EvaluatorError` when it ends before, which it has then given reasons for. */
export async function openClassicListener(options: ClassicListenerOptions): Promise<ClassicListener> {
  const listener = new ClassicListener(options);
  await listener.ready;
  return listener;
}

export class ClassicListener {
  readonly #servers: net.Server[] = [];
  #process!: ConfinedProcess;
  #report: ConfinementReport | null = null;
  /** Our side of its channels; -1 and null: there are none. */
  #sockets = -1;
  #bell: net.Socket | null = null;
  #connections = 0;
  #isClosing = false;
  #onGone: () => void = () => undefined;
  #onReady!: () => void;
  #onFailed!: (error: Error) => void;
  /** Whether there is a process that has been ready. */
  readonly ready = new Promise<void>((resolve, reject) => {
    this.#onReady = resolve;
    this.#onFailed = reject;
  });
  /** Resolves when there is no process any more that could serve anybody, with the reason. */
  readonly failed: Promise<string>;
  #onUseless!: (reason: string) => void;

  constructor(private readonly options: ClassicListenerOptions) {
    this.failed = new Promise((resolve) => (this.#onUseless = resolve));
    this.#start();
  }

  /** What the process is confined by; null before it was ready. */
  get report(): ConfinementReport | null {
    return this.#report;
  }

  /** The process that Sandboxes are in; 0: there is none. */
  get pid(): number {
    return this.#process.pid;
  }

  /** The TCP port it listened on first; 0: on none. */
  get port(): number {
    return portOf(this.#servers[0]);
  }

  /** Resolves with where it listens. Rejects with the system's error. */
  async listen(address: ListenAddress): Promise<string> {
    const server = net.createServer(
      {
        // Not a byte may be read here: it is the Sandbox's.
        pauseOnConnect: true,
        allowHalfOpen: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      },
      (socket) => this.#handOver(socket),
    );
    const where = await listenOn(server, address);
    // As when this process has no descriptor left for one more connection: those that are there go on.
    server.on('error', (error) => this.options.onFailure(`a connection was not accepted: ${error.message}`));
    this.#servers.push(server);
    return where;
  }

  /** No connection is taken any more, and those that are there end. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const server of this.#servers) server.close();
    const { child } = this.#process;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => (this.#onGone = resolve));
    this.#process.kill();
    await gone;
  }

  #handOver(socket: net.Socket): void {
    socket.on('error', () => undefined);
    const connection = ++this.#connections;
    if (!loadNative().sendSocket(this.#sockets, descriptorOf(socket), connection))
      this.options.onFailure(
        `connection ${connection} was not accepted: the process of the Sandboxes takes none now`,
      );
    else this.#bell?.write('.');
    // The process has one of its own.
    socket.destroy();
  }

  /** Closes the channel of a process that has gone. */
  #hangUp(): void {
    if (this.#sockets >= 0) loadNative().closeDescriptor(this.#sockets);
    this.#sockets = -1;
    this.#bell = null;
  }

  #start(): void {
    const { files, settings, mode, confinement } = this.options;
    const native = loadNative();
    const opened = openStartupFiles(files);
    const [ours, theirs] = native.socketPair();
    this.#sockets = ours;
    let isReady = false;
    try {
      const setup = {
        mode,
        files: opened.map(([name], index) => [name, FIRST_FILE + index] as const),
        report: null,
        ...confinement.ofProcess,
        isTold: true,
      };
      const seccomp = setup.seccomp && [...setup.seccomp, 'connections' as const];
      this.#process = confinement.spawn(
        confinedArguments(settings, { ...setup, seccomp }),
        ['ignore', 'ignore', 'pipe', theirs, 'pipe', ...opened.map(([, fd]) => fd)],
        { cwd: '/', env: evaluatorEnvironment(process.env) },
      );
    } finally {
      closeStartupFiles(opened);
      native.closeDescriptor(theirs);
    }
    const started = this.#process;
    const { child } = started;
    child.stderr!.on('data', this.options.onPrinted);
    const bell = child.stdio[BELL_FD] as net.Socket;
    this.#bell = bell;
    bell.on('error', () => undefined);
    let said = '';
    const read = (chunk: Buffer): void => {
      said += chunk.toString('latin1');
      if (!said.includes('\n') && said.length < MAX_READY_BYTES) return;
      // What it says later, with Jobs in it, is not looked at.
      bell.off('data', read).resume();
      try {
        const layers = layersOf(Buffer.from(said, 'base64'));
        isReady = true;
        started.settle();
        this.#report = started.report && withLayers(started.report, layers);
        this.#onReady();
      } catch (error) {
        this.options.onFailure((error as Error).message);
        started.kill();
      }
    };
    bell.on('data', read);
    child.on('error', (error) => {
      if (child.pid === undefined) this.#onEnd(false, `no evaluator process: ${error.message}`);
    });
    child.on('close', (code, signal) => {
      const how = `the process of the Sandboxes ${howItEnded(code, signal)}`;
      this.#onEnd(isReady, started.failure ?? how);
    });
  }

  /** Another takes its place; where it did not come so far, the next would not either. */
  #onEnd(wasReady: boolean, how: string): void {
    this.#hangUp();
    this.#onGone();
    if (this.#isClosing) return;
    if (wasReady) {
      this.options.onFailure(`${how}, and all connections with it; another is started`);
      try {
        this.#start();
        return;
      } catch (error) {
        how = (error as Error).message;
      }
    }
    this.#onFailed(new EvaluatorError(how));
    this.#onUseless(how);
  }
}
