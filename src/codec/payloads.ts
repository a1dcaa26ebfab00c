import {
  DecodingError,
  EncodingError,
  InvalidArgumentError,
  OversizeError,
  type Payload,
} from '../model/index.js';
import { allocate } from './allocate.js';
import { isArray, isView, setBytes, subarray } from './intrinsics.js';
import { KEEP_UP_TO, pack, unpack, window, type Packed } from './msgpack.js';
import { isPlain } from './plain.js';
import { revive } from './revive.js';
import { describeFailure, substitute } from './substitute.js';
import { validateHead } from './validate.js';

const NO_SEGMENTS: readonly Uint8Array[] = Object.freeze([]);

/** Result of `encodeHead`: valid until the next call of anything in the codec. */
export interface EncodedHead {
  packed: Packed;
  segments: readonly Uint8Array[];
}

/** What V8 throws where msgpackr asks for memory that is not there. */
const NO_MEMORY = 'RangeError: Array buffer allocation failed';

/** Reused: `encodeHead` is on the path of every Slice. */
const encoded = { packed: null as unknown as Packed, segments: NO_SEGMENTS };

/**
 * Encodes a value into msgpackr's buffer.
 * @throws {EncodingError} OversizeError when head and segments have more than `maxBytes`; most of that is found out before anything
 *   is copied
 */
export function encodeHead(value: unknown, maxBytes = Infinity): EncodedHead {
  const replaced = isProvenPlain(value) ? null : substitute(value, maxBytes);
  try {
    encoded.packed = replaced ? pack(replaced.tree, replaced.textBytes) : pack(value, 0);
  } catch (error) {
    if (error instanceof OversizeError) throw error;
    const failure = describeFailure(error);
    if (failure === NO_MEMORY) throw new OversizeError('value', null);
    throw new EncodingError('value', `encoding it failed: ${failure}`);
  }
  encoded.segments = replaced ? replaced.segments : NO_SEGMENTS;
  let bytes = encoded.packed.end - encoded.packed.start;
  for (let i = 0; i < encoded.segments.length; i++) bytes += encoded.segments[i]!.length;
  if (bytes > maxBytes) throw new OversizeError('value', maxBytes);
  return encoded;
}

/** Who has copied a head lets it go: a large one is not used again, and stood in the way of the next. */
export function releaseHead(): void {
  if (encoded.packed.length <= KEEP_UP_TO) return;
  encoded.packed = null as unknown as Packed;
  encoded.segments = NO_SEGMENTS;
}

function isProvenPlain(value: unknown): boolean {
  try {
    return isPlain(value);
  } catch {
    // A getter or a proxy threw. The slow way meets it too, and knows the path.
    return false;
  }
}

/**
 * Decodes a head with the segments `from` to `to` of a list.
 * @param head must not be seen by others when `length` is more than `window` has, as msgpackr leaves a property on it
 * @throws {DecodingError}
 */
export function decodeHead(
  head: Uint8Array,
  length: number,
  segments: readonly Uint8Array[],
  from: number,
  to: number,
): unknown {
  try {
    const hasNodes = validateHead(head, length);
    const tree = unpack(head, length);
    return hasNodes ? revive(tree, segments, from, to) : tree;
  } catch (error) {
    if (error instanceof DecodingError) throw error;
    throw new DecodingError(`the encoded value cannot be read: ${describeFailure(error)}`);
  }
}

/**
 * Encodes a value: all that `structuredClone` carries that is data. Segments are views on the value's own memory, not
 * copies (except of shared, resizable and WebAssembly memory): leave it alone until the payload has been sent or stored.
 *
 * Getters are called, at times twice. Instances of classes become plain objects.
 * @throws {EncodingError} for functions, symbols and other things that are no data, for detached buffers, and beyond `MAX_DEPTH`
 *   levels; `path` leads there from `value`
 */
export function encode(value: unknown): Payload {
  return encodeWithin(value, Infinity);
}

/**
 * `encode`, up to so many bytes of head and segments.
 * @throws {EncodingError} like `encode`, and OversizeError beyond `maxBytes`
 */
export function encodeWithin(value: unknown, maxBytes: number): Payload {
  const { packed, segments } = encodeHead(value, maxBytes);
  const { start, end } = packed;
  const head = allocate(end - start);
  setBytes(head, subarray(packed, start, end));
  releaseHead();
  return { head, segments };
}

/**
 * Decodes a payload, whoever made it. A segment that is all of its ArrayBuffer becomes part of the value as it is, and
 * then belongs to the value; any other is copied.
 * @throws {DecodingError} when the bytes are not what `encode` writes
 * @throws {InvalidArgumentError} when it is no payload
 */
export function decode(payload: Payload): unknown {
  if (typeof payload !== 'object' || payload === null) notPayload('payload', 'a payload', payload);
  const { head, segments } = payload;
  if (!isView(head)) notPayload('payload.head', 'a Uint8Array', head);
  if (!isArray(segments)) notPayload('payload.segments', 'an array of Uint8Arrays', segments);
  let bytes = window;
  if (head.length <= window.length) setBytes(window, head);
  else bytes = new Uint8Array(head.buffer as ArrayBuffer, head.byteOffset, head.length);
  return decodeHead(bytes, head.length, segments, 0, segments.length);
}

function notPayload(field: string, expected: string, given: unknown): never {
  const got = typeof given === 'object' && given !== null ? 'an object' : String(given);
  throw new InvalidArgumentError(field, `expected ${expected}, got ${got}`);
}

/** What an empty array is encoded to. */
const EMPTY_LIST = 0x90;

/** Whether this is what `encode` makes of `[]`: the arguments of most Jobs. */
export function isEmptyList({ head }: Payload): boolean {
  return head.length === 1 && head[0] === EMPTY_LIST;
}
