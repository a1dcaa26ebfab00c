/** The classic evaluator as a server: one Sandbox for each connection. */
import net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { LayerState, SeccompSetting } from '../confinement/index.js';
import { Connection } from './connection.js';
import { listenOn, portOf, type ListenAddress } from '../listening.js';
import { openClassicHost, type ClassicHost, type ClassicOptions } from './open.js';

/** A peer whose machine has gone sends no end; TCP asks after so long. */
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
  readonly #servers: net.Server[] = [];
  readonly #sockets = new Set<net.Socket>();
  #connections = 0;

  constructor(
    private readonly host: ClassicHost,
    private readonly options: ClassicServerOptions,
  ) {}

  /** The TCP port it listened on first; 0: on none. */
  get port(): number {
    return portOf(this.#servers[0]);
  }

  /** Resolves with where it listens. Rejects with the system's error. */
  async listen(address: ListenAddress): Promise<string> {
    const server = net.createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
      (socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
        void this.serve(socket, socket);
      },
    );
    const where = await listenOn(server, address);
    // As when this process has no descriptor left for one more connection: those that are there go on.
    server.on('error', (error) => this.options.onFailure(`a connection was not accepted: ${error.message}`));
    this.#servers.push(server);
    return where;
  }

  /** See `ClassicHost`. */
  confine(setting: SeccompSetting): Promise<LayerState> {
    return this.host.confine(setting);
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
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    await this.host.close();
  }
}
