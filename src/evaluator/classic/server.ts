/** The classic evaluator as a server: one Sandbox for each connection. */
import net from 'node:net';
import { rmSync, statSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { Connection } from './connection.js';
import { classicLimits, usableGpu } from './sandbox-class.js';
import { ClassicPool, type ClassicPoolOptions } from './pool.js';
import type { GpuOptions } from '../gpu/index.js';
import { openInProcessEvaluator, type InProcessEvaluator } from '../in-process/evaluator.js';

/** A peer whose machine has gone sends no end; TCP asks after so long. */
const KEEP_ALIVE_MS = 60_000;

/** Where it listens: a TCP address, a UNIX socket, or a descriptor that already does. */
export type ListenAddress =
  { readonly port: number; readonly host: string } | { readonly path: string } | { readonly fd: number };

export interface ClassicServerOptions extends ClassicPoolOptions {
  /** Sandboxes that run at the same time. Default: one per core. */
  readonly threads?: number | undefined;
  /** What Sandboxes have of WebGPU; null: none have any. */
  readonly gpu: GpuOptions | null;
  /** A peer has got a Sandbox; it has ended, with the reason if there is one. */
  readonly onConnection?: (connection: number) => void;
  readonly onEnd?: (connection: number, reason: string | null) => void;
}

/** Opens the evaluator and makes the first Sandboxes. Nobody can connect before `listen`. */
export async function openClassicServer(options: ClassicServerOptions): Promise<ClassicServer> {
  const gpu = await usableGpu(options.gpu);
  const evaluator = await openInProcessEvaluator({ threads: options.threads, gpu });
  return new ClassicServer(evaluator, { ...options, limits: { ...classicLimits(), ...options.limits } });
}

export class ClassicServer {
  readonly #pool: ClassicPool;
  readonly #servers: net.Server[] = [];
  readonly #sockets = new Set<net.Socket>();
  #connections = 0;

  constructor(
    private readonly evaluator: InProcessEvaluator,
    private readonly options: ClassicServerOptions,
  ) {
    this.#pool = new ClassicPool(evaluator, options);
  }

  /** Resolves with where it listens. Rejects with the system's error. */
  async listen(address: ListenAddress): Promise<string> {
    if ('path' in address) await removeStale(address.path);
    const server = net.createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
      (socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
        void this.serve(socket, socket);
      },
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, resolve);
    });
    this.#servers.push(server);
    const bound = server.address();
    if (bound === null || typeof bound === 'string') return bound ?? 'a socket handed over';
    return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
  }

  /** A Sandbox on a pair of streams. Resolves when it has ended, with the reason if there is one. */
  serve(input: Readable, output: Writable): Promise<string | null> {
    const connection = ++this.#connections;
    this.options.onConnection?.(connection);
    return new Promise((resolve) => {
      void new Connection(this.#pool.take(), input, output, (reason) => {
        this.options.onEnd?.(connection, reason);
        resolve(reason);
      });
    });
  }

  /** No connection is taken any more, and those that are there end. */
  async close(): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#pool.close();
    await this.evaluator.close();
  }
}

/** Removes a UNIX socket that is left from a process that has died. One that somebody listens on stays. */
async function removeStale(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const refused = await new Promise<boolean>((resolve) => {
    const socket = net.connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED');
    });
  });
  if (refused) rmSync(path);
}
