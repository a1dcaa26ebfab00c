/** A syslog server by TCP (RFC 6587, octets counted) that can be killed, or stop reading. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class LogServer {
  /** Messages that came, by MSGID. */
  readonly received: Record<string, number> = {};
  /** Records that messages of the type `recordsDropped` own up to. */
  droppedAsSaid = 0;
  /** What was no message. */
  malformed = 0;
  #port = 0;
  #server: Server | null = null;
  #hears = true;
  readonly #sockets = new Set<Socket>();

  get port(): number {
    return this.#port;
  }

  /** At the same port each time. */
  async start(): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await new Promise((resolve) => server?.close(resolve) ?? resolve(null));
  }

  /** Accepts, and never reads. */
  deafen(): void {
    this.#hears = false;
    for (const socket of this.#sockets) socket.pause();
  }

  hear(): void {
    this.#hears = true;
    for (const socket of this.#sockets) socket.resume();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let rest: Buffer = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      rest = this.#take(Buffer.concat([rest, bytes]));
    });
    if (!this.#hears) socket.pause();
  }

  #take(bytes: Buffer): Buffer {
    for (let at = 0; ;) {
      const space = bytes.indexOf(0x20, at);
      if (space < 0) return bytes.subarray(at);
      const length = Number(bytes.toString('latin1', at, space));
      if (!Number.isInteger(length) || length < 1) {
        this.malformed++;
        return Buffer.alloc(0);
      }
      const end = space + 1 + length;
      if (end > bytes.length) return bytes.subarray(at);
      this.#hear(bytes.toString('utf8', space + 1, end));
      at = end;
    }
  }

  #hear(message: string): void {
    const type = /^<\d+>1 \S+ \S+ \S+ \S+ (\S+) /.exec(message)?.[1];
    if (type === undefined) {
      this.malformed++;
      return;
    }
    this.received[type] = (this.received[type] ?? 0) + 1;
    if (type === 'recordsDropped') this.droppedAsSaid += Number(/ records="(\d+)"/.exec(message)?.[1]);
  }
}
