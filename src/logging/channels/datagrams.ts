import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { promisify } from 'node:util';
import { DatagramSocket } from '../../system/index.js';
import type { Channel, Sent } from '../queued-sink.js';

/**
 * Messages to a UNIX datagram socket of this machine. `seals`: one that is too long for a datagram goes as a sealed memory
 * file, which journald alone understands; others lose it.
 */
export class UnixDatagrams implements Channel<Buffer> {
  #socket: DatagramSocket | null = null;

  constructor(
    readonly name: string,
    private readonly path: string,
    private readonly seals: boolean,
  ) {}

  async send(messages: readonly Buffer[]): Promise<Sent> {
    return this.#send(messages);
  }

  sendNow(messages: readonly Buffer[]): void {
    for (let rest = messages; rest.length > 0;) {
      const { count } = this.#send(rest);
      if (count === 0) return;
      rest = rest.slice(count);
    }
  }

  close(): void {
    this.#socket?.close();
    this.#socket = null;
  }

  #send(messages: readonly Buffer[]): Sent {
    let count = 0;
    let unsendable = 0;
    try {
      const socket = (this.#socket ??= this.#open());
      for (; count < messages.length; count++) {
        const sending = this.seals ? socket.sendOrSeal(messages[count]!) : socket.send(messages[count]!);
        if (sending === 'wouldBlock') return { count, unsendable, error: 'busy' };
        if (sending === 'sent') continue;
        if (sending.code !== 'EMSGSIZE') throw sending;
        unsendable++;
      }
      return { count, unsendable, error: null };
    } catch (error) {
      this.close();
      return { count, unsendable, error: error as Error };
    }
  }

  #open(): DatagramSocket {
    const socket = new DatagramSocket();
    try {
      socket.connect(this.path);
    } catch (error) {
      socket.close();
      throw error;
    }
    return socket;
  }
}

/**
 * Messages as UDP datagrams. UDP loses without a word; what can be known is that nothing listens on a machine that
 * answers: then the messages that follow wait.
 */
export class UdpDatagrams implements Channel<Buffer> {
  #socket: Socket | null = null;
  /** What the system has heard of the peer since the last datagram. */
  #failure: Error | null = null;
  #closed = false;
  #opened = 0;

  constructor(
    readonly name: string,
    private readonly resolveHost: () => Promise<string>,
    private readonly port: number,
  ) {}

  async send(messages: readonly Buffer[]): Promise<Sent> {
    let count = 0;
    let unsendable = 0;
    try {
      const socket = this.#socket ?? (await this.#open());
      for (const message of messages) {
        if (this.#failure !== null) throw this.#failure;
        if (!(await this.#sendOne(socket, message))) unsendable++;
        count++;
      }
      return { count, unsendable, error: null };
    } catch (error) {
      this.#letGo();
      return { count, unsendable, error: error as Error };
    }
  }

  close(): void {
    this.#closed = true;
    this.#letGo();
  }

  async #open(): Promise<Socket> {
    const addresses = await lookup(await this.resolveHost(), { all: true });
    if (this.#closed) throw new Error('closed');
    // One that nobody listens at may be followed by one that somebody does: `localhost` often has two.
    const { address, family } = addresses[this.#opened++ % addresses.length]!;
    this.#failure = null;
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4').unref();
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#failure = error;
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      // Whatever its types say: Node tells it of a failure instead of the listeners.
      const connected = (error?: Error): void => {
        socket.off('error', reject);
        if (error) reject(error);
        else resolve();
      };
      socket.connect(this.port, address, connected);
    });
    return socket;
  }

  /** False: too long for a datagram. */
  async #sendOne(socket: Socket, message: Buffer): Promise<boolean> {
    try {
      await promisify<Buffer, void>((bytes, done) => socket.send(bytes, (error) => done(error)))(message);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EMSGSIZE') return false;
      throw error;
    }
  }

  #letGo(): void {
    this.#socket?.close();
    this.#socket = null;
  }
}
