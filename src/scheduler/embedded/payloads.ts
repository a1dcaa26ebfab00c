import {
  packColumns,
  type JobModules,
  type Payload,
  type PayloadColumns,
  type SliceBatch,
} from '../../model/index.js';
import { Blob, BlobError, packBlob, SPILL_BYTES, type Part } from './blob.js';
import { damaged, type JobNumber } from './jobs.js';
import type { Packs } from './packs.js';

/** One entry of a blob, wanted as a payload. */
export interface Item {
  readonly blob: Blob;
  readonly entry: number;
}

/** A run of Slices in one data record: entries `from` to `to` (exclusive), the first of which is Slice `slice`. */
export interface Piece {
  readonly blob: Blob;
  readonly from: number;
  readonly to: number;
  readonly slice: number;
}

/**
 * The payloads of some entries, in their order. Every segment gets an ArrayBuffer of its own, which the codec needs
 * to hand it on without a copy.
 * @throws BlobError when a pack file is gone or too short
 */
export async function loadPayloads(packs: Packs, job: JobNumber, items: readonly Item[]): Promise<Payload[]> {
  const loaded = await loadSpilled(packs, job, items);
  return items.map(({ blob, entry }, index) => {
    const own = loaded.get(index);
    const parts: Uint8Array[] = [];
    for (let p = blob.partStart(entry), at = 0; p < blob.partEnd(entry); p++) {
      const part = blob.part(p);
      parts.push(part.spilled ? own![at++]! : new Uint8Array(blob.view(part)));
    }
    return { head: parts[0]!, segments: parts.slice(1) };
  });
}

/** Parts that lie in pack files, by the index of their item; one opening per file. */
async function loadSpilled(
  packs: Packs,
  job: JobNumber,
  items: readonly Item[],
): Promise<Map<number, Uint8Array[]>> {
  const wanted = new Map<string, { index: number; part: Part }[]>();
  items.forEach(({ blob, entry }, index) => {
    if (blob.pack === null) return;
    for (let p = blob.partStart(entry); p < blob.partEnd(entry); p++) {
      const part = blob.part(p);
      if (!part.spilled) continue;
      const list = wanted.get(blob.pack);
      if (list) list.push({ index, part });
      else wanted.set(blob.pack, [{ index, part }]);
    }
  });
  const loaded = new Map<number, Uint8Array[]>();
  for (const [name, list] of wanted) {
    const bytes = await packs.read(
      job,
      name,
      list.map(({ part }) => part),
    );
    list.forEach(({ index }, i) => {
      const own = loaded.get(index);
      if (own) own.push(bytes[i]!);
      else loaded.set(index, [bytes[i]!]);
    });
  }
  return loaded;
}

/**
 * The Slices of a Task with their data. Plain small Slices are one copy per record.
 * @throws BlobError
 */
export async function loadTask(
  packs: Packs,
  job: JobNumber,
  numbers: Uint32Array,
  pieces: readonly Piece[],
): Promise<SliceBatch> {
  if (!pieces.every(({ blob, from, to }) => blob.isPlain(from, to))) {
    const items: Item[] = [];
    for (const { blob, from, to } of pieces)
      for (let entry = from; entry < to; entry++) items.push({ blob, entry });
    return { numbers, ...packColumns(await loadPayloads(packs, job, items)) };
  }
  const runs: Uint8Array[] = [];
  const headEnds = new Uint32Array(numbers.length);
  let at = 0;
  let bytes = 0;
  for (const { blob, from, to } of pieces) {
    const first = blob.part(blob.partStart(from));
    let length = 0;
    for (let entry = from; entry < to; entry++) {
      length += blob.part(blob.partStart(entry)).length;
      headEnds[at++] = bytes + length;
    }
    runs.push(blob.view({ length, spilled: false, offset: first.offset }));
    bytes += length;
  }
  if (at !== numbers.length) throw new BlobError(`${at} payloads for ${numbers.length} Slices`);
  const heads = new Uint8Array(bytes);
  let offset = 0;
  for (const run of runs) {
    heads.set(run, offset);
    offset += run.byteLength;
  }
  return { numbers, heads, headEnds, segments: [], segmentEnds: new Uint32Array(numbers.length) };
}

/** Records that are stored with one pack file. */
export interface Parcel<T> {
  readonly records: readonly T[];
  /** Contents of the pack file, in order; none when empty. */
  readonly spill: readonly Uint8Array[];
}

/** Bounds of one record. Small enough to read it for one Slice, large enough that thousands of Slices are few records. */
const RECORD_ENTRIES = 1024;
const RECORD_BYTES = 64 * 1024;
/** Bounds of one parcel: one pack file, one transaction. */
const PARCEL_RECORDS = 4;
const PARCEL_BYTES = 64 * 1024 * 1024;

/** Cuts columns of `length` entries into records and parcels. */
export function* cutParcels<T>(
  columns: PayloadColumns,
  length: number,
  make: (from: number, to: number, blob: Uint8Array) => T,
): Generator<Parcel<T>> {
  for (let from = 0; from < length;) {
    const records: T[] = [];
    const spill: Uint8Array[] = [];
    let spilled = 0;
    while (from < length && records.length < PARCEL_RECORDS && spilled < PARCEL_BYTES) {
      let to = from;
      let inline = 0;
      let outside = 0;
      while (
        to < length &&
        to - from < RECORD_ENTRIES &&
        inline < RECORD_BYTES &&
        spilled + outside < PARCEL_BYTES
      ) {
        const headBytes = columns.headEnds[to]! - (to === 0 ? 0 : columns.headEnds[to - 1]!);
        if (headBytes < SPILL_BYTES) inline += headBytes;
        else outside += headBytes;
        for (let s = to === 0 ? 0 : columns.segmentEnds[to - 1]!; s < columns.segmentEnds[to]!; s++) {
          const bytes = columns.segments[s]!.byteLength;
          if (bytes < SPILL_BYTES) inline += bytes;
          else outside += bytes;
        }
        to++;
      }
      const draft = packBlob(columns, from, to, spilled);
      spill.push(...draft.spill);
      spilled += outside;
      records.push(make(from, to, draft.bytes));
      from = to;
    }
    yield { records, spill };
  }
}

/** The record at hand, checked. Throws SchedulerError, naming `what`, when it is missing or damaged. */
export function parseRecord(bytes: Uint8Array | undefined, what: string): Blob {
  if (bytes === undefined) throw damaged(what, 'missing');
  try {
    return Blob.parse(bytes);
  } catch (error) {
    if (error instanceof BlobError) throw damaged(what, error.message);
    throw error;
  }
}

/** Modules as they are stored: one payload. */
export function modulesPayload({ script, sourceMap, assets }: JobModules): Payload {
  return { head: script, segments: [sourceMap, ...assets] };
}

/** The inverse of `modulesPayload`. Throws SchedulerError, naming `what`, when the payload is none of its. */
export function payloadModules({ head, segments }: Payload, what: string): JobModules {
  const [sourceMap, ...assets] = segments;
  if (sourceMap === undefined) throw damaged(what, 'the source map is missing');
  return { script: head, sourceMap, assets };
}
