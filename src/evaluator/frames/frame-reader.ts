import {
  MAX_HEADER_BYTES,
  MAX_PARTS,
  MAX_REGION_BYTES,
  PART_ENTRY_BYTES,
  PREFIX_BYTES,
  ProtocolError,
  Region,
  decodeHeader,
  getUint53,
  type Frame,
  type Part,
  type SharedPart,
} from './frame.js';

/** Bytes are read into this much at a time, unless they are those of a long part. */
const STAGE_BYTES = 64 * 1024;
/** From here on the bytes of a part are read straight to where they stay. */
const DIRECT_BYTES = 16 * 1024;

/**
 * Takes frames from a stream of bytes, wherever it is cut. Lengths are checked before anything is allocated for them; of the bytes of parts
 * nothing is looked at. It must not be used after an error.
 *
 * Who reads from a descriptor lets it write into `target()` and says by `advance()` how much it did, so that long parts are read
 * into their final place; who has chunks uses `push`.
 */
export class FrameReader {
  /** What is between two frames, or in front of the bytes of a long part. */
  readonly #stage = new Uint8Array(STAGE_BYTES);
  /** Bytes in `#stage` that wait for the rest of what they belong to. */
  #staged = 0;
  #frame: PartialFrame | null = null;

  /**
   * @param maxBytes bytes of all parts of one frame, their table included
   * @param onFrame may throw; that error comes out of `advance` or `push`
   */
  constructor(
    public maxBytes: number,
    private readonly onFrame: (frame: Frame) => void,
  ) {}

  /** Where the next bytes go. Valid until the next call. */
  target(): Uint8Array {
    const direct = this.#frame?.direct();
    return direct ?? this.#stage.subarray(this.#staged);
  }

  /**
   * So many bytes have been written to the start of the last `target()`.
   * @throws {ProtocolError}
   */
  advance(bytes: number): void {
    const frame = this.#frame;
    if (frame !== null && frame.direct() !== null) {
      frame.filled(bytes);
      this.#emitIfComplete(frame);
      return;
    }
    this.#staged += bytes;
    let at = 0;
    for (;;) {
      const taken = this.#take(at, this.#staged);
      if (taken < 0) break;
      at += taken;
    }
    this.#stage.copyWithin(0, at, this.#staged);
    this.#staged -= at;
  }

  /**
   * Takes bytes that are somewhere else.
   * @throws {ProtocolError}
   */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength;) {
      const target = this.target();
      const bytes = Math.min(target.byteLength, chunk.byteLength - at);
      target.set(chunk.subarray(at, at + bytes));
      this.advance(bytes);
      at += bytes;
    }
  }

  /** Answers how many of the bytes `from` to `to` of the stage were used; -1 when more are needed first. */
  #take(from: number, to: number): number {
    if (this.#frame !== null) {
      const frame = this.#frame;
      const taken = frame.take(this.#stage.subarray(from, to));
      this.#emitIfComplete(frame);
      return taken === 0 ? -1 : taken;
    }
    if (to - from < PREFIX_BYTES) return -1;
    const view = new DataView(this.#stage.buffer, from, PREFIX_BYTES);
    const headerBytes = view.getUint32(0, true);
    const parts = view.getUint32(4, true);
    if (headerBytes === 0 || headerBytes > MAX_HEADER_BYTES)
      throw new ProtocolError(`a frame whose header has ${headerBytes} bytes, not 1 to ${MAX_HEADER_BYTES}`);
    if (parts > MAX_PARTS)
      throw new ProtocolError(`a frame of ${parts} parts, where ${MAX_PARTS} are the most`);
    const bytes = PREFIX_BYTES + headerBytes;
    if (to - from < bytes) return -1;
    const header = decodeHeader(this.#stage.slice(from + PREFIX_BYTES, from + bytes));
    this.#frame = new PartialFrame(header, parts, this.maxBytes);
    this.#emitIfComplete(this.#frame);
    return bytes;
  }

  #emitIfComplete(frame: PartialFrame): void {
    if (!frame.isComplete) return;
    this.#frame = null;
    this.onFrame({ header: frame.header, parts: frame.parts });
  }
}

/** A frame whose header is there. */
class PartialFrame {
  readonly parts: Part[] = [];
  /** Null once it has been read. */
  #table: Uint8Array | null;
  /** The part, or the table, that is being filled, and how much of it is. */
  #open: Uint8Array | null;
  #at = 0;
  /** Inline parts that have not been filled, the last one first. */
  readonly #rest: Uint8Array[] = [];

  constructor(
    readonly header: readonly number[],
    parts: number,
    private readonly maxBytes: number,
  ) {
    this.#table = parts === 0 ? null : new Uint8Array(parts * PART_ENTRY_BYTES);
    this.#open = this.#table;
  }

  get isComplete(): boolean {
    return this.#open === null;
  }

  /** Where the next bytes belong, when there are enough of them for a read of their own. */
  direct(): Uint8Array | null {
    if (this.#open === null || this.#open.byteLength - this.#at < DIRECT_BYTES) return null;
    return this.#open.subarray(this.#at);
  }

  /** Copies what belongs to the frame from the front of `bytes`, up to the end of a part. Answers how much. */
  take(bytes: Uint8Array): number {
    const open = this.#open!;
    const count = Math.min(bytes.byteLength, open.byteLength - this.#at);
    open.set(bytes.subarray(0, count), this.#at);
    if (count > 0) this.filled(count);
    return count;
  }

  filled(bytes: number): void {
    this.#at += bytes;
    if (this.#at < this.#open!.byteLength) return;
    if (this.#open === this.#table) this.#readTable(this.#table!);
    this.#open = this.#rest.pop() ?? null;
    this.#at = 0;
  }

  #readTable(table: Uint8Array): void {
    const view = new DataView(table.buffer);
    let bytes = table.byteLength;
    for (let at = 0; at < table.byteLength; at += PART_ENTRY_BYTES) {
      bytes += getUint53(view, at);
      // Before the next one: a sum of many lies must not become one that looks true.
      if (bytes > this.maxBytes)
        throw new ProtocolError(`a frame of at least ${bytes} bytes, where ${this.maxBytes} are the most`);
    }
    for (let at = 0; at < table.byteLength; at += PART_ENTRY_BYTES) {
      const byteLength = getUint53(view, at);
      const place = getUint53(view, at + 8);
      if (place !== 0) {
        this.parts.push(sharedPart(place, byteLength));
        continue;
      }
      const part = allocate(byteLength);
      this.parts.push(part);
      if (byteLength > 0) this.#rest.push(part);
    }
    this.#rest.reverse();
    this.#table = null;
  }
}

/** @throws {ProtocolError} */
function sharedPart(place: number, byteLength: number): SharedPart {
  const region = Math.floor(place / MAX_REGION_BYTES);
  const offset = place % MAX_REGION_BYTES;
  if (region !== Region.tasks && region !== Region.results)
    throw new ProtocolError(`a part in the region ${region} of shared memory, which there is not`);
  if (offset + byteLength > MAX_REGION_BYTES)
    throw new ProtocolError(`a part of ${byteLength} bytes at ${offset} of shared memory, which has less`);
  return { region, offset, byteLength };
}

/** Memory for a part, an ArrayBuffer of its own; every byte of it will be written. */
function allocate(bytes: number): Uint8Array {
  if (bytes < 4096) return new Uint8Array(bytes);
  try {
    return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
  } catch {
    throw new ProtocolError(`a part of ${bytes} bytes, for which there is no memory`);
  }
}
