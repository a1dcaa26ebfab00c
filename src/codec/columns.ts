import {
  DecodingError,
  EncodingError,
  InvalidArgumentError,
  type Payload,
  type PayloadColumns,
} from '../model/index.js';
import { allocate } from './allocate.js';
import { is, subarray } from './intrinsics.js';
import { copyInto, window, windowView } from './msgpack.js';
import { MAX_NUMBER_BYTES, readNumber, writeNumber } from './numbers.js';
import { decodeHead, encodeHead, releaseHead } from './payloads.js';

/** Bytes of heads, and entries, for which a new writer has room. */
const FIRST_HEAD_BYTES = 1024;
const FIRST_ENTRIES = 64;
/** Heads that are not copied once more when they leave, bytes. */
const LARGE_HEADS = 1 << 22;
/** `headEnds` counts in 32 bits. */
const MAX_HEAD_BYTES = 2 ** 32 - 1;

/** Encodes values one after another into columns. Its buffers grow and are kept: a small value allocates nothing. */
export class ColumnWriter {
  #heads = new Uint8Array(FIRST_HEAD_BYTES);
  #headsView = new DataView(this.#heads.buffer);
  #headBytes = 0;
  #count = 0;
  #headEnds = new Uint32Array(FIRST_ENTRIES);
  #segments: Uint8Array[] = [];
  #segmentBytes = 0;
  #segmentEnds = new Uint32Array(FIRST_ENTRIES);

  /** Entries since the last `take`. */
  get count(): number {
    return this.#count;
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
   * @throws {EncodingError} like `encode`, OversizeError beyond `maxBytes`; the writer is then as before
   */
  append(value: unknown, maxBytes = Infinity): void {
    if (typeof value === 'number' && (value !== 0 || is(value, 0))) return this.#addNumber(value);
    const { packed, segments } = encodeHead(value, maxBytes);
    this.#add(packed, packed.dataView, packed.start, packed.end, segments);
    releaseHead();
  }

  /** Adds a payload as the next entry. Its head is copied, its segments are referenced. */
  appendPayload(payload: Payload): void {
    const { head, segments } = payload;
    this.#add(head, new DataView(head.buffer, head.byteOffset, head.length), 0, head.length, segments);
  }

  /** The entries, with a `heads` that is all of its ArrayBuffer; the writer is empty after this. */
  take(): PayloadColumns {
    const columns = {
      heads: this.#takeHeads(),
      headEnds: this.#headEnds.slice(0, this.#count),
      segments: this.#segments,
      segmentEnds: this.#segmentEnds.slice(0, this.#count),
    };
    this.#count = 0;
    this.#headBytes = 0;
    this.#segments = [];
    this.#segmentBytes = 0;
    return columns;
  }

  #takeHeads(): Uint8Array<ArrayBuffer> {
    const heads = this.#heads;
    if (this.#headBytes < heads.length || heads.length < LARGE_HEADS) return heads.slice(0, this.#headBytes);
    this.#heads = new Uint8Array(FIRST_HEAD_BYTES);
    this.#headsView = new DataView(this.#heads.buffer);
    return heads;
  }

  #add(bytes: Uint8Array, view: DataView, start: number, end: number, segments: readonly Uint8Array[]): void {
    const at = this.#headBytes;
    const headEnd = at + (end - start);
    if (headEnd > this.#heads.length) this.#growHeads(headEnd);
    copyInto(this.#heads, this.#headsView, at, bytes, view, start, end);
    for (let i = 0; i < segments.length; i++) {
      this.#segments.push(segments[i]!);
      this.#segmentBytes += segments[i]!.length;
    }
    this.#endEntry(headEnd);
  }

  #addNumber(value: number): void {
    const at = this.#headBytes;
    if (at + MAX_NUMBER_BYTES > this.#heads.length) this.#growHeads(at + MAX_NUMBER_BYTES);
    this.#endEntry(writeNumber(this.#headsView, at, value));
  }

  #endEntry(headEnd: number): void {
    const entry = this.#count;
    if (entry === this.#headEnds.length) this.#growTables();
    this.#headEnds[entry] = headEnd;
    this.#segmentEnds[entry] = this.#segments.length;
    this.#headBytes = headEnd;
    this.#count = entry + 1;
  }

  #growHeads(needed: number): void {
    if (needed > MAX_HEAD_BYTES) {
      throw new EncodingError(
        'value',
        `the heads of one batch may have ${MAX_HEAD_BYTES} bytes; with this one they have ${needed}`,
      );
    }
    const room = Math.min(MAX_HEAD_BYTES, Math.max(needed, 2 * this.#heads.length));
    const heads = allocate(room);
    heads.set(this.#heads.subarray(0, this.#headBytes));
    this.#heads = heads;
    this.#headsView = new DataView(heads.buffer);
  }

  #growTables(): void {
    this.#headEnds = doubled(this.#headEnds);
    this.#segmentEnds = doubled(this.#segmentEnds);
  }
}

function doubled(table: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * table.length);
  larger.set(table);
  return larger;
}

/** Decodes entries of columns. The columns must not change meanwhile. */
export class ColumnReader {
  readonly #columns: PayloadColumns;
  readonly #headsView: DataView;

  constructor(columns: PayloadColumns) {
    this.#columns = columns;
    const { buffer, byteOffset, byteLength } = columns.heads;
    this.#headsView = new DataView(buffer, byteOffset, byteLength);
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
      throw new DecodingError(
        `entry ${index}: bytes ${start} to ${end} and segments ${from} to ${to} are not there`,
      );
    }
    const number = readNumber(this.#headsView, start, end);
    if (number !== undefined) return number;
    const length = end - start;
    if (length <= window.length) {
      copyInto(window, windowView, 0, heads, this.#headsView, start, end);
      return decodeHead(window, length, segments, from, to);
    }
    return decodeHead(subarray(heads, start, end), length, segments, from, to);
  }
}
