import { DecodingError, InvalidArgumentError, type Payload, type PayloadColumns } from '../model/index.js';
import { copyInto } from './msgpack.js';
import { decodeHead, encodeHead } from './payloads.js';

const FIRST_CAPACITY = 1024;

/** Encodes values one after another into columns. Its buffers grow and are kept: a small value allocates nothing. */
export class ColumnWriter {
  #heads = new Uint8Array(FIRST_CAPACITY);
  #headBytes = 0;
  #headEnds: number[] = [];
  #segments: Uint8Array[] = [];
  #segmentBytes = 0;
  #segmentEnds: number[] = [];

  /** Entries since the last `take`. */
  get count(): number {
    return this.#headEnds.length;
  }

  /** Bytes of the heads of these entries. */
  get headBytes(): number {
    return this.#headBytes;
  }

  /** Bytes of the segments of these entries. */
  get segmentBytes(): number {
    return this.#segmentBytes;
  }

  /**
   * Encodes a value as the next entry; see `encode` for what becomes of its memory.
   * @throws {EncodingError} like `encode`; the writer is then as before
   */
  append(value: unknown): void {
    const { packed, segments } = encodeHead(value);
    this.#add(packed, packed.start, packed.end, segments);
  }

  /** Adds a payload as the next entry. Its head is copied, its segments are referenced. */
  appendPayload(payload: Payload): void {
    this.#add(payload.head, 0, payload.head.length, payload.segments);
  }

  /** The entries, with a `heads` that is all of its ArrayBuffer; the writer is empty after this. */
  take(): PayloadColumns {
    const columns = {
      heads: this.#heads.slice(0, this.#headBytes),
      headEnds: Uint32Array.from(this.#headEnds),
      segments: this.#segments,
      segmentEnds: Uint32Array.from(this.#segmentEnds),
    };
    this.#headBytes = 0;
    this.#headEnds.length = 0;
    this.#segments = [];
    this.#segmentBytes = 0;
    this.#segmentEnds.length = 0;
    return columns;
  }

  #add(bytes: Uint8Array, start: number, end: number, segments: readonly Uint8Array[]): void {
    const at = this.#headBytes;
    const headEnd = at + (end - start);
    if (headEnd > this.#heads.length) this.#grow(headEnd);
    copyInto(this.#heads, at, bytes, start, end);
    this.#headBytes = headEnd;
    this.#headEnds.push(headEnd);
    for (let i = 0; i < segments.length; i++) {
      this.#segments.push(segments[i]!);
      this.#segmentBytes += segments[i]!.length;
    }
    this.#segmentEnds.push(this.#segments.length);
  }

  #grow(needed: number): void {
    const heads = new Uint8Array(Math.max(needed, 2 * this.#heads.length));
    heads.set(this.#heads.subarray(0, this.#headBytes));
    this.#heads = heads;
  }
}

/** Decodes entries of columns. The columns must not change meanwhile. */
export class ColumnReader {
  readonly #columns: PayloadColumns;

  constructor(columns: PayloadColumns) {
    this.#columns = columns;
  }

  /** Entries there are. */
  get count(): number {
    return this.#columns.headEnds.length;
  }

  /**
   * Decodes entry `index`, from 0, anew at each call; see `decode` for what becomes of its segments.
   * @throws {DecodingError} when the bytes, or the table of where they lie, are wrong
   * @throws {InvalidArgumentError} when there is no such entry
   */
  read(index: number): unknown {
    const { heads, headEnds, segments, segmentEnds } = this.#columns;
    const end = headEnds[index];
    const to = segmentEnds[index];
    if (end === undefined || to === undefined) {
      throw new InvalidArgumentError('index', `${index} is not among the ${headEnds.length} entries`);
    }
    const start = index === 0 ? 0 : headEnds[index - 1]!;
    const from = index === 0 ? 0 : segmentEnds[index - 1]!;
    if (start > end || end > heads.length || from > to || to > segments.length) {
      throw new DecodingError(`entry ${index}: bytes ${start} to ${end} and segments ${from} to ${to} are not there`);
    }
    return decodeHead(heads, start, end, segments, from, to);
  }
}
