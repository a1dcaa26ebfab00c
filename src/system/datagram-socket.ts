import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { loadAddon } from './addon.js';

/** native/addon/datagram.h as TypeScript sees it. Every answer is 0 or a number of errno; data is any view. */
interface NativeDatagramSocket {
  connect(address: string): number;
  send(data: Uint8Array): number;
  sendSealed(data: Uint8Array): number;
  waitWritable(timeoutMs: number): number;
  close(): void;
}

const { EMSGSIZE, ENOBUFS, EAGAIN } = constants.errno;

/** What became of a message: the peer has it; it would have to wait; or a SystemError says why not. */
export type Sending = 'sent' | 'wouldBlock' | SystemError;

/** A call of the operating system that failed. `code` is the name of errno, as in Node's own errors. */
export class SystemError extends Error {
  readonly code: string;

  constructor(call: string, address: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${call} ${code} ${address}`);
    this.name = 'SystemError';
    this.code = code;
  }
}

/**
 * A client of a UNIX datagram socket, which Node has none of: the system's log and systemd are reached by them. Nothing
 * waits but `waitWritable`.
 */
export class DatagramSocket {
  readonly #native: NativeDatagramSocket;
  #address = '';

  /** Throws EvaluatorError where there is no addon. */
  constructor() {
    const addon = loadAddon() as { readonly DatagramSocket: new () => NativeDatagramSocket };
    this.#native = new addon.DatagramSocket();
  }

  /** Names the peer: a path, or `@name` in the abstract namespace; at most 107 bytes. Throws SystemError. */
  connect(address: string): void {
    this.#address = address;
    const errno = this.#native.connect(address);
    if (errno !== 0) throw new SystemError('connect', address, errno);
  }

  send(message: Uint8Array): Sending {
    return this.#sending('send', this.#native.send(message));
  }

  /**
   * The same, but a message that is too long for the socket goes as a sealed memory file, which only peers understand that
   * speak journald's protocol.
   */
  sendOrSeal(message: Uint8Array): Sending {
    const errno = this.#native.send(message);
    if (errno !== EMSGSIZE && errno !== ENOBUFS) return this.#sending('send', errno);
    return this.#sending('sendmsg', this.#native.sendSealed(message));
  }

  /** Blocks the thread until the peer would take a message, for at most so many milliseconds. False: it does not. */
  waitWritable(timeoutMs: number): boolean {
    return this.#native.waitWritable(timeoutMs) === 0;
  }

  close(): void {
    this.#native.close();
  }

  #sending(call: string, errno: number): Sending {
    if (errno === 0) return 'sent';
    return errno === EAGAIN ? 'wouldBlock' : new SystemError(call, this.#address, errno);
  }
}
