/** How servers of this folder come to listen. */
import net from 'node:net';
import { rmSync, statSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** Where a server listens: a TCP address, a UNIX socket, or a descriptor that already does. */
export type ListenAddress =
  { readonly port: number; readonly host: string } | { readonly path: string } | { readonly fd: number };

interface ListeningOptions {
  /** A peer whose machine has gone sends no end; TCP asks after so long, milliseconds. */
  readonly keepAliveMs: number;
  /** Not a byte is read here of a connection: it belongs to another process. */
  readonly handsOver?: true;
}

/** A server at any number of addresses, whose connections all come to the same place. */
export abstract class ListeningServer {
  readonly #options: ListeningOptions;
  readonly #servers: net.Server[] = [];
  #isClosing = false;

  protected constructor(options: ListeningOptions) {
    this.#options = options;
  }

  protected abstract onConnection(socket: net.Socket): void;
  /** A connection was not accepted, as when this process has no descriptor left for one more: those that are there go on. */
  protected abstract onNotAccepted(message: string): void;
  /** No connection is taken any more, and those that are there end: `stopListening`, and what there is to do besides. */
  abstract close(): Promise<void>;

  /** The TCP port it listened on first; 0: on none. */
  get port(): number {
    return portOf(this.#servers[0]);
  }

  /** Resolves with where it listens. Rejects with the system's error. */
  async listen(address: ListenAddress): Promise<string> {
    const { keepAliveMs, handsOver = false } = this.#options;
    const server = net.createServer(
      {
        pauseOnConnect: handsOver,
        allowHalfOpen: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: keepAliveMs,
      },
      (socket) => this.onConnection(socket),
    );
    const where = await listenOn(server, address);
    server.on('error', (error) => this.onNotAccepted(error.message));
    this.#servers.push(server);
    return where;
  }

  protected get isClosing(): boolean {
    return this.#isClosing;
  }

  /** No connection is taken any more. */
  protected stopListening(): void {
    this.#isClosing = true;
    for (const server of this.#servers) server.close();
  }
}

async function listenOn(server: net.Server, address: ListenAddress): Promise<string> {
  if ('path' in address) await removeStale(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return bound ?? 'a socket handed over';
  return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}

function portOf(server: net.Server | undefined): number {
  const bound = server?.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
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

interface Handle {
  readonly fd: number;
}

/** Node has no other way to what is behind a stream. */
function handleOf(stream: Writable): Handle | null {
  return (stream as unknown as { readonly _handle?: Handle | null })._handle ?? null;
}

/** The descriptor of a pipe or a socket. Negative: it is closed here, or none of these. */
export function descriptorOf(stream: Writable): number {
  return handleOf(stream)?.fd ?? -1;
}

/** Asks the kernel for nothing, which would refuse it to a confined process. */
export function isTcp(stream: Writable): boolean {
  return handleOf(stream)?.constructor.name === 'TCP';
}
