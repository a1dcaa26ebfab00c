/**
 * What encoder and decoder agree on. Internal to the codec; docs/CODEC.md describes it for readers.
 *
 * A head is msgpack as msgpackr writes it. What msgpack has no word for is a **node**: a msgpack array
 * whose first element is the byte 0xc1, which msgpack never uses, followed by one of these kinds and its
 * fields. Extension types are not used for this: msgpackr's registry of them is one per module, so that
 * any other user of msgpackr in the process could change what our bytes mean.
 */
export const Kind = {
  /** `number`: the object met as the number-th while reading from the front, from 0. */
  ref: 0,
  negativeZero: 1,
  /** `hex`: a BigInt outside 64 bits, as `-?[0-9a-f]+`. */
  bigint: 2,
  /** `bin`: UTF-16 code units, little endian; a string that UTF-8 cannot carry. */
  utf16: 3,
  /** `bin`: UTF-8; a long string, apart from msgpack's own so that native code can read it. */
  text: 4,
  /** `key, value, …`: a plain object with keys that msgpackr would mistreat. */
  object: 5,
  /** `length, key, value, …`: an array with holes or named properties. */
  array: 6,
  /** `milliseconds` or NaN. */
  date: 7,
  /** `source, flags`. */
  regexp: 8,
  /** `key, value, …`. */
  map: 9,
  /** `element, …`. */
  set: 10,
  /** `class, hidden, key, value, …`: the first `hidden` pairs are not enumerable. */
  error: 11,
  /** `primitive`. */
  boxed: 12,
  /** `bin`: an ArrayBuffer's bytes. */
  buffer: 13,
  /** `index`: an ArrayBuffer that travels as a segment. */
  segment: 14,
  /** `view type, buffer, byte offset, length` in elements. */
  view: 15,
} as const;

/** Positions are part of the format: append only. */
export const VIEW_TYPES = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
  'DataView',
] as const;

/** Bytes per element, by position in VIEW_TYPES. */
export const VIEW_ELEMENT_BYTES: readonly number[] = [1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 2, 1];

/** Positions are part of the format: append only. `Error` stands for every class not named here. */
export const ERROR_CLASSES = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
] as const;

/**
 * How many objects may lie within each other, the outermost included. Packing and unpacking recurse, also on the
 * smaller stacks of worker threads, so the limit is far from where a stack ends.
 */
export const MAX_DEPTH = 1000;

/** A view's node holds its buffer's node: the only place where the format nests deeper than the value. */
export const MAX_NESTING = MAX_DEPTH + 1;

/**
 * ArrayBuffers of at least this many bytes travel as segments of their own, smaller ones within the head.
 * Measured with `bench/codec.ts`; see docs/CODEC.md.
 */
export const SEGMENT_THRESHOLD = 4096;

/**
 * Strings of at least this many UTF-16 units are text nodes where fast UTF-8 is at hand. msgpackr's own
 * JavaScript loops, which is all a bare isolate has, are quicker below.
 */
export const TEXT_THRESHOLD = 256;

/**
 * Arrays of up to this many elements keep their named properties, as `structuredClone` does. Looking for
 * them means listing all keys: 7 ns per element here, and 60 to 100 ns in large arrays, where packing a number takes about 10.
 */
export const NAMED_PROPERTIES_UP_TO = 32;
