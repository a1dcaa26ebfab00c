import { makeMetrics, STORED_METRICS, type MetricColumns, type PayloadColumns } from '../../model/index.js';

/**
 * A **blob** is how payloads of several Slices lie in one record: a header, a table, then bytes. Nothing in it is
 * decoded. A payload's parts are its head and its segments; a part lies in the record itself or, when it is large, in a
 * pack file (see `packs.ts`) that the header names.
 *
 * ```
 *  0  u32 magic          4  u32 entries      8  u32 parts     12  u32 bytes of the body
 * 16  16 bytes: the pack file's name, zeros for none
 * 32  u32 × entries: index at which the parts of entry i end   (padded to 8)
 *     per part, 16 bytes: u32 length, u32 place (0 body, 1 pack file), f64 offset
 *     body: heads in order, then segments in order
 * ```
 * All numbers are little-endian. Reading is bounds-checked: whatever the bytes are, it answers or throws `BlobError`.
 */
export class BlobError extends Error {}

const MAGIC = 0x31424344; // 'DCB1'
const HEADER = 32;
const PART = 16;

/** Parts of at least this size go to a pack file: LMDB's transactions stay short, and large bytes are not copied into its pages. */
export const SPILL_BYTES = 32 * 1024;

const align8 = (n: number): number => (n + 7) & ~7;

/** Where one part lies. */
export interface Part {
  readonly length: number;
  readonly spilled: boolean;
  readonly offset: number;
}

/** Entries `from` to `to` of some columns, laid out but for the pack file's name, which is known when it is written. */
export interface BlobDraft {
  readonly bytes: Uint8Array;
  /** Parts for the pack file, in the order of their offsets. */
  readonly spill: readonly Uint8Array[];
}

/**
 * Packs entries `from` (inclusive) to `to` (exclusive).
 * @param spillBase offset in the pack file at which the first spilled part will lie
 */
export function packBlob(columns: PayloadColumns, from: number, to: number, spillBase: number): BlobDraft {
  const { heads, headEnds, segments, segmentEnds } = columns;
  const entries = to - from;
  const segmentBase = from === 0 ? 0 : segmentEnds[from - 1]!;
  const segmentEnd = to === 0 ? 0 : segmentEnds[to - 1]!;
  const parts = entries + segmentEnd - segmentBase;
  const headBase = from === 0 ? 0 : headEnds[from - 1]!;

  let headBytes = 0;
  let start = headBase;
  for (let i = from; i < to; i++) {
    const length = headEnds[i]! - start;
    if (length < SPILL_BYTES) headBytes += length;
    start = headEnds[i]!;
  }
  let body = headBytes;
  for (let s = segmentBase; s < segmentEnd; s++) {
    const length = segments[s]!.byteLength;
    if (length < SPILL_BYTES) body += length;
  }

  const tableAt = HEADER + align8(entries * 4);
  const bodyAt = tableAt + parts * PART;
  const bytes = new Uint8Array(bodyAt + body);
  const header = new Uint32Array(bytes.buffer, 0, 4);
  header[0] = MAGIC;
  header[1] = entries;
  header[2] = parts;
  header[3] = body;
  const ends = new Uint32Array(bytes.buffer, HEADER, entries);
  const lengths = new Uint32Array(bytes.buffer, tableAt, parts * 4);
  const offsets = new Float64Array(bytes.buffer, tableAt, parts * 2);
  const spill: Uint8Array[] = [];
  let spillAt = spillBase;
  let headAt = 0;
  let segmentAt = headBytes;
  let part = 0;
  start = headBase;
  let segment = segmentBase;
  for (let i = from; i < to; i++) {
    const length = headEnds[i]! - start;
    lengths[part * 4] = length;
    if (length < SPILL_BYTES) {
      offsets[part * 2 + 1] = headAt;
      headAt += length;
    } else {
      lengths[part * 4 + 1] = 1;
      offsets[part * 2 + 1] = spillAt;
      spill.push(heads.subarray(start, headEnds[i]));
      spillAt += length;
    }
    start = headEnds[i]!;
    part++;
    for (; segment < segmentEnds[i]!; segment++) {
      const data = segments[segment]!;
      lengths[part * 4] = data.byteLength;
      if (data.byteLength < SPILL_BYTES) {
        bytes.set(data, bodyAt + segmentAt);
        offsets[part * 2 + 1] = segmentAt;
        segmentAt += data.byteLength;
      } else {
        lengths[part * 4 + 1] = 1;
        offsets[part * 2 + 1] = spillAt;
        spill.push(data);
        spillAt += data.byteLength;
      }
      part++;
    }
    ends[i - from] = part;
  }
  if (spill.length === 0)
    bytes.set(heads.subarray(headBase, start), bodyAt); // the usual case: one copy for all heads
  else {
    let at = bodyAt;
    start = headBase;
    for (let i = from; i < to; i++) {
      if (headEnds[i]! - start < SPILL_BYTES) {
        bytes.set(heads.subarray(start, headEnds[i]), at);
        at += headEnds[i]! - start;
      }
      start = headEnds[i]!;
    }
  }
  return { bytes, spill };
}

