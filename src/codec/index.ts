/**
 * The slice codec: values to payloads and back, the same in a client (Node) and in a Sandbox (a bare V8 isolate).
 * docs/CODEC.md has the format and what happens to each type.
 */
export { ColumnReader, ColumnWriter } from './columns.js';
export { decode, encode, encodeWithin, isEmptyList } from './payloads.js';
export { MAX_DEPTH, SEGMENT_THRESHOLD } from './format.js';
export { setBufferPrimitives, type BufferPrimitives } from './segments.js';
export { setTextPrimitives, type TextPrimitives } from './text.js';
