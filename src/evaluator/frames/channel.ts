import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import { encodeFrame, type Frame, type Part } from './frame.js';
import { FrameReader } from './frame-reader.js';
import type { GreetingReader } from './greeting.js';

export interface FrameChannelOwner {
  /** May throw, which ends the channel. */
  onFrame(frame: Frame): void;
  /** The channel has ended; nothing follows. Null: the other side closed it, or died, perhaps within a frame. */
  onClosed(error: Error | null): void;
}

/** Makes the socket of a channel, which reads as `onread` says. */
export type OpenSocket = (onread: OnReadOpts) => Socket;

/** A stream socket that this process has. */
export function onDescriptor(fd: number): OpenSocket {
  // `onread` is documented for the constructor, but missing in its types.
  return (onread) => new Socket({ fd, readable: true, writable: true, onread } as SocketConstructorOpts);
}

/** Frames over one end of a socket pair, or of a connection. */
export class FrameChannel {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  /** What reads now. */
  #input: FrameReader | GreetingReader;
  #closed = false;
  /** Bytes of all frames that were sent, and of those of them that the system has taken, or takes by now. */
  #sent = 0;
  #begun = 0;
  // Node calls it when it has passed on to the system all that waited behind what was written.
  readonly #onWritten = (): void => {
    this.#begun = this.#sent;
  };

  /**
   * @param maxBytes of the parts of one frame that comes in
   * @param greeting what comes in front of the first frame; null: nothing does
   */
  constructor(
    open: OpenSocket,
    maxBytes: number,
    private readonly owner: FrameChannelOwner,
    greeting: GreetingReader | null = null,
  ) {
    this.#reader = new FrameReader(maxBytes, (frame) => {
      if (!this.#closed) owner.onFrame(frame);
    });
    this.#input = greeting ?? this.#reader;
    // Node reads straight to where the bytes belong.
    this.#socket = open({
      buffer: () => this.#input.target(),
      callback: (bytes) => this.#read(bytes),
    });
    // A reset says that the other side died before it had read everything.
    this.#socket.on('error', () => this.#end(null));
    this.#socket.on('end', () => this.#end(null));
    this.#socket.on('close', () => this.#end(null));
    // With `onread` nothing is read until somebody says so.
    this.#socket.resume();
  }

  set maxBytes(bytes: number) {
    this.#reader.maxBytes = bytes;
  }

  /** Sends what is no frame: the greeting in front of them. */
  greet(line: string): void {
    if (!this.#closed) this.#socket.write(line);
  }

  /** Bytes that were sent and wait for the other side to read. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Those of them of which the other side cannot have read anything. */
  get unreadBytes(): number {
    return Math.min(this.#sent - this.#begun, this.#socket.writableLength);
  }

  /** Bytes of all frames so far: where the next one begins. */
  get position(): number {
    return this.#sent;
  }

  /** Whether the other side may have read what begins there. */
  mayHaveRead(position: number): boolean {
    return position < this.#sent - this.unreadBytes;
  }

  /**
   * Whether the other side has shown since the last call that it is there: bytes of it have come, or of those that waited then the system has taken
   * some. What the system takes at once shows nothing, as it has room for much that nobody reads.
   */
  hasMoved(): boolean {
    const { writableLength } = this.#socket;
    const taken = this.#sent - writableLength;
    const leaving = this.#leavingBytes;
    const hasTaken = this.#waited && (taken !== this.#taken || leaving !== this.#leaving);
    const hasMoved = this.#hasRead || hasTaken;
    this.#hasRead = false;
    this.#waited = writableLength > 0;
    this.#taken = taken;
    this.#leaving = leaving;
    return hasMoved;
  }
  #hasRead = false;
  #waited = false;
  #taken = 0;
  #leaving = 0;

  /** What the system has not taken of what Node writes now; `writableLength` has all of that until the end. Node's own timeout of sockets looks there, too. */
  get #leavingBytes(): number {
    return (this.#socket as { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
  }

  /** The bytes of the parts must not change until they are sent. Answers how many there are; does nothing once the channel has ended. */
  send(header: readonly number[], parts?: readonly Part[]): number {
    if (this.#closed) return 0;
    const buffers = encodeFrame(header, parts);
    const [first] = buffers as [Uint8Array];
    let bytes = first.byteLength;
    for (let i = 1; i < buffers.length; i++) bytes += buffers[i]!.byteLength;
    this.#sent += bytes;
    if (buffers.length === 1) {
      this.#socket.write(first, this.#onWritten);
      return bytes;
    }
    // Corked, they leave by one `writev` and are not put together before.
    this.#socket.cork();
    const last = buffers.pop()!;
    for (const buffer of buffers) this.#socket.write(buffer);
    this.#socket.write(last, this.#onWritten);
    this.#socket.uncork();
    return bytes;
  }

  /** Resolves when so little waits to be sent that more is welcome; undefined: it is now. */
  untilSent(): Promise<void> | undefined {
    if (this.#closed || !this.#socket.writableNeedDrain) return undefined;
    // One for all who wait: each of many messages does.
    this.#untilSent ??= new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done).off('close', done);
        this.#untilSent = undefined;
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
    return this.#untilSent;
  }
  #untilSent: Promise<void> | undefined;

  /** The other side is not listened to until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends at once; the owner is not told. */
  destroy(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #read(bytes: number): boolean {
    if (this.#closed) return true;
    this.#hasRead = true;
    try {
      this.#input.advance(bytes);
      if (this.#input !== this.#reader && (this.#input as GreetingReader).isDone) this.#input = this.#reader;
    } catch (error) {
      this.#end(error as Error);
    }
    return true;
  }

  #end(error: Error | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.owner.onClosed(error);
  }
}