/** Writes the name of the pack file that took a draft's spilled parts. */
export function namePack(bytes: Uint8Array, name: Uint8Array): void {
  bytes.set(name, 16);
}

/** A blob that was found sound. */
export class Blob {
  private constructor(
    private readonly bytes: Uint8Array,
    readonly entries: number,
    private readonly ends: Uint32Array,
    private readonly words: Uint32Array,
    private readonly offsets: Float64Array,
    private readonly bodyAt: number,
    /** Name of the pack file, null when every part lies in the record. */
    readonly pack: string | null,
  ) {}

  /** @throws BlobError when the bytes are not a blob; checks every bound once, so that the getters need not. */
  static parse(given: Uint8Array): Blob {
    const bytes = (given.byteOffset & 7) === 0 ? given : new Uint8Array(given);
    if (bytes.byteLength < HEADER)
      throw new BlobError(`${bytes.byteLength} bytes, expected at least ${HEADER}`);
    const header = new Uint32Array(bytes.buffer, bytes.byteOffset, 4);
    if (header[0] !== MAGIC)
      throw new BlobError(`starts with 0x${header[0]!.toString(16)}, expected 0x${MAGIC.toString(16)}`);
    const entries = header[1]!;
    const parts = header[2]!;
    const body = header[3]!;
    if (entries > bytes.byteLength || parts > bytes.byteLength)
      throw new BlobError(`claims ${entries} entries and ${parts} parts`);
    const tableAt = HEADER + align8(entries * 4);
    const bodyAt = tableAt + parts * PART;
    if (bodyAt + body !== bytes.byteLength)
      throw new BlobError(`${bytes.byteLength} bytes, expected ${bodyAt + body}`);
    const ends = new Uint32Array(bytes.buffer, bytes.byteOffset + HEADER, entries);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + tableAt, parts * 4);
    const offsets = new Float64Array(bytes.buffer, bytes.byteOffset + tableAt, parts * 2);
    let before = 0;
    for (let i = 0; i < entries; i++) {
      if (ends[i]! <= before || ends[i]! > parts)
        throw new BlobError(`the parts of entry ${i} end at ${ends[i]}, expected ${before + 1} to ${parts}`);
      before = ends[i]!;
    }
    if (before !== parts) throw new BlobError(`entries name ${before} parts of ${parts}`);
    let pack: string | null = null;
    for (let i = 16; i < HEADER; i++) {
      if (bytes[i] !== 0) {
        pack = Buffer.from(bytes.buffer, bytes.byteOffset + 16, 16).toString('hex');
        break;
      }
    }
    for (let p = 0; p < parts; p++) {
      const length = words[p * 4]!;
      const place = words[p * 4 + 1]!;
      const offset = offsets[p * 2 + 1]!;
      if (!Number.isSafeInteger(offset) || offset < 0) throw new BlobError(`part ${p} lies at ${offset}`);
      if (place === 0 ? offset + length > body : place !== 1 || pack === null) {
        throw new BlobError(`part ${p} (${length} bytes at ${offset}, place ${place}) lies outside`);
      }
    }
    return new Blob(bytes, entries, ends, words, offsets, bodyAt, pack);
  }

  /** Index of the first part of entry `entry`, its head; the others, up to `partEnd`, are its segments. */
  partStart(entry: number): number {
    return entry === 0 ? 0 : this.ends[entry - 1]!;
  }

  partEnd(entry: number): number {
    return this.ends[entry]!;
  }

  part(index: number): Part {
    return {
      length: this.words[index * 4]!,
      spilled: this.words[index * 4 + 1] === 1,
      offset: this.offsets[index * 2 + 1]!,
    };
  }

  /** Bytes of a part that lies in the record, as a view. */
  view(part: Part): Uint8Array {
    return this.bytes.subarray(this.bodyAt + part.offset, this.bodyAt + part.offset + part.length);
  }

  /** Head and segments of an entry together. */
  entryBytes(entry: number): number {
    let sum = 0;
    for (let p = this.partStart(entry); p < this.ends[entry]!; p++) sum += this.words[p * 4]!;
    return sum;
  }

  /** True when entries `from` to `to` (exclusive) are heads only and all lie in the record: then they lie in one piece. */
  isPlain(from: number, to: number): boolean {
    if (this.partStart(to) - this.partStart(from) !== to - from) return false;
    for (let p = this.partStart(from); p < this.partStart(to); p++)
      if (this.words[p * 4 + 1] !== 0) return false;
    return true;
  }
}

