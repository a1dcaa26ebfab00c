import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { BlockList, isIP, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { EvaluatorError, InvalidArgumentError } from '../../model/index.js';

export interface InspectOptions {
  /** A loopback address, or `localhost`. Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 9229, where Chrome's `chrome://inspect` looks; 0: any that is free. */
  readonly port?: number;
  /** Called for each Sandbox that waits for a debugger. */
  readonly onTarget?: (target: InspectorTargetInfo) => void;
}

/** How a debugger finds a Sandbox. */
export interface InspectorTargetInfo {
  readonly title: string;
  readonly webSocketDebuggerUrl: string;
  /** Opens Chrome's own debugger on it. */
  readonly devtoolsFrontendUrl: string;
}

/** What a debugger can be connected to; by one at a time. */
export interface InspectorTarget {
  readonly title: string;
  connect(send: (message: string) => void): void;
  receive(message: string): void;
  disconnect(): void;
}

const DEFAULT_PORT = 9229;
const MAX_MESSAGE_BYTES = 256 * 2 ** 20;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** The HTTP side of the protocol: a list of targets, and a WebSocket for each. */
export class InspectorServer {
  readonly #targets = new Map<string, { target: InspectorTarget; socket: WebSocket | null }>();

  private constructor(
    private readonly http: Server,
    private readonly sockets: WebSocketServer,
    private readonly onTarget: (target: InspectorTargetInfo) => void,
  ) {
    http.on('request', (request, response) => this.#answer(request, response));
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(request, socket, head);
    });
  }

  /**
   * Listens for debuggers. Rejects with `InvalidArgumentError` for an address that others can reach, with `EvaluatorError`
   * when it cannot be had.
   */
  static async open(options: InspectOptions): Promise<InspectorServer> {
    const { host = '127.0.0.1', port = DEFAULT_PORT, onTarget = () => undefined } = options;
    if (host !== 'localhost' && !isLoopback(host))
      throw new InvalidArgumentError(
        'inspect.host',
        `expected a loopback address, got ${JSON.stringify(host)}`,
      );
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new InvalidArgumentError('inspect.port', `expected 0 to 65535, got ${port}`);
    // Every evaluator has this file, few are debugged: what they load is what each of them begins with.
    const { WebSocketServer } = await import('ws');
    const http = createServer();
    await new Promise<void>((resolve, reject) => {
      http.once('error', (cause) => {
        reject(
          new EvaluatorError(`the inspector cannot listen on ${host}:${port}: ${cause.message}`, { cause }),
        );
      });
      http.listen(port, host, resolve);
    });
    const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
    return new InspectorServer(http, sockets, onTarget);
  }

  /** Answers how to take it off the list. */
  add(target: InspectorTarget): () => void {
    // Not to be guessed: a page in a browser may open WebSockets to this machine, too.
    const id = randomUUID();
    this.#targets.set(id, { target, socket: null });
    this.onTarget(this.#info(id, target));
    return () => {
      this.#targets.get(id)?.socket?.close(1001, 'the Sandbox has ended');
      this.#targets.delete(id);
    };
  }

  async close(): Promise<void> {
    for (const { socket } of this.#targets.values()) socket?.terminate();
    this.#targets.clear();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  #info(id: string, { title }: InspectorTarget): InspectorTargetInfo {
    const { address, port, family } = this.http.address() as AddressInfo;
    const place = `${family === 'IPv6' ? `[${address}]` : address}:${port}/${id}`;
    return {
      title,
      webSocketDebuggerUrl: `ws://${place}`,
      devtoolsFrontendUrl: `devtools://devtools/bundled/js_app.html?experiments=true&v8only=true&ws=${place}`,
    };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const body = isFromHere(request) ? this.#document(request.url ?? '') : null;
    response.writeHead(body === null ? 404 : 200, { 'Content-Type': 'application/json; charset=UTF-8' });
    response.end(body === null ? '' : JSON.stringify(body, null, 2));
  }

  #document(path: string): unknown {
    switch (path) {
      case '/json':
      case '/json/list':
        return Array.from(this.#targets, ([id, { target }]) => ({
          id,
          type: 'node',
          description: 'a Sandbox of dcp-worker-native',
          url: 'dcp:sandbox',
          ...this.#info(id, target),
        }));
      case '/json/version':
        return { Browser: 'dcp-worker-native', 'Protocol-Version': '1.3' };
      default:
        return null;
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node listens to it no more, and whoever connected may have gone.
    socket.on('error', () => socket.destroy());
    const entry = this.#targets.get((request.url ?? '').slice(1));
    if (entry?.socket !== null || !isFromHere(request)) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (connection) => {
      entry.socket = connection;
      connection.on('message', (data) => entry.target.receive((data as Buffer).toString()));
      connection.on('error', () => connection.terminate());
      connection.on('close', () => {
        entry.socket = null;
        entry.target.disconnect();
      });
      entry.target.connect((message) => connection.send(message));
    });
  }
}

/** A page whose name was made to point at this machine says that name: it is refused, as Node's inspector does. */
function isFromHere({ headers }: IncomingMessage): boolean {
  const name = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || isLoopback(name);
}

function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
