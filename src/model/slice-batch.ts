import { EMPTY_PAYLOAD, type Payload } from './payload.js';
import { makeMetrics, type MetricColumns } from './slice-metrics.js';

/**
 * Payloads of many Slices, column by column. Thousands of small Slices are a handful of typed arrays
 * here, not thousands of objects: this is what makes a Task cheap to store, to move and to hand over.
 */
export interface PayloadColumns {
  /** All heads, one after another. */
  readonly heads: Uint8Array;
  /** `heads` offset at which the head of entry i ends. */
  readonly headEnds: Uint32Array;
  /** All segments, entry by entry. */
  readonly segments: readonly Uint8Array[];
  /** `segments` index at which the segments of entry i end. */
  readonly segmentEnds: Uint32Array;
}

/** Slices of one Job with their data, in the order in which they run. */
export interface SliceBatch extends PayloadColumns {
  /** Slice numbers, from 1. */
  readonly numbers: Uint32Array;
}

/** How a Slice ended, as stored: the numbers are part of the Scheduler's format. */
export const Outcome = {
  /** The payload is the Work Function's result. */
  result: 0,
  /** The Slice failed by its own doing; the payload is an encoded Error with a `code`. */
  error: 1,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Results of Slices of one Job, in the order in which they completed. */
export interface ResultBatch extends PayloadColumns, MetricColumns {
  readonly numbers: Uint32Array;
  /** One `Outcome` per entry. */
  readonly outcomes: Uint8Array;
}

/** The largest Slice number: numbers are stored in 32 bits. */
export const MAX_SLICE_NUMBER = 2 ** 32 - 1;

/** The payload of entry `index`, as views. */
export function payloadAt(columns: PayloadColumns, index: number): Payload {
  const headStart = index === 0 ? 0 : columns.headEnds[index - 1]!;
  const segmentStart = index === 0 ? 0 : columns.segmentEnds[index - 1]!;
  return {
    head: columns.heads.subarray(headStart, columns.headEnds[index]),
    segments: columns.segments.slice(segmentStart, columns.segmentEnds[index]),
  };
}

/** Bytes of each payload, head and segments together. */
export function entryByteLengths({ headEnds, segments, segmentEnds }: PayloadColumns): Float64Array {
  const lengths = new Float64Array(headEnds.length);
  let head = 0;
  let segment = 0;
  for (let entry = 0; entry < lengths.length; entry++) {
    let length = headEnds[entry]! - head;
    head = headEnds[entry]!;
    for (; segment < segmentEnds[entry]!; segment++) length += segments[segment]!.byteLength;
    lengths[entry] = length;
  }
  return lengths;
}

/** Lays payloads out in columns. Heads are copied, segments are referenced. */
export function packColumns(payloads: readonly Payload[]): PayloadColumns {
  const headEnds = new Uint32Array(payloads.length);
  const segmentEnds = new Uint32Array(payloads.length);
  const segments: Uint8Array[] = [];
  let bytes = 0;
  payloads.forEach((payload, index) => {
    bytes += payload.head.byteLength;
    headEnds[index] = bytes;
    for (const segment of payload.segments) segments.push(segment);
    segmentEnds[index] = segments.length;
  });
  const heads = new Uint8Array(bytes);
  let at = 0;
  for (const payload of payloads) {
    heads.set(payload.head, at);
    at += payload.head.byteLength;
  }
  return { heads, headEnds, segments, segmentEnds };
}

/** Entries `from` (inclusive) to `to` (exclusive) of some columns, sharing their bytes. */
function sliceColumns(columns: PayloadColumns, from: number, to: number): PayloadColumns {
  const headBase = from === 0 ? 0 : columns.headEnds[from - 1]!;
  const segmentBase = from === 0 ? 0 : columns.segmentEnds[from - 1]!;
  const headEnd = to === 0 ? 0 : columns.headEnds[to - 1]!;
  const segmentEnd = to === 0 ? 0 : columns.segmentEnds[to - 1]!;
  return {
    heads: columns.heads.subarray(headBase, headEnd),
    headEnds: columns.headEnds.slice(from, to).map((end) => end - headBase),
    segments: columns.segments.slice(segmentBase, segmentEnd),
    segmentEnds: columns.segmentEnds.slice(from, to).map((end) => end - segmentBase),
  };
}

/** Slices with data, laid out for a Task. */
export function makeSliceBatch(numbers: ArrayLike<number>, payloads: readonly Payload[]): SliceBatch {
  return { numbers: Uint32Array.from(numbers), ...packColumns(payloads) };
}

/** Slices without data: a Job whose input set is a range. */
export function makeRangeBatch(numbers: ArrayLike<number>): SliceBatch {
  return {
    numbers: Uint32Array.from(numbers),
    heads: EMPTY_PAYLOAD.head,
    headEnds: new Uint32Array(numbers.length),
    segments: [],
    segmentEnds: new Uint32Array(numbers.length),
  };
}

/** Entries `from` (inclusive) to `to` (exclusive) of a batch, sharing its bytes. */
export function subBatch(batch: SliceBatch, from: number, to: number): SliceBatch {
  return { numbers: batch.numbers.slice(from, to), ...sliceColumns(batch, from, to) };
}

/** Entries `from` (inclusive) to `to` (exclusive) of results, sharing their bytes. */
export function subResults(batch: ResultBatch, from: number, to: number): ResultBatch {
  return {
    numbers: batch.numbers.slice(from, to),
    outcomes: batch.outcomes.slice(from, to),
    ...makeMetrics((metric) => batch[metric].slice(from, to)),
    ...sliceColumns(batch, from, to),
  };
}
