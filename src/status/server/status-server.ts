import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import { InvalidArgumentError, ListenError } from '../../model/index.js';
import type { StatusSource, WorkerControl } from '../worker-status.js';
import { Access, checkToken, isLoopback } from './access.js';
import { EventStreams } from './event-streams.js';
import { Page } from './page.js';
import { Router } from './router.js';
import { listenOnSocket, type OwnSocket } from './unix-socket.js';

export interface StatusServerOptions {
  readonly source: StatusSource;
  readonly control: WorkerControl;
  /** Path of the Unix socket, through which a Worker is also changed; null: none. */
  readonly socket: string | null;
  /** How often it is looked whether the socket is still there, milliseconds. Default 30,000. */
  readonly lookEveryMs?: number;
  /** Hears that the socket was gone and is there again (null), and, once each time, why it cannot be. */
  readonly onSocketGone?: (trouble: string | null) => void;
  /** Where to listen on TCP, for reading alone; null: nowhere. */
  readonly http: HttpListenerOptions | null;
  /** Hears of what went wrong while answering, with the reference that the asker got. */
  readonly onError: (error: unknown, reference: string) => void;
}

export interface HttpListenerOptions {
  /** 0 to 65535; 0: any that is free. */
  readonly port: number;
  /** An IP address of this machine, or `localhost`. One that others reach needs a token. */
  readonly address: string;
  /** What readers must know, 16 to 512 characters; null: nothing. */
  readonly token: string | null;
}

/** Bytes of a request's head. */
export const MAX_HEADER_BYTES = 8192;
/** Connections of each listener at a time. */
export const MAX_CONNECTIONS = 64;
/** How long the head of a request may take to come, and all of it, milliseconds. */
export const HEADERS_MS = 5_000;
export const REQUEST_MS = 10_000;
/** How long a connection may neither bring nor take a byte, milliseconds; Node looks twice before it ends one that took some. */
export const INACTIVE_MS = 8_000;
/** How often it is looked whether the socket is still there, milliseconds. */
const LOOK_MS = 30_000;
/** How long what is being answered may take to leave at the end, milliseconds. */
const CLOSE_MS = 500;

/** Tells whoever asks what a Worker does, and has it do what its owner says. */
export class StatusServer {
  readonly #servers: Server[] = [];
  readonly #events: EventStreams;
  readonly #router: Router;
  /** What listens on the socket; null: nothing. */
  #local: { readonly server: Server; readonly socket: OwnSocket } | null = null;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  /** It has been said why the socket is not there. */
  #isMissed = false;
  #closing: Promise<void> | null = null;
  /** Where the page is; null: no TCP listener. */
  url: string | null = null;

  constructor(private readonly options: StatusServerOptions) {
    this.#events = new EventStreams(options.source);
    this.#router = new Router({ ...options, page: new Page(), events: this.#events });
  }

  async listen(): Promise<void> {
    const { socket, http } = this.options;
    if (http !== null) checkHttp(http);
    if (socket !== null) {
      this.#local = await this.#listenOn(socket);
      const { lookEveryMs = LOOK_MS } = this.options;
      this.#timer = setInterval(() => void this.lookAfterSocket(), lookEveryMs).unref();
    }
    if (http !== null) await this.#listenOnTcp(http);
  }

  /** Ends what listens; what is being answered may leave first. Does not reject. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * A folder that is there for the time of a login is emptied at its end, while this process may go on. What is gone is made again, now or
   * once it can be; what others have put there is theirs. Done now and then by itself. Does not reject.
   */
  lookAfterSocket(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = null));
    return this.#looking;
  }

  async #look(): Promise<void> {
    const before = this.#local;
    const { socket, onSocketGone } = this.options;
    if (socket === null || before === null || this.#closing !== null || before.socket.isInPlace()) return;
    try {
      this.#local = await this.#listenOn(socket, before.socket.folderMode);
    } catch (error) {
      // The one before goes on meanwhile: what covers its name may go away again.
      if (!this.#isMissed) onSocketGone?.((error as Error).message);
      this.#isMissed = true;
      return;
    }
    this.#isMissed = false;
    // What is being answered goes on.
    before.socket.remove();
    before.server.close();
    if (this.#closing === null) onSocketGone?.(null);
    else this.#closeLocal();
  }

  async #listenOn(
    file: string,
    folderMode?: number,
  ): Promise<{ readonly server: Server; readonly socket: OwnSocket }> {
    const server = this.#create((request, response) => this.#router.handle(request, response, null));
    try {
      return { server, socket: await listenOnSocket(server, file, folderMode) };
    } catch (error) {
      this.#servers.splice(this.#servers.indexOf(server), 1);
      throw error;
    }
  }

  #closeLocal(): void {
    this.#local?.socket.remove();
    this.#local?.server.close();
  }

  async #listenOnTcp({ port, address, token }: HttpListenerOptions): Promise<void> {
    const access = new Access(address, token);
    const server = this.#create((request, response) => this.#router.handle(request, response, access));
    await new Promise<void>((resolve, reject) => {
      server.once('error', ({ code, message }: NodeJS.ErrnoException) =>
        reject(
          new ListenError(
            code === 'EADDRINUSE' || code === 'EACCES' ? 'http.port' : 'http.address',
            `${address}, port ${port}: cannot be listened on (${code ?? message})`,
          ),
        ),
      );
      server.listen(port, address, resolve);
    });
    const { port: bound } = server.address() as AddressInfo;
    this.url = `http://${isIP(address) === 6 ? `[${address}]` : address}:${bound}/`;
  }

  #create(listener: RequestListener): Server {
    const server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: HEADERS_MS,
        requestTimeout: REQUEST_MS,
        connectionsCheckingInterval: 1_000,
        keepAliveTimeout: 5_000,
      },
      listener,
    );
    server.maxConnections = MAX_CONNECTIONS;
    server.setTimeout(INACTIVE_MS);
    // A connection that could not be accepted; what `listen` reports has hearers of its own.
    server.on('error', (error) => {
      if (server.listening) this.options.onError(error, randomUUID());
    });
    this.#servers.push(server);
    return server;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#local?.socket.remove();
    const closed = this.#servers.map(
      (server) =>
        new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve())),
    );
    this.#events.close();
    const patience = setTimeout(() => {
      for (const server of this.#servers) server.closeAllConnections();
    }, CLOSE_MS);
    await Promise.all(closed);
    clearTimeout(patience);
  }
}

/** Opens the listeners. Rejects with `InvalidArgumentError` or `ListenError`, and nothing stays open then. */
export async function openStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const server = new StatusServer(options);
  try {
    await server.listen();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

function checkHttp({ port, address, token }: HttpListenerOptions): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('http.port', `expected 0 to 65535, got ${port}`);
  if (isIP(address) === 0 && address !== 'localhost')
    throw new InvalidArgumentError(
      'http.address',
      `expected an IP address or localhost, got ${JSON.stringify(address)}`,
    );
  if (token !== null) checkToken('http.token', token);
  else if (!isLoopback(address))
    throw new InvalidArgumentError(
      'http.token',
      `${address} can be reached from other machines: whoever reads there must know a token (--token-file)`,
    );
}
