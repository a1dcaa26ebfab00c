/** The confined process that classic Sandboxes are in, as the one that listens sees it. */
import type net from 'node:net';
import type { Readable } from 'node:stream';
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
import { loadNative } from '../native.js';
import { layersOf } from '../peer/layers.js';
import { confinedArguments, type ClassicSettings } from './confined.js';
import { closeStartupFiles, openStartupFiles } from './startup-files.js';

/** The descriptor that the process gets connections on. */
export const SOCKETS_FD = 3;
/** It hears on this one that there are some. It says, on one line, that it is ready, and then a byte for each that it has taken. */
export const BELL_FD = 4;
/** Those of startup files follow. */
const FIRST_FILE = 5;
/** What the line may have; the longest there is has a tenth of it. */
const MAX_READY_BYTES = 4096;
const START_MS = 60_000;
const TAKE_MS = 10_000;
/** Its patience is counted in so many parts: after a time in which the whole machine stood still, one has passed. */
const LOOKS = 10;

export interface SandboxProcessOptions {
  readonly files: readonly string[];
  readonly settings: ClassicSettings;
  readonly mode: ConfinementMode;
  readonly confinement: Confinement;
  /** Within so many milliseconds it is ready, or is ended. Default: a minute. */
  readonly startMs?: number;
  /** Within so many milliseconds it takes one of the connections that wait, or is ended. Default: 10 s. */
  readonly takeMs?: number;
}

interface SandboxProcessOwner {
  onReady(report: ConfinementReport): void;
  /** What it prints on standard error. */
  onPrinting(stream: Readable): void;
  /** Nothing of it is left, or it never was. Once. */
  onEnd(how: string): void;
}

export class SandboxProcess {
  readonly #process: ConfinedProcess;
  /** Our side of its channels; null: there is no process. */
  readonly #sockets: number;
  readonly #bell: net.Socket | null = null;
  readonly #startTimer: NodeJS.Timeout;
  #said = '';
  #isReady = false;
  /** Connections that it has not taken so far. */
  #waiting = 0;
  #looks = 0;
  #lookTimer: NodeJS.Timeout | undefined;
  /** When it began to take none at all; null: it takes them. */
  #refusingSince: number | null = null;
  /** Why we end it. */
  #reason: string | null = null;
  #hasEnded = false;
  #onGone!: () => void;
  readonly #gone = new Promise<void>((resolve) => (this.#onGone = resolve));

  /** Throws when it cannot even be tried. */
  constructor(
    private readonly options: SandboxProcessOptions,
    private readonly owner: SandboxProcessOwner,
  ) {
    const native = loadNative();
    const [ours, theirs] = native.socketPair();
    this.#sockets = ours;
    try {
      this.#process = start(options, theirs);
    } catch (error) {
      native.closeDescriptor(ours);
      throw error;
    } finally {
      native.closeDescriptor(theirs);
    }
    const { startMs = START_MS } = options;
    this.#startTimer = setTimeout(
      () => this.#giveUp(`was not ready within ${startMs / 1000} s`),
      startMs,
    ).unref();
    const { child } = this.#process;
    child.on('error', (error) => {
      if (child.pid === undefined) this.#end(`no evaluator process: ${error.message}`);
    });
    child.on('close', (code, signal) => {
      this.#end(`the process of the Sandboxes ${howItEnded(code, signal)}`);
    });
    // For want of descriptors there are no streams either.
    if (child.pid === undefined) return;
    owner.onPrinting(child.stderr!);
    this.#bell = child.stdio[BELL_FD] as net.Socket;
    this.#bell.on('error', () => undefined);
    this.#bell.on('data', (chunk: Buffer) => this.#hear(chunk));
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** False: it takes none now. The socket stays the caller's, too. */
  handOver(socket: number, connection: number): boolean {
    const { takeMs = TAKE_MS } = this.options;
    if (!loadNative().sendSocket(this.#sockets, socket, connection)) {
      this.#refusingSince ??= performance.now();
      if (performance.now() - this.#refusingSince >= takeMs) this.#giveUp('takes no connections any more');
      return false;
    }
    this.#refusingSince = null;
    this.#waiting++;
    this.#lookTimer ??= setInterval(() => this.#look(takeMs), takeMs / LOOKS).unref();
    this.#bell?.write('.');
    return true;
  }

  /** Resolves when it has ended. */
  kill(): Promise<void> {
    // A signal to process 0 would be one to ourselves.
    if (this.#process.child.pid !== undefined) this.#process.kill();
    return this.#gone;
  }

  /** Its Sandboxes may have been broken out of: whatever it says is bounded, and means no more than that it serves. */
  #hear(chunk: Buffer): void {
    if (this.#reason !== null) return;
    if (this.#isReady) return this.#onTaken(chunk.length);
    this.#said += chunk.toString('latin1');
    const end = this.#said.indexOf('\n');
    if (end >= 0) {
      this.#begin(Buffer.from(this.#said.slice(0, end), 'base64'));
      this.#onTaken(this.#said.length - end - 1);
    } else if (this.#said.length >= MAX_READY_BYTES) this.#giveUp('does not say that it is ready');
  }

  #begin(said: Buffer): void {
    try {
      const layers = layersOf(said);
      this.#process.settle();
      const { report, failure } = this.#process;
      if (report === null)
        throw new EvaluatorError(failure ?? 'the launcher says nothing of the confinement');
      clearTimeout(this.#startTimer);
      this.#isReady = true;
      this.owner.onReady(withLayers(report, layers));
    } catch (error) {
      this.#giveUp(`has begun wrongly: ${(error as Error).message}`);
    }
  }

  #onTaken(count: number): void {
    if (count === 0) return;
    this.#waiting -= count;
    this.#looks = 0;
    if (this.#waiting < 0) this.#giveUp('says that it has taken connections which it was not given');
    if (this.#waiting <= 0) this.#stopLooking();
  }

  #look(takeMs: number): void {
    if (!this.#isReady || ++this.#looks < LOOKS) return;
    this.#giveUp(`has left connections waiting for ${takeMs / 1000} s`);
  }

  #stopLooking(): void {
    clearInterval(this.#lookTimer);
    this.#lookTimer = undefined;
  }

  #giveUp(why: string): void {
    if (this.#reason !== null) return;
    this.#reason = `the process of the Sandboxes ${why}`;
    void this.kill();
  }

  #end(how: string): void {
    // One that does not start may both fail and close.
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#startTimer);
    this.#stopLooking();
    loadNative().closeDescriptor(this.#sockets);
    this.#onGone();
    this.owner.onEnd(this.#reason ?? this.#process.failure ?? how);
  }
}

/** `sockets`: the descriptor that it gets connections on. */
function start(
  { files, settings, mode, confinement }: SandboxProcessOptions,
  sockets: number,
): ConfinedProcess {
  const opened = openStartupFiles(files);
  try {
    const setup = {
      mode,
      files: opened.map(([name], index) => [name, FIRST_FILE + index] as const),
      report: null,
      ...confinement.ofProcess,
      isTold: true,
    };
    const seccomp = setup.seccomp && [...setup.seccomp, 'connections' as const];
    return confinement.spawn(
      confinedArguments(settings, { ...setup, seccomp }),
      ['ignore', 'ignore', 'pipe', sockets, 'pipe', ...opened.map(([, fd]) => fd)],
      { cwd: '/', env: evaluatorEnvironment(process.env) },
    );
  } finally {
    closeStartupFiles(opened);
  }
}
