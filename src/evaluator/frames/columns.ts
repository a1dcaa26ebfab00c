/** Batches of Slices and of results as parts of a frame: columns and segments as they are. */
import { STORED_METRICS, makeMetrics, type ResultBatch, type SliceBatch } from '../../model/index.js';
import { ProtocolError, isShared, type Part } from './frame.js';

type Column = Uint32Array | Float64Array | Uint8Array;

/** Parts in front of the segments. */
const SLICE_COLUMNS = 4;
const RESULT_COLUMNS = 5 + STORED_METRICS.length;
const RESULT_HEADS = 4;

/** @param segments what goes in place of the batch's own segments */
export function slicesToParts(batch: SliceBatch, segments: readonly Part[]): Part[] {
  const { numbers, headEnds, segmentEnds, heads } = batch;
  return [
    bytesOf(numbers),
    bytesOf(headEnds),
    bytesOf(segmentEnds),
    bytesOf(usedHeads(heads, headEnds)),
    ...segments,
  ];
}

/**
 * @param count of Slices
 * @param segments the parts behind the columns, as bytes
 * @throws {ProtocolError}
 */
export function slicesFromParts(
  count: number,
  parts: readonly Part[],
  segments: readonly Uint8Array[],
): SliceBatch {
  const [numbers, headEnds, segmentEnds, heads] = columnsOf(parts, SLICE_COLUMNS);
  return {
    numbers: uint32s('numbers', numbers!, count),
    ...payloads(count, heads!, headEnds!, segmentEnds!, segments),
  };
}

export function sliceSegments(parts: readonly Part[]): readonly Part[] {
  return parts.slice(SLICE_COLUMNS);
}

export function resultsToParts(batch: ResultBatch, segments: readonly Part[]): Part[] {
  const { numbers, outcomes, headEnds, segmentEnds, heads } = batch;
  const metrics = STORED_METRICS.map((metric) => batch[metric]);
  const columns = [numbers, outcomes, headEnds, segmentEnds, usedHeads(heads, headEnds), ...metrics];
  return [...columns.map(bytesOf), ...segments];
}

/** As `slicesFromParts`. */
export function resultsFromParts(
  count: number,
  parts: readonly Part[],
  segments: readonly Uint8Array[],
): ResultBatch {
  const columns = columnsOf(parts, RESULT_COLUMNS);
  const [numbers, outcomes, headEnds, segmentEnds, heads, ...metrics] = columns;
  if (outcomes!.byteLength !== count) throw wrongLength('outcomes', outcomes!, count);
  if (outcomes!.some((outcome) => outcome > 1)) throw new ProtocolError('results with an unknown outcome');
  return {
    numbers: uint32s('numbers', numbers!, count),
    outcomes: outcomes!,
    ...makeMetrics((metric) => measures(metric, metrics[STORED_METRICS.indexOf(metric)]!, count)),
    ...payloads(count, heads!, headEnds!, segmentEnds!, segments),
  };
}

export function resultSegments(parts: readonly Part[]): readonly Part[] {
  return parts.slice(RESULT_COLUMNS);
}

/** How long results are together, wherever they lie: their heads and segments. */
export function resultBytes(parts: readonly Part[]): number {
  let bytes = parts[RESULT_HEADS]?.byteLength ?? 0;
  for (const { byteLength } of resultSegments(parts)) bytes += byteLength;
  return bytes;
}

/** A batch that is cut from a larger one may bring more heads than it names. */
function usedHeads(heads: Uint8Array, headEnds: Uint32Array): Uint8Array {
  return heads.subarray(0, headEnds.length === 0 ? 0 : headEnds[headEnds.length - 1]);
}

function bytesOf({ buffer, byteOffset, byteLength }: Column): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function columnsOf(parts: readonly Part[], count: number): Uint8Array[] {
  const columns = parts.slice(0, count);
  if (columns.length < count)
    throw new ProtocolError(`${parts.length} parts, where ${count} columns are expected`);
  return columns.map((column) => {
    if (isShared(column)) throw new ProtocolError('a column that lies in shared memory');
    return column;
  });
}

function uint32s(name: string, bytes: Uint8Array, count: number): Uint32Array {
  if (bytes.byteLength !== count * 4) throw wrongLength(name, bytes, count * 4);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, count);
}

/** A metric's numbers; what cannot be one counts as 0. */
function measures(name: string, bytes: Uint8Array, count: number): Float64Array {
  if (bytes.byteLength !== count * 8) throw wrongLength(name, bytes, count * 8);
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, count);
  for (let i = 0; i < count; i++) if (!(numbers[i]! >= 0 && numbers[i]! < Infinity)) numbers[i] = 0;
  return numbers;
}

function wrongLength(name: string, bytes: Uint8Array, expected: number): ProtocolError {
  return new ProtocolError(`the column ${name} has ${bytes.byteLength} bytes, not ${expected}`);
}

/** What Slices and results have in common: heads and segments, and where each one's end. */
function payloads(
  count: number,
  heads: Uint8Array,
  headEnds: Uint8Array,
  segmentEnds: Uint8Array,
  segments: readonly Uint8Array[],
): Omit<SliceBatch, 'numbers'> {
  return {
    heads,
    headEnds: endsOf('headEnds', headEnds, count, heads.byteLength),
    segments,
    segmentEnds: endsOf('segmentEnds', segmentEnds, count, segments.length),
  };
}

/** Ends grow, and the last one is the end of what they index, which is `length` long. */
function endsOf(name: string, bytes: Uint8Array, count: number, length: number): Uint32Array {
  const ends = uint32s(name, bytes, count);
  let last = 0;
  for (const end of ends) {
    if (end < last) throw new ProtocolError(`the column ${name} falls from ${last} to ${end}`);
    last = end;
  }
  if (last !== length) throw new ProtocolError(`the column ${name} ends at ${last}, not at ${length}`);
  return ends;
}
