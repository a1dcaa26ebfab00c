import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import {
  evaluatorEnvironment,
  Freezer,
  howItEnded,
  isWithoutStreams,
  isAnyStopped,
  removeCgroupOf,
  StderrLog,
  type FreezeMeans,
} from '../../evaluator/index.js';

/** What is started for a connection. */
export interface GateCommand {
  readonly words: readonly [string, ...string[]];
  readonly cwd: string;
}

interface ChildOwner {
  onLog(line: string): void;
  /** Nothing of it is left. Null: by its own doing, and well. */
  onEnd(how: string | null): void;
}

/** How long the connection of an evaluator that has ended stays half open, milliseconds, for its peer to close it. */
const PARTING_MS = 1_000;

/**
 * An evaluator with a connection as its standard input and output, as inetd does it: no byte is relayed, and the connection is
 * closed when the process ends, however it does. It and what it starts are a process group of their own.
 */
export class GatedChild {
  readonly #child: ChildProcess;
  readonly #freezer: Freezer;
  #isFrozen = false;
  #endedBecause: string | null = null;
  #isOver = false;

  constructor(
    private readonly socket: Socket,
    { words: [file, ...args], cwd }: GateCommand,
    private readonly owner: ChildOwner,
    freezeMeans: FreezeMeans | null = null,
  ) {
    this.#freezer = new Freezer(() => this.pid, freezeMeans);
    this.#child = spawn(file, args, {
      cwd,
      detached: true,
      // PATH: an evaluator may be a script that names its interpreter.
      env: { ...evaluatorEnvironment(process.env), PATH: process.env['PATH'] },
      stdio: [socket, socket, 'pipe'],
    });
    this.#child.on('error', (error) => this.#end(`it does not start: ${error.message}`));
    // For want of descriptors there are no streams either.
    if (isWithoutStreams(this.#child)) return;
    const log = new StderrLog(this.#child.stderr!, (line) => owner.onLog(line));
    this.#child.on('exit', () => {
      // What it may have started.
      this.#signal('SIGKILL');
      this.#freezer.forget();
      removeCgroupOf(this.pid);
    });
    this.#child.on('close', (code, signal) => {
      const said = log.fatal === '' ? '' : `: ${log.fatal}`;
      const how = code === 0 ? null : `${howItEnded(code, signal)}${said}`;
      this.#end(this.#endedBecause ?? how);
    });
  }

  /** 0: there is none. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** What it has started and left is in its process group only, what has left the group is below it: each is held still. */
  freeze(): void {
    if (this.#isFrozen || this.pid === 0) return;
    this.#isFrozen = true;
    this.#signal('SIGSTOP');
    void this.#freezer.freeze();
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#freezer.thaw();
    this.#signal('SIGCONT');
  }

  /** Its peer has gone, and it cannot see that while it stands still: frozen, or stopped by others. */
  abandon(): void {
    if (isAnyStopped(this.pid)) this.kill('its peer has gone while it stood still');
  }

  kill(because: string): void {
    this.#endedBecause ??= because;
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.pid === 0) return;
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      // Gone meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #end(how: string | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Closed at once it would be reset where the evaluator has not read all, and Workers take that for a fault.
    this.socket.end();
    setTimeout(() => this.socket.destroy(), PARTING_MS).unref();
    this.owner.onEnd(how);
  }
}
