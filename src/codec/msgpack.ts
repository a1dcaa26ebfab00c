// These subpaths, not `msgpackr` itself: in Node that one reads strings with a native add-on, which would run on bytes
// that strangers wrote and is slower for small values. By name, not as namespaces: each Sandbox would make an object of one.
import type * as Msgpackr from 'msgpackr';
import {
  Packr as UntypedPackr,
  REUSE_BUFFER_MODE as REUSE_BUFFER,
  RESET_BUFFER_MODE as RESET_BUFFER,
} from 'msgpackr/pack';
import { clearSource as untypedClearSource } from 'msgpackr/unpack';
import { allocate } from './allocate.js';
import { setBytes, subarray } from './intrinsics.js';

// Their type declarations name ".", which TypeScript does not resolve in an ES module.
const Packr = UntypedPackr as typeof Msgpackr.Packr;
const REUSE_BUFFER_MODE = REUSE_BUFFER as number;
const RESET_BUFFER_MODE = RESET_BUFFER as number;
const clearSource = untypedClearSource as typeof Msgpackr.clearSource;

/**
 * Plain msgpack: no records (they outlive a message), no toJSON, no references by msgpackr, maps of the
 * smallest fitting size (its other way of writing objects calls their `hasOwnProperty` and ends at 65535 properties).
 */
const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  useToJSON: false,
  structuredClone: false,
  moreTypes: false,
});

/** What msgpackr reads the byte 0xc1 as, and writes as that byte. Only our nodes begin with it. */
export const MARK: unknown = packr.unpack(Uint8Array.of(0xc1));

/** Bytes that msgpackr has written, valid until it writes again. */
export interface Packed extends Uint8Array {
  readonly start: number;
  readonly end: number;
  readonly dataView: DataView;
}

/** msgpackr keeps the buffer it writes to; one that grew beyond this is given up. */
export const KEEP_UP_TO = 1 << 20;
const SMALL = 8192;
const HostBuffer = (globalThis as { Buffer?: { allocUnsafeSlow(size: number): Uint8Array } }).Buffer;

/** So large a tree gets a buffer of its size at once: msgpackr has two of them while one grows, and a copy. */
const SIZED_FROM = 1 << 22;

/** Beyond what is known of a tree, for what else it holds. */
const ROOM_BESIDES = 1 << 16;

/**
 * Packs into msgpackr's own buffer, which the next call uses again. Not into one of ours: the buffer belongs
 * to the msgpackr module, and others in the process who use it would then write into our bytes.
 * @param leastBytes what is known of how large it will be
 */
export function pack(tree: unknown, leastBytes: number): Packed {
  if (leastBytes > SIZED_FROM) packr.useBuffer(makeBuffer(leastBytes + ROOM_BESIDES));
  const packed = packr.pack(tree, REUSE_BUFFER_MODE | RESET_BUFFER_MODE) as unknown as Packed;
  // msgpackr expects the kind of buffer that it would make for itself.
  if (packed.length > KEEP_UP_TO) packr.useBuffer(makeBuffer(SMALL));
  return packed;
}

function makeBuffer(bytes: number): Uint8Array {
  return HostBuffer ? HostBuffer.allocUnsafeSlow(bytes) : allocate(bytes);
}

/**
 * msgpackr recognizes property names it has read before, which makes reading objects much quicker, but only when the message
 * ends before byte 180 of its array. So small ones are read from here, wherever they lie.
 */
export const window = new Uint8Array(176);
export const windowView = new DataView(window.buffer);

/** Copying this few bytes word by word is quicker than making the view that `set` wants. */
const FEW_BYTES = 128;

/** Copies bytes `start` to `end` of `from` into `to` at `at`; the views are of the same bytes. */
export function copyInto(
  to: Uint8Array,
  toView: DataView,
  at: number,
  from: Uint8Array,
  fromView: DataView,
  start: number,
  end: number,
): void {
  if (end - start > FEW_BYTES) return setBytes(to, subarray(from, start, end), at);
  let i = start;
  for (; i + 4 <= end; i += 4, at += 4) toView.setUint32(at, fromView.getUint32(i, true), true);
  for (; i < end; i++) to[at++] = from[i]!;
}

/** Unpacks the first `length` bytes, which `validateHead` has let through. The value may hold views on them. */
export function unpack(bytes: Uint8Array, length: number): unknown {
  try {
    return packr.unpack(bytes, length);
  } catch (error) {
    // The end of the stack may have struck within msgpackr's own cleaning up.
    clearSource();
    throw error;
  }
}
