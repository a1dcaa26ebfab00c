import type net from 'node:net';
import { ListeningServer, PeerWatch } from '../../evaluator/index.js';
import type { Verdict } from '../../manager/index.js';
import { GatedChild, type GateCommand } from './gated-child.js';
import { LastWill } from './last-will.js';

export interface GateOptions {
  readonly command: GateCommand;
  /** Connections at a time; more are refused. */
  readonly connections: number;
  /** Least time from one evaluator that is started to the next, milliseconds. */
  readonly rateMs: number;
}

export interface GateObserver {
  /** What holds now. */
  verdict(): Verdict;
  /** Whether `rateMs` counts now. */
  isRateLimited(): boolean;
  onOpen(connection: number, pid: number): void;
  onRefused(code: RefusalCode, why: string): void;
  onLog(connection: number, line: string): void;
  /** Null: it ended by itself, and well. */
  onEnd(connection: number, how: string | null): void;
}

/** Why a connection got no evaluator. `STOPPED`: for the reasons of the verdict. */
export const REFUSALS = Object.freeze(['STOPPED', 'RATE', 'CONNECTIONS', 'FAILED'] as const);
export type RefusalCode = (typeof REFUSALS)[number];

const KEEP_ALIVE_MS = 30_000;

/** How long an evaluator that stands still is kept when its peer has gone. */
const LEFT_MS = 3_000;

/** Listens, and starts an evaluator for each connection while the machine is free. */
export class Gate extends ListeningServer {
  readonly #children = new Map<number, GatedChild>();
  readonly #lastWill = new LastWill();
  readonly #watch = new PeerWatch();
  #connections = 0;
  #startedAt = -Infinity;
  #onEmpty: () => void = () => undefined;

  constructor(
    private readonly options: GateOptions,
    private readonly observer: GateObserver,
  ) {
    super({ keepAliveMs: KEEP_ALIVE_MS, handsOver: true });
  }

  /** Evaluators that are there, and those of them that are frozen. */
  get counts(): { readonly running: number; readonly frozen: number } {
    const all = [...this.#children.values()];
    const frozen = all.filter((child) => child.isFrozen).length;
    return { running: all.length - frozen, frozen };
  }

  /** Does what was decided to the evaluators that are there. */
  apply({ action, reasons }: Verdict): void {
    for (const child of this.#children.values()) {
      if (action === 'kill') child.kill(reasons.map(({ code }) => code).join(', '));
      else if (action === 'freeze') child.freeze();
      else child.thaw();
    }
  }

  /** Resolves when no evaluator is left. */
  override async close(): Promise<void> {
    this.stopListening();
    for (const child of this.#children.values()) child.kill('the manager ends');
    if (this.#children.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    this.#lastWill.close();
  }

  protected override onNotAccepted(message: string): void {
    this.observer.onRefused('FAILED', message);
  }

  protected override onConnection(socket: net.Socket): void {
    socket.on('error', () => undefined);
    const refusal = this.#refusal();
    if (refusal === null) return this.#start(socket);
    this.observer.onRefused(...refusal);
    socket.destroy();
  }

  #refusal(): readonly [RefusalCode, string] | null {
    const { connections, rateMs } = this.options;
    if (this.isClosing) return ['STOPPED', 'the manager ends'];
    const { action, reasons } = this.observer.verdict();
    if (action !== 'run') return ['STOPPED', reasons.map(({ code }) => code).join(', ')];
    if (this.#children.size >= connections)
      return ['CONNECTIONS', `${connections} connections are served already (--connections)`];
    const sinceMs = performance.now() - this.#startedAt;
    if (sinceMs < rateMs && this.observer.isRateLimited())
      return ['RATE', `the last one came ${Math.round(sinceMs)} ms ago (--rate)`];
    return null;
  }

  #start(socket: net.Socket): void {
    const connection = ++this.#connections;
    let child: GatedChild;
    try {
      child = new GatedChild(socket, this.options.command, {
        onLog: (line) => this.observer.onLog(connection, line),
        onEnd: (how) => {
          this.#children.delete(connection);
          this.#lastWill.remove(child.pid);
          this.#watch.remove(socket);
          this.observer.onEnd(connection, how);
          if (this.#children.size === 0) this.#onEmpty();
        },
      });
    } catch (error) {
      socket.destroy();
      this.observer.onRefused('FAILED', (error as Error).message);
      return;
    }
    this.#startedAt = performance.now();
    this.#children.set(connection, child);
    if (child.pid !== 0) {
      this.#lastWill.add(child.pid);
      this.#watch.add(socket, LEFT_MS, () => child.abandon());
    }
    this.observer.onOpen(connection, child.pid);
  }
}
