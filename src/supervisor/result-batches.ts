import { encode } from '../codec/index.js';
import {
  Outcome,
  packColumns,
  STORED_METRICS,
  zeroMetrics,
  type Payload,
  type ResultBatch,
  type SliceError,
  type SliceMetrics,
  type StoredMetric,
} from '../model/index.js';

/** Several batches as one, in order. Heads are copied, segments are referenced. */
export function concatResults(batches: readonly ResultBatch[]): ResultBatch {
  if (batches.length === 1) return batches[0]!;
  let entries = 0;
  let headBytes = 0;
  for (const batch of batches) {
    entries += batch.numbers.length;
    headBytes += headByteLength(batch);
  }
  const heads = new Uint8Array(headBytes);
  const headEnds = new Uint32Array(entries);
  const segmentEnds = new Uint32Array(entries);
  const segments: Uint8Array[] = [];
  const numbers = new Uint32Array(entries);
  const outcomes = new Uint8Array(entries);
  const metrics = zeroMetrics(entries);
  let at = 0;
  let head = 0;
  for (const batch of batches) {
    const count = batch.numbers.length;
    numbers.set(batch.numbers, at);
    outcomes.set(batch.outcomes, at);
    for (const metric of STORED_METRICS) metrics[metric].set(batch[metric], at);
    heads.set(batch.heads.subarray(0, headByteLength(batch)), head);
    for (let i = 0; i < count; i++) {
      headEnds[at + i] = head + batch.headEnds[i]!;
      segmentEnds[at + i] = segments.length + batch.segmentEnds[i]!;
    }
    for (const segment of batch.segments) segments.push(segment);
    head += headByteLength(batch);
    at += count;
  }
  return { numbers, outcomes, ...metrics, heads, headEnds, segments, segmentEnds };
}

/** The metrics of all Slices of a batch together. */
export function sumMetrics(batch: ResultBatch): SliceMetrics {
  const sum = (metric: StoredMetric): number => batch[metric].reduce((total, value) => total + value, 0);
  return {
    elapsedMs: sum('elapsedMs'),
    cpuMs: sum('cpuMs'),
    webgpuMs: sum('webgpuMs'),
    bytesIn: sum('bytesIn'),
    bytesOut: resultByteLength(batch),
  };
}

/** How many Slices at the end of a batch failed one after another. */
export function failuresAtEnd({ outcomes }: ResultBatch): number {
  let at = outcomes.length;
  while (at > 0 && outcomes[at - 1] === Outcome.error) at--;
  return outcomes.length - at;
}

/** Bytes of all payloads of a batch. */
export function resultByteLength(batch: ResultBatch): number {
  let bytes = headByteLength(batch);
  for (const segment of batch.segments) bytes += segment.byteLength;
  return bytes;
}

/** The payload of a Slice that ends with this error. */
export function errorPayload(error: SliceError): Payload {
  // Where in the Worker it was made tells the Job's owner nothing but the Worker's paths.
  error.stack = `${error.name}: ${error.message}`;
  return encode(error);
}

/** The same error as the result of every Slice named. They took no time. */
export function errorResults(numbers: Uint32Array, payload: Payload): ResultBatch {
  return {
    numbers,
    outcomes: new Uint8Array(numbers.length).fill(Outcome.error),
    ...zeroMetrics(numbers.length),
    ...packColumns(Array.from(numbers, () => payload)),
  };
}

function headByteLength(batch: ResultBatch): number {
  return batch.headEnds.length === 0 ? 0 : batch.headEnds[batch.headEnds.length - 1]!;
}
