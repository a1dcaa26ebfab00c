import type { Readable } from 'node:stream';
import { ValueReader, type Variant } from './values.js';

/** The specification's longest message. After one that says it is longer, nothing can be found any more. */
const LONGEST_MESSAGE = 128 * 1024 * 1024;
/** Bytes of a body that is wanted: 4,096 login sessions are some 400 KiB. */
const LONGEST_BODY = 1024 * 1024;
/** Values in it: those sessions are 25,000. */
const MOST_VALUES = 50_000;
/** Bytes of a header. A name has at most 255, a path as many as it likes; the paths that matter here are short. */
const LONGEST_HEADER = 16 * 1024;
/** Values in it: 9 fields of four each, and some that later versions may add. */
const MOST_HEADER_VALUES = 100;

const START_BYTES = 16;
const LITTLE_ENDIAN = 'l'.charCodeAt(0);
const BIG_ENDIAN = 'B'.charCodeAt(0);
const VERSION = 1;

/** Fields of a header by their numbers ("Header Fields"); the others are of no use here. */
const FIELDS = { 3: 'member', 4: 'errorName', 5: 'replySerial', 7: 'sender', 8: 'signature' } as const;

/** What a message says of itself. Each may be missing, and all but the sender is as whoever sent it wrote it. */
export interface Header {
  readonly type: number;
  readonly member?: unknown;
  readonly errorName?: unknown;
  readonly replySerial?: unknown;
  readonly sender?: unknown;
  readonly signature?: unknown;
}

/** Returns what reads the body and may throw; null: it is not wanted. */
type Look = (header: Header) => ((body: ValueReader) => void) | null;

/** The first 16 bytes. */
interface Start {
  readonly littleEndian: boolean;
  readonly type: number;
  /** Without the padding after it, which `paddedLength` has. */
  readonly headerLength: number;
  readonly paddedLength: number;
  readonly bodyLength: number;
}

/**
 * Takes messages off a bus's socket. Whoever may speak on the bus can send one, of 32 MiB on a system bus, with any content:
 * headers alone are looked at, and of bodies only those that somebody waits for are read or so much as kept. What cannot be read is passed over.
 */
export class MessageReader {
  readonly #stream: Readable;
  readonly #look: Look;
  #start: Start | null = null;
  #readBody: ((body: ValueReader) => void) | null = null;
  /** Bytes still to come that nobody wants. */
  #unwanted = 0;

  constructor(stream: Readable, look: Look) {
    this.#stream = stream;
    this.#look = look;
  }

  /** To be called whenever the socket is `readable`. */
  read(): void {
    while (!this.#stream.destroyed && this.#step());
  }

  /** Whether there was enough to go on. */
  #step(): boolean {
    if (this.#unwanted > 0) return this.#drop();
    if (this.#start === null) return this.#readStart();
    return this.#readBody ? this.#takeBody(this.#start, this.#readBody) : this.#readHeader(this.#start);
  }

  #readStart(): boolean {
    const bytes = this.#take(START_BYTES);
    if (!bytes) return false;
    const start = startOf(bytes);
    if (start === null) this.#stream.destroy(new Error('a message cannot be read'));
    else if (START_BYTES + start.paddedLength + start.bodyLength > LONGEST_MESSAGE)
      this.#stream.destroy(new Error('a message is too large'));
    else if (start.headerLength > LONGEST_HEADER) this.#unwanted = start.paddedLength + start.bodyLength;
    else this.#start = start;
    return true;
  }

  #readHeader(start: Start): boolean {
    const bytes = this.#take(start.paddedLength);
    if (!bytes) return false;
    const header = headerOf(start, bytes.subarray(0, start.headerLength));
    this.#readBody = header && this.#look(header);
    if (this.#readBody && start.bodyLength <= LONGEST_BODY) return true;
    this.#unwanted = start.bodyLength;
    this.#next();
    return true;
  }

  #takeBody(start: Start, readBody: (body: ValueReader) => void): boolean {
    const bytes = this.#take(start.bodyLength);
    if (!bytes) return false;
    this.#next();
    try {
      readBody(new ValueReader(bytes, start.littleEndian, MOST_VALUES));
    } catch {
      // As if it had not come.
    }
    return true;
  }

  #next(): void {
    this.#start = null;
    this.#readBody = null;
  }

  #drop(): boolean {
    const here = Math.max(1, this.#stream.readableLength);
    const dropped = this.#take(Math.min(this.#unwanted, here));
    this.#unwanted -= dropped?.length ?? 0;
    return dropped !== null;
  }

  /** null: so many are not there yet. */
  #take(length: number): Buffer | null {
    // Node takes 0 as the wish to have more read.
    if (length === 0) return Buffer.alloc(0);
    const bytes = this.#stream.read(length) as Buffer | null;
    // At the end it hands out what is left.
    return bytes?.length === length ? bytes : null;
  }
}

/** null: it is none of a message. */
function startOf(bytes: Buffer): Start | null {
  const [endianness, type, , version] = bytes;
  if ((endianness !== LITTLE_ENDIAN && endianness !== BIG_ENDIAN) || version !== VERSION) return null;
  const littleEndian = endianness === LITTLE_ENDIAN;
  const numberAt = (at: number) => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const headerLength = numberAt(12);
  const paddedLength = Math.ceil(headerLength / 8) * 8;
  return { littleEndian, type: type!, headerLength, paddedLength, bodyLength: numberAt(4) };
}

/** null: it cannot be read. */
function headerOf({ type, littleEndian }: Start, bytes: Buffer): Header | null {
  const reader = new ValueReader(bytes, littleEndian, MOST_HEADER_VALUES);
  const header: Record<string, unknown> = {};
  try {
    while (!reader.atEnd) {
      const [[code, variant]] = reader.read('(yv)') as [[keyof typeof FIELDS, Variant]];
      // Those that are known are texts and a number.
      if (code in FIELDS && typeof variant.value !== 'object') header[FIELDS[code]] = variant.value;
    }
  } catch {
    return null;
  }
  return { ...header, type };
}
