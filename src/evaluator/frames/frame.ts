/**
 * The wire between a host and its evaluator process. A frame is
 *
 *     u32  length of the header, bytes
 *     u32  number of parts
 *          header: a flat array of numbers in msgpack; the first says what the frame is
 *          for each part: u64 length, u64 address
 *          the bytes of those parts whose address is 0, one after another
 *
 * in little endian. A part with an address lies there in the memory of the evaluator process, and the host fetches or puts it
 * by itself (memory.ts).
 */
import { decode, encode } from '../../codec/index.js';
import { EvaluatorError } from '../../model/index.js';

/** Nothing a frame says takes more. */
export const MAX_HEADER_BYTES = 512;
/** Columns and segments; a segment has at least some KiB. */
export const MAX_PARTS = 1 << 20;
export const PREFIX_BYTES = 8;
export const PART_ENTRY_BYTES = 16;

/** What the other side said is no frame, or no frame it may send now. It is not listened to any more. */
export class ProtocolError extends EvaluatorError {
  constructor(message: string) {
    super(`protocol violation: ${message}`);
  }
}

/** Bytes that lie in the memory of the evaluator process. */
export interface RemotePart {
  readonly address: number;
  readonly byteLength: number;
}

export type Part = Uint8Array | RemotePart;

/** A frame that has come in. */
export interface Frame {
  readonly header: readonly number[];
  readonly parts: readonly Part[];
}

export function isRemote(part: Part): part is RemotePart {
  return !(part instanceof Uint8Array);
}

/** A frame as buffers to be written one after another. Parts are referenced, not copied. */
export function encodeFrame(header: readonly number[], parts: readonly Part[] = []): Uint8Array[] {
  const { head } = encode(header);
  const start = new Uint8Array(PREFIX_BYTES + head.byteLength + parts.length * PART_ENTRY_BYTES);
  const view = new DataView(start.buffer);
  view.setUint32(0, head.byteLength, true);
  view.setUint32(4, parts.length, true);
  start.set(head, PREFIX_BYTES);
  let at = PREFIX_BYTES + head.byteLength;
  const buffers: Uint8Array[] = [start];
  for (const part of parts) {
    setUint53(view, at, part.byteLength);
    if (isRemote(part)) setUint53(view, at + 8, part.address);
    else if (part.byteLength > 0) buffers.push(part);
    at += PART_ENTRY_BYTES;
  }
  return buffers;
}

/**
 * The numbers of a header.
 * @throws {ProtocolError}
 */
export function decodeHeader(bytes: Uint8Array): number[] {
  let header: unknown;
  try {
    header = decode({ head: bytes, segments: [] });
  } catch (error) {
    throw new ProtocolError(`the header of a frame: ${(error as Error).message}`);
  }
  if (!Array.isArray(header) || header.length === 0 || !header.every((word) => typeof word === 'number'))
    throw new ProtocolError('the header of a frame is no array of numbers');
  return header;
}

/** 2^53 and more turns into a number that no bound lets through. */
export function getUint53(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

function setUint53(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}
