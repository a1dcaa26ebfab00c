/**
 * The wire between a host and its evaluator process. A frame is
 *
 *     u32  length of the header, bytes
 *     u32  number of parts
 *          header: a flat array of numbers in msgpack; the first says what the frame is
 *          for each part: u64 length, u64 place
 *          the bytes of those parts whose place is 0, one after another
 *
 * in little endian. A part with another place lies in memory that both have (src/evaluator/peer/memory.ts): the place is the
 * number of the region times 2^48, and where in it the part begins.
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

/** The memory that a host has in common with its evaluator process: where it puts Slices, and where results lie. */
export const Region = { tasks: 1, results: 2 } as const;
export type Region = (typeof Region)[keyof typeof Region];
/** No region is longer. */
export const MAX_REGION_BYTES = 2 ** 48;

/** Bytes that lie in memory which both sides have. */
export interface SharedPart {
  readonly region: Region;
  readonly offset: number;
  readonly byteLength: number;
}

export type Part = Uint8Array | SharedPart;

/** A frame that has come in. */
export interface Frame {
  readonly header: readonly number[];
  readonly parts: readonly Part[];
}

export function isShared(part: Part): part is SharedPart {
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
    if (isShared(part)) setUint53(view, at + 8, part.region * MAX_REGION_BYTES + part.offset);
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
