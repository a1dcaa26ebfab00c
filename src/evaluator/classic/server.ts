/** The classic evaluator as a server: one Sandbox for each connection. */
import type net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { LayerState, SeccompSetting } from '../confinement/index.js';
import { Connection } from './connection.js';
import { ListeningServer } from '../listening.js';
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

export class ClassicServer extends ListeningServer {
  readonly #sockets = new Set<net.Socket>();
  #connections = 0;

  constructor(
    private readonly host: ClassicHost,
    private readonly options: ClassicServerOptions,
  ) {
    super({ keepAliveMs: KEEP_ALIVE_MS });
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

  override async close(): Promise<void> {
    this.stopListening();
    for (const socket of this.#sockets) socket.destroy();
    await this.host.close();
  }

  protected override onNotAccepted(message: string): void {
    this.options.onFailure(`a connection was not accepted: ${message}`);
  }

  protected override onConnection(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    void this.serve(socket, socket);
  }
}
