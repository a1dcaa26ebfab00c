import { BusError } from './errors.js';

/** Values within values: 32 arrays and 32 structures are the most that a type may have. */
const DEEPEST = 64;

/** Where values start: at multiples of this many bytes ("Summary of D-Bus marshalling"). */
const ALIGNMENTS: Readonly<Record<string, number>> = {
  ...{ y: 1, g: 1, v: 1 },
  ...{ n: 2, q: 2 },
  ...{ b: 4, i: 4, u: 4, h: 4, s: 4, o: 4, a: 4 },
  ...{ x: 8, t: 8, d: 8, '(': 8, '{': 8 },
};

export interface Variant {
  readonly signature: string;
  readonly value: unknown;
}

/**
 * Reads values as D-Bus writes them, from bytes that anybody may have written: not beyond their end, whatever lengths say, and
 * no more than so many, because a value of four bytes becomes an object of hundreds.
 *
 * Numbers of 64 bits are bigints, arrays of bytes are Buffers, dictionaries are objects.
 */
export class ValueReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  #left: number;
  #at = 0;

  /** @param bytes from a multiple of 8 on in the message @param most how many values there may be, those within others too */
  constructor(bytes: Buffer, littleEndian: boolean, most: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#littleEndian = littleEndian;
    this.#left = most;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next values, one for each type of the signature. @throws Error when they are not there, or too many */
  read(signature: string): unknown[] {
    return this.#values(signature, 0);
  }

  #values(signature: string, depth: number): unknown[] {
    return typesOf(signature).map((type) => this.#value(type, depth));
  }

  #value(type: string, depth: number): unknown {
    if (--this.#left < 0 || depth > DEEPEST) throw new BusError('a message has too many values');
    const first = type.charAt(0);
    this.#align(first);
    switch (first) {
      case 'v':
        return this.#variant(depth);
      case 'a':
        return this.#array(type.slice(1), depth);
      case '(':
      case '{':
        return this.#values(type.slice(1, -1), depth + 1);
      case 's':
      case 'o':
        return this.#text(this.#unsigned());
      case 'g':
        return this.#text(this.#view.getUint8(this.#skip(1)));
      default:
        return this.#number(first);
    }
  }

  #number(type: string): unknown {
    switch (type) {
      case 'y':
        return this.#view.getUint8(this.#skip(1));
      case 'b':
        return this.#unsigned() !== 0;
      case 'n':
        return this.#view.getInt16(this.#skip(2), this.#littleEndian);
      case 'q':
        return this.#view.getUint16(this.#skip(2), this.#littleEndian);
      case 'i':
        return this.#view.getInt32(this.#skip(4), this.#littleEndian);
      case 'u':
      case 'h':
        return this.#unsigned();
      case 'x':
        return this.#view.getBigInt64(this.#skip(8), this.#littleEndian);
      case 't':
        return this.#view.getBigUint64(this.#skip(8), this.#littleEndian);
      case 'd':
        return this.#view.getFloat64(this.#skip(8), this.#littleEndian);
      default:
        throw new BusError(`there is no type "${type}"`);
    }
  }

  #variant(depth: number): Variant {
    const signature = this.#text(this.#view.getUint8(this.#skip(1)));
    const values = this.#values(signature, depth + 1);
    if (values.length !== 1) throw new BusError(`a variant has type "${signature}"`);
    return { signature, value: values[0] };
  }

  #array(type: string, depth: number): unknown {
    const length = this.#unsigned();
    this.#align(type.charAt(0));
    const start = this.#at;
    const end = start + length;
    if (end > this.#bytes.length) throw new BusError('an array goes beyond its message');
    if (type === 'y') return this.#bytes.subarray(this.#skip(length), end);
    const items: unknown[] = [];
    while (this.#at < end) items.push(this.#value(type, depth + 1));
    if (this.#at !== end) throw new BusError('an array does not end where it says');
    return type.startsWith('{') ? Object.fromEntries(items as [string, unknown][]) : items;
  }

  #text(length: number): string {
    const start = this.#skip(length + 1);
    return this.#bytes.toString('utf8', start, start + length);
  }

  #unsigned(): number {
    return this.#view.getUint32(this.#skip(4), this.#littleEndian);
  }

  #align(type: string): void {
    const step = ALIGNMENTS[type] ?? 1;
    this.#at = Math.ceil(this.#at / step) * step;
  }

  /** Where the bytes are that are gone over. */
  #skip(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw new BusError('a message ends within a value');
    this.#at += length;
    return start;
  }
}

/** `susa{sv}` is `s`, `u`, `s` and `a{sv}`. */
function typesOf(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, start: number): number {
  let at = start;
  while (signature[at] === 'a') at++;
  let open = 0;
  do {
    if (at >= signature.length) throw new BusError(`"${signature}" ends within a type`);
    const one = signature.charAt(at++);
    if (one === '(' || one === '{') open++;
    else if (one === ')' || one === '}') open--;
  } while (open > 0);
  return at;
}
