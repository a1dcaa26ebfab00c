import type { Socket } from 'node:net';
import type { Channel, Sent } from '../queued-sink.js';

export interface Connecting {
  readonly socket: Socket;
  readonly ready: 'connect' | 'secureConnect';
}

export interface SocketStreamOptions {
  readonly name: string;
  /** Begins a connection; the event tells when it stands. May throw what is wrong before that. */
  readonly connect: () => Promise<Connecting>;
  /** How messages are told apart in the stream. */
  readonly frame: (message: Buffer) => Buffer;
  /** A connection that takes this long to stand, or takes nothing of a batch for so long, is given up, milliseconds. */
  readonly stallMs?: number;
}

const STALL_MS = 30_000;

/** How soon the system asks whether a silent peer is still there, milliseconds. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Messages over a connection, which is opened when there is something to send and again when it is lost. A batch of which
 * the system has not taken everything when the connection ends is sent again as a whole. What the system has
 * taken and the server has not read is lost with it: these protocols have no receipts.
 */
export class SocketStream implements Channel<Buffer> {
  #socket: Socket | null = null;
  #state: 'idle' | 'connecting' | 'connected' | 'closed' = 'idle';

  constructor(private readonly options: SocketStreamOptions) {}

  get name(): string {
    return this.options.name;
  }

  async send(messages: readonly Buffer[]): Promise<Sent> {
    try {
      const socket = this.#state === 'connected' ? this.#socket! : await this.#open();
      await this.#write(socket, Buffer.concat(messages.map(this.options.frame)));
      return { count: messages.length, unsendable: 0, error: null };
    } catch (error) {
      this.#socket?.destroy();
      this.#lost();
      return { count: 0, unsendable: 0, error: error as Error };
    }
  }

  close(): void {
    const isDone = this.#state === 'connected' && this.#socket!.writableLength === 0;
    this.#state = 'closed';
    // What has been written is the system's, which says goodbye behind it; a batch under way is given up.
    if (isDone) this.#socket?.destroySoon();
    else this.#socket?.destroy();
  }

  async #open(): Promise<Socket> {
    if (this.#state === 'closed') throw new Error('closed');
    this.#state = 'connecting';
    const { socket, ready } = await this.options.connect();
    this.#socket = socket;
    socket.unref();
    // It may have nothing to say; read it nevertheless, so that its end is seen before the next batch is lost to it.
    socket.resume();
    // An error that comes while nothing is sent says no more than the end of the connection behind it.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket === socket) this.#lost();
    });
    if (this.#isClosed) socket.destroy();
    await this.#patiently(socket, (resolve) => socket.once(ready, () => resolve()));
    this.#state = 'connected';
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #lost(): void {
    this.#socket = null;
    if (!this.#isClosed) this.#state = 'idle';
  }

  #write(socket: Socket, bytes: Buffer): Promise<void> {
    return this.#patiently(socket, (resolve, reject) => {
      socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Waits for something that a socket does, unless it fails or takes too long. */
  #patiently(
    socket: Socket,
    wait: (resolve: () => void, reject: (error: Error) => void) => void,
  ): Promise<void> {
    const stallMs = this.options.stallMs ?? STALL_MS;
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => fail(new Error(`took nothing for ${stallMs / 1000} s`)),
        stallMs,
      ).unref();
      const done = (): void => {
        clearTimeout(timer);
        socket.off('error', fail).off('close', onClose);
      };
      const fail = (error: Error): void => {
        done();
        reject(error);
      };
      const onClose = (): void => fail(new Error('the connection was closed'));
      socket.once('error', fail).once('close', onClose);
      wait(() => {
        done();
        resolve();
      }, fail);
    });
  }
}

/** RFC 6587, section 3.4.1: each message behind its length. */
export function octetCounted(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** RFC 6587, section 3.4.2: each message ends with a line break; ours have none within. */
export function lineEnded(message: Buffer): Buffer {
  return Buffer.concat([message, Buffer.from('\n')]);
}
