/**
 * Loaded into an evaluator process in front of everything: some processes' streams of frames break at a random byte, in one of the ways
 * in which streams break. What was a frame's middle until then stays half-written.
 */
import { Socket } from 'node:net';

/** Where `--frames` has its channel. */
const CHANNEL_FD = 3;
/** Of processes, whose stream breaks. */
const SHARE = 0.35;
/** After 1 byte to 8 MiB: as often between 1 and 2 as between 4 and 8 MiB. */
const MAX_DOUBLINGS = 23;
const WAYS = ['close', 'die', 'garble', 'garble', 'die', 'close', 'silence'] as const;

type Write = (chunk: Uint8Array | string, ...rest: unknown[]) => boolean;

class BrokenStream {
  #left = Math.floor(2 ** (Math.random() * MAX_DOUBLINGS));
  readonly #way = WAYS[Math.floor(Math.random() * WAYS.length)]!;
  #isBroken = false;
  /** A frame of several buffers is written corked; the first of them says what it is. */
  #isWithinFrame = false;

  constructor(private readonly write: Write) {}

  cork(): void {
    this.#isWithinFrame = false;
  }

  uncork(): void {
    this.#isWithinFrame = false;
  }

  onWrite(socket: Socket, chunk: Uint8Array, rest: unknown[]): boolean {
    if (this.#isBroken) return true;
    const isStart = !this.#isWithinFrame;
    this.#isWithinFrame = socket.writableCorked > 0;
    if (this.#left > chunk.byteLength) {
      this.#left -= chunk.byteLength;
      return this.write.call(socket, chunk, ...rest);
    }
    if (this.#way === 'garble') {
      // Only where it cannot be taken for data: what the evaluator says of its own Job's results is not for anybody to check.
      if (!isStart) return this.write.call(socket, chunk, ...rest);
      this.#left = Infinity;
      return this.write.call(socket, new Uint8Array(chunk.byteLength).fill(0xff), ...rest);
    }
    this.#isBroken = true;
    return this.write.call(socket, chunk.subarray(0, this.#left), () => this.#break(socket));
  }

  #break(socket: Socket): void {
    if (this.#way === 'die') die();
    if (this.#way === 'close') socket.destroy();
    // Silence: nothing more is said, and nobody answers.
  }
}

/** By a signal, where it may send itself one. */
function die(): void {
  try {
    process.kill(process.pid, 'SIGKILL');
  } catch {
    process.exit(1);
  }
}

if (Math.random() < SHARE) {
  const methods = Socket.prototype;
  const { cork, uncork } = methods;
  const write = methods.write as unknown as Write;
  const stream = new BrokenStream(write);
  const isChannel = (socket: Socket): boolean =>
    (socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd === CHANNEL_FD;
  methods.cork = function (this: Socket): void {
    if (isChannel(this)) stream.cork();
    cork.call(this);
  };
  methods.uncork = function (this: Socket): void {
    uncork.call(this);
    if (isChannel(this)) stream.uncork();
  };
  const broken = function (this: Socket, chunk: Uint8Array | string, ...rest: unknown[]): boolean {
    if (typeof chunk === 'string' || !isChannel(this)) return write.call(this, chunk, ...rest);
    return stream.onWrite(this, chunk, rest);
  };
  methods.write = broken;
}
