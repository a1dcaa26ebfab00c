/** The classic evaluator as a server: one Sandbox for each connection. */
import type net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { LayerState, SeccompSetting } from '../confinement/index.js';
import { Connection } from './connection.js';
import { Listening, type ListenAddress } from '../listening.js';
import { openClassicHost, type ClassicHost, type ClassicOptions } from './open.js';

const KEEP_ALIVE_MS = 60_000;

export interface ClassicServerOptions extends ClassicOptions {
  /** Something went wrong that no connection hears of: a Sandbox could not start, a connection not be accepted. */
  readonly onFailure: (what: string) => void;
  /** A peer has got a Sandbox; it has ended, with the reason if there is one. */
  readonly onConnection?: (connection: number) => void;
  readonly onEnd?: (connection: number, reason: string | null) => void;
}

/** Opens the evaluator and makes the first Sandboxes. Nobody can connect before `listen`. */
export async function openClassicServer(options: ClassicServerOptions): Promise<ClassicServer> {
  const host = await openClassicHost(options, (reason) => {
    options.onFailure(`a Sandbox could not start: ${reason}`);
  });
  return new ClassicServer(host, options);
}

export class ClassicServer {
  readonly #listening = new Listening({
    keepAliveMs: KEEP_ALIVE_MS,
    onConnection: (socket) => this.#accept(socket),
    onFailure: (message) => this.options.onFailure(`a connection was not accepted: ${message}`),
  });
  readonly #sockets = new Set<net.Socket>();
  #connections = 0;

  constructor(
    private readonly host: ClassicHost,
    private readonly options: ClassicServerOptions,
  ) {}

  /** The TCP port it listened on first; 0: on none. */
  get port(): number {
    return this.#listening.port;
  }

  /** Resolves with where it listens. Rejects with the system's error. */
  listen(address: ListenAddress): Promise<string> {
    return this.#listening.listen(address);
  }

  /** See `ClassicHost`. */
  confine(setting: SeccompSetting, onWorn: (cause: unknown) => void): Promise<LayerState> {
    return this.host.confine(setting, onWorn);
  }

  /** A Sandbox on a pair of streams. Resolves when it has ended, with the reason if there is one. */
  serve(input: Readable, output: Writable, connection = ++this.#connections): Promise<string | null> {
    this.options.onConnection?.(connection);
    return new Promise((resolve) => {
      void new Connection(this.host.pool.take(), input, output, (reason) => {
        this.options.onEnd?.(connection, reason);
        resolve(reason);
      });
    });
  }

  /** No connection is taken any more, and those that are there end. */
  async close(): Promise<void> {
    this.#listening.close();
    for (const socket of this.#sockets) socket.destroy();
    await this.host.close();
  }

  #accept(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    void this.serve(socket, socket);
  }
}