/** What is stored of some results beside their payloads. */
export interface ResultColumns extends MetricColumns {
  readonly numbers: Uint32Array;
  readonly outcomes: Uint8Array;
}

/** Of one result in the columns: its metrics, its number, its outcome. */
const METRIC_BYTES = STORED_METRICS.length * 8;
const RESULT_BYTES = METRIC_BYTES + 4 + 1;

/** A results record: `u32 entries`, `u32 0`, metrics (f64 each), numbers (u32), outcomes (u8), padding to 8, a blob. */
export function packResults(columns: ResultColumns, blob: Uint8Array): Uint8Array {
  const n = columns.numbers.length;
  const blobAt = align8(8 + n * RESULT_BYTES);
  const bytes = new Uint8Array(blobAt + blob.byteLength);
  new Uint32Array(bytes.buffer, 0, 1)[0] = n;
  STORED_METRICS.forEach((metric, index) => {
    new Float64Array(bytes.buffer, 8 + n * 8 * index, n).set(columns[metric]);
  });
  new Uint32Array(bytes.buffer, 8 + n * METRIC_BYTES, n).set(columns.numbers);
  bytes.set(columns.outcomes, 8 + n * (METRIC_BYTES + 4));
  bytes.set(blob, blobAt);
  return bytes;
}

/** @throws BlobError */
export function parseResults(given: Uint8Array): ResultColumns & { readonly blob: Blob } {
  const bytes = (given.byteOffset & 7) === 0 ? given : new Uint8Array(given);
  const n = bytes.byteLength < 8 ? 0 : new Uint32Array(bytes.buffer, bytes.byteOffset, 1)[0]!;
  const blobAt = align8(8 + n * RESULT_BYTES);
  if (n > bytes.byteLength || blobAt > bytes.byteLength)
    throw new BlobError(`claims ${n} results in ${bytes.byteLength} bytes`);
  const at = bytes.byteOffset;
  const blob = Blob.parse(bytes.subarray(blobAt));
  if (blob.entries !== n) throw new BlobError(`has ${blob.entries} payloads for ${n} results`);
  return {
    ...makeMetrics(
      (metric) => new Float64Array(bytes.buffer, at + 8 + n * 8 * STORED_METRICS.indexOf(metric), n),
    ),
    numbers: new Uint32Array(bytes.buffer, at + 8 + n * METRIC_BYTES, n),
    outcomes: new Uint8Array(bytes.buffer, at + 8 + n * (METRIC_BYTES + 4), n),
    blob,
  };
}
