import { allocate } from './allocate.js';
import { Kind, SEGMENT_THRESHOLD, VIEW_ELEMENT_BYTES } from './format.js';
import {
  apply,
  bufferByteLength,
  bufferResizable,
  bufferTransfer,
  setBytes,
  sharedBufferByteLength,
  subarray,
} from './intrinsics.js';

/**
 * A hull with bytes that belong to no view (a hole between two of them) is copied with zeros there, up to
 * this size: Node keeps small Buffers of all sorts in pools of 8 KiB, and nobody asked to send what else is in one.
 * Above, the views are on memory that someone laid out so, and copying costs more than it protects.
 */
const COPIED_WITH_HOLES_UP_TO = 65536;

/** WebAssembly memories grow in pages of this size, so that no other length needs a look. */
const WEBASSEMBLY_PAGE = 65536;

/** What the codec cannot find out in plain ECMAScript. */
export interface BufferPrimitives {
  /** False for the buffer of a WebAssembly.Memory, which a grow takes away and nobody can transfer. */
  isDetachable(buffer: ArrayBuffer): boolean;
}

let primitives: BufferPrimitives | null = null;

/** Tells the codec how to know a WebAssembly memory. Needed only before V8 11.4 and outside Node. */
export function setBufferPrimitives(given: BufferPrimitives | null): void {
  primitives = given;
}

const hostClone = (
  globalThis as { structuredClone?: (value: null, options: { transfer: ArrayBuffer[] }) => null }
).structuredClone;

/** Asks for a transfer that must fail in any case, and looks at how it fails. Nothing is transferred. */
function isDetachable(buffer: ArrayBuffer): boolean {
  if (primitives) return primitives.isDetachable(buffer);
  try {
    // Named twice, nothing is transferred. Preferred because V8 of Node 24 tries for 15 ms before it refuses the length below.
    if (hostClone) hostClone(null, { transfer: [buffer, buffer] });
    // The specification looks at the detach key before it allocates, and no buffer is this long.
    else if (bufferTransfer) apply(bufferTransfer, buffer, [Number.MAX_SAFE_INTEGER]);
    else return true;
  } catch (error) {
    if (hostClone) return /duplicate/.test((error as Error).message);
    return !(error instanceof TypeError);
  }
  return false;
}

/** Whether a buffer's bytes may change or go away under a view that leaves with a payload. */
function mustBeCopied(buffer: ArrayBufferLike, byteLength: number): boolean {
  if (isShared(buffer) || bufferResizable(buffer)) return true;
  return byteLength > 0 && byteLength % WEBASSEMBLY_PAGE === 0 && !isDetachable(buffer as ArrayBuffer);
}

function isShared(buffer: ArrayBufferLike): boolean {
  try {
    bufferByteLength(buffer);
    return false;
  } catch {
    return true;
  }
}

interface View {
  /** Its node, whose offset is still that in the original buffer. */
  readonly node: unknown[];
  readonly start: number;
  readonly end: number;
}

/** Position of the byte offset in a view's node: after the mark, the kind, the type and the buffer. */
const OFFSET_FIELD = 4;

/**
 * One ArrayBuffer met in a value, and what of it is needed: its **hull**. That is the whole buffer when it appears
 * itself, else the range from the first view to the last, its start moved down to where all views stay aligned.
 */
export class BufferUse {
  readonly #views: View[] = [];
  #start = Infinity;
  #end = 0;
  #alignment = 1;
  #whole = false;

  /** `node` becomes the buffer's node in `finish`. */
  constructor(
    readonly buffer: ArrayBufferLike,
    readonly node: unknown[],
  ) {}

  addWhole(): void {
    this.#whole = true;
  }

  addView(node: unknown[], type: number, byteOffset: number, byteLength: number): void {
    const end = byteOffset + byteLength;
    this.#views.push({ node, start: byteOffset, end });
    if (byteOffset < this.#start) this.#start = byteOffset;
    if (end > this.#end) this.#end = end;
    const alignment = VIEW_ELEMENT_BYTES[type]!;
    if (alignment > this.#alignment) this.#alignment = alignment;
  }

  /** Bytes of the hull: what will be carried. */
  get byteLength(): number {
    return this.#whole ? this.buffer.byteLength : Math.max(0, this.#end - this.#start);
  }

  /** Completes the nodes of the buffer and its views; long hulls are added to `segments`. */
  finish(mark: unknown, segments: Uint8Array[]): void {
    const { buffer, node } = this;
    const shared = isShared(buffer);
    const byteLength = shared ? sharedBufferByteLength!(buffer) : bufferByteLength(buffer);
    const start = this.#whole ? 0 : this.#start - (this.#start % this.#alignment);
    const length = (this.#whole ? byteLength : this.#end) - start;
    const inline = length < SEGMENT_THRESHOLD;
    let bytes = new Uint8Array(buffer, start, length);
    if (!this.#whole && length <= COPIED_WITH_HOLES_UP_TO && this.#hasHoles(start))
      bytes = this.#withoutHoles(start, bytes);
    else if (!inline && mustBeCopied(buffer, byteLength)) {
      bytes = allocate(length);
      setBytes(bytes, new Uint8Array(buffer, start, length));
    }
    if (inline) node.push(mark, Kind.buffer, bytes);
    else node.push(mark, Kind.segment, segments.push(bytes) - 1);
    for (const view of this.#views) view.node[OFFSET_FIELD] = view.start - start;
  }

  #hasHoles(start: number): boolean {
    // One view leaves none: its own alignment has not moved the start.
    if (this.#views.length === 1) return false;
    let covered = start;
    for (const view of [...this.#views].sort((a, b) => a.start - b.start)) {
      if (view.start > covered) return true;
      if (view.end > covered) covered = view.end;
    }
    return false;
  }

  #withoutHoles(start: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(bytes.length);
    for (const view of this.#views)
      setBytes(copy, subarray(bytes, view.start - start, view.end - start), view.start - start);
    return copy;
  }
}

/**
 * A segment as the ArrayBuffer of a decoded value: the segment's own when it covers all of it, else a copy, because
 * the rest of that buffer is somebody else's.
 */
export function adoptSegment(segment: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = segment;
  if (
    buffer instanceof ArrayBuffer &&
    byteOffset === 0 &&
    byteLength === buffer.byteLength &&
    !bufferResizable(buffer)
  ) {
    return buffer;
  }
  return copyBytes(segment);
}

/** An ArrayBuffer of its own with these bytes. */
export function copyBytes(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  setBytes(copy, bytes);
  return copy.buffer;
}
