import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { decode, encode } from '../../codec/index.js';
import {
  DcpError,
  payloadByteLength,
  type JobId,
  type ResultBatch,
  type ReturnReason,
  type SliceMessage,
  type TaskId,
} from '../../model/index.js';

/** What a Scheduler was not told of one Task. */
export interface Unsubmitted {
  readonly jobId: JobId;
  /** Null: there are messages alone. */
  readonly taskId: TaskId | null;
  /** Said by the Job's Slices; they go before its results. */
  readonly messages: readonly SliceMessage[];
  readonly results: ResultBatch | null;
  /** Slices without a result; without this the lease must run out before others get them. */
  readonly returns: readonly { readonly numbers: Uint32Array; readonly reason: ReturnReason }[];
}

/** The same, and the Scheduler it is for (`Scheduler.identity`). */
export interface SpoolRecord extends Unsubmitted {
  readonly scheduler: string;
}

/** A file of the spool is not what was written, or was never written to its end. */
export class SpoolFileError extends DcpError {
  constructor(message: string) {
    super('ESPOOL', message);
  }
}

/*
 * A file is, in little endian,
 *
 *     8 bytes  "dcpspool"
 *     u32      version
 *     u32      CRC-32 of all that follows
 *     u32      number of segments
 *     u32      length of the head
 *              u64 length of each segment
 *              head, segments: the record as `encode` of src/codec makes it
 */
const MAGIC = Buffer.from('dcpspool');
const VERSION = 1;
const CHECKED_FROM = 16;
const PREFIX_BYTES = 24;
/** More than any record has: a Task has 100,000 Slices at most, and few of them a segment. */
const MAX_SEGMENTS = 2 ** 24;

/** A record as buffers to be written one after another. Segments are referenced, not copied. */
export function encodeRecord(record: SpoolRecord): Uint8Array[] {
  const { head, segments } = encode(record);
  const start = Buffer.alloc(PREFIX_BYTES + 8 * segments.length);
  MAGIC.copy(start);
  start.writeUInt32LE(VERSION, 8);
  start.writeUInt32LE(segments.length, 16);
  start.writeUInt32LE(head.byteLength, 20);
  segments.forEach(({ byteLength }, i) => start.writeBigUInt64LE(BigInt(byteLength), PREFIX_BYTES + 8 * i));
  let sum = crc32(start.subarray(CHECKED_FROM));
  for (const part of [head, ...segments]) sum = crc32(part, sum);
  start.writeUInt32LE(sum, 12);
  return [start, head, ...segments];
}

/**
 * Reads a file that `encodeRecord` made.
 *
 * @throws SpoolFileError it is something else, or damaged
 */
export async function readRecord(path: string): Promise<SpoolRecord> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    // Nothing of a length that the file names is allocated before the file is known to have as much.
    if (size < PREFIX_BYTES) throw new SpoolFileError(`${size} bytes are no record`);
    const start = await readBytes(file, PREFIX_BYTES);
    const view = new DataView(start.buffer);
    if (MAGIC.compare(start, 0, 8) !== 0) throw new SpoolFileError('it does not begin like a record');
    const version = view.getUint32(8, true);
    if (version !== VERSION) throw new SpoolFileError(`it is of version ${version}, expected ${VERSION}`);
    const count = view.getUint32(16, true);
    const headBytes = view.getUint32(20, true);
    if (count > MAX_SEGMENTS || PREFIX_BYTES + 8 * count + headBytes > size)
      throw new SpoolFileError(`${size} bytes cannot hold the ${count} segments it names`);
    const table = await readBytes(file, 8 * count);
    const lengths = Array.from({ length: count }, (_, i) =>
      Number(new DataView(table.buffer).getBigUint64(8 * i, true)),
    );
    const bytes = lengths.reduce((sum, length) => sum + length, PREFIX_BYTES + table.length + headBytes);
    if (bytes !== size) throw new SpoolFileError(`it has ${size} bytes, expected ${bytes}`);
    const head = await readBytes(file, headBytes);
    const segments: Uint8Array[] = [];
    for (const length of lengths) segments.push(await readBytes(file, length));
    let sum = crc32(start.subarray(CHECKED_FROM));
    for (const part of [table, head, ...segments]) sum = crc32(part, sum);
    if (sum !== view.getUint32(12, true)) throw new SpoolFileError('its checksum is wrong');
    return checkRecord(decode({ head, segments }));
  } finally {
    await file.close();
  }
}

/** Bytes of results and messages, about. */
export function recordByteLength({ results, messages, returns }: Unsubmitted): number {
  let bytes = 1024;
  if (results !== null) {
    const { numbers, heads, segments } = results;
    bytes += numbers.length * 45 + heads.byteLength;
    for (const segment of segments) bytes += segment.byteLength;
  }
  for (const message of messages)
    bytes += 64 + (message.type === 'console' ? message.message.length : payloadByteLength(message.value));
  for (const { numbers } of returns) bytes += numbers.byteLength;
  return bytes;
}

/** The checksum says that it is what was written; this, that it was written by us. The Scheduler checks the rest. */
function checkRecord(value: unknown): SpoolRecord {
  const { scheduler, jobId, taskId, messages, results, returns } = Object(value) as Record<string, unknown>;
  const fits =
    typeof scheduler === 'string' &&
    typeof jobId === 'string' &&
    (typeof taskId === 'string' || taskId === null) &&
    Array.isArray(messages) &&
    Array.isArray(returns) &&
    (results === null || (Object(results) as Partial<ResultBatch>).numbers instanceof Uint32Array);
  if (!fits) throw new SpoolFileError('what it holds is no record');
  return value as SpoolRecord;
}

async function readBytes(file: FileHandle, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at);
    if (bytesRead === 0) throw new SpoolFileError(`it ends ${length - at} bytes too early`);
    at += bytesRead;
  }
  return bytes;
}
