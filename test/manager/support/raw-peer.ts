import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

const LITTLE_ENDIAN = 'l'.charCodeAt(0);
const METHOD_CALL = 1;
export const METHOD_RETURN = 2;
export const SIGNAL = 4;
const VERSION = 1;

/** Somebody on a bus who writes messages byte by byte, as no library does. */
export class RawPeer {
  readonly #socket: Socket;
  #serial = 0;

  static async join(t: TestContext, socketPath: string): Promise<RawPeer> {
    const socket = connect(socketPath);
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const uid = Buffer.from(String(process.getuid!())).toString('hex');
    socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
    await once(socket, 'data');
    socket.write('BEGIN\r\n');
    const peer = new RawPeer(socket);
    const bus = 'org.freedesktop.DBus';
    peer.#send(METHOD_CALL, {
      1: ['o', '/org/freedesktop/DBus'],
      2: ['s', bus],
      3: ['s', 'Hello'],
      6: ['s', bus],
    });
    await once(socket, 'data');
    socket.resume();
    return peer;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** To one of the bus alone. */
  signal(destination: string, of: string, member: string, signature: string, body: Buffer): void {
    const where: Fields = { 1: ['o', '/x'], 2: ['s', of], 3: ['s', member], 6: ['s', destination] };
    this.#send(SIGNAL, { ...where, 8: ['g', signature] }, body);
  }

  #send(type: number, fields: Fields, body?: Buffer): void {
    this.#socket.write(encodeMessage(type, ++this.#serial, fields, body));
  }
}

export type Fields = Readonly<Record<number, readonly [type: 'o' | 's' | 'g' | 'u', value: string | number]>>;

export function encodeMessage(
  type: number,
  serial: number,
  fields: Fields,
  body: Buffer = Buffer.alloc(0),
): Buffer {
  const encoded = Buffer.concat(encodeFields(fields));
  const head = Buffer.alloc(16);
  head.set([LITTLE_ENDIAN, type, 0, VERSION]);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(serial, 8);
  head.writeUInt32LE(encoded.length, 12);
  return Buffer.concat([head, padded(encoded), body]);
}

/** Each from a multiple of 8 on; the last one unpadded. */
function encodeFields(fields: Fields): Buffer[] {
  const all = Object.entries(fields).map(([code, [type, value]]) => {
    const variant = Buffer.from([Number(code), 1, type.charCodeAt(0), 0]);
    if (type === 'u') return Buffer.concat([variant, uint32(Number(value))]);
    const text = Buffer.from(`${value}\0`);
    const length = type === 'g' ? Buffer.from([text.length - 1]) : uint32(text.length - 1);
    return Buffer.concat([variant, length, text]);
  });
  return all.map((field, at) => (at < all.length - 1 ? padded(field) : field));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)]);
}
