/**
 * The slice codec, as a script of its own: it is half of all that a Sandbox runs before its Work Function, and not needed
 * to make one. Native code has it made while the Sandbox waits for a Job, at the latest before any code of the Job.
 */
import {
  ColumnReader,
  ColumnWriter,
  decode,
  encode,
  encodeWithin,
  setBufferPrimitives,
  setTextPrimitives,
} from '../../codec/index.js';
import { OversizeError, type Payload } from '../../model/index.js';
import type { CodecExports } from '../codec-exports.js';
import type { Host } from '../host.js';

export default function makeCodec(host: Host): CodecExports {
  setTextPrimitives({
    decode: (bytes, from, to) => host.utf8Read(bytes, from, to),
    encodeInto: (text, bytes, at) => host.utf8Write(text, bytes, at),
  });
  setBufferPrimitives({ isDetachable: (buffer) => host.isDetachable(buffer) });
  return { ColumnReader, ColumnWriter, decode, encode, encodeUpTo, OversizeError };
}

function encodeUpTo(value: unknown, maxBytes: number): Payload | null {
  try {
    return encodeWithin(value, maxBytes);
  } catch (error) {
    if (error instanceof OversizeError) return null;
    throw error;
  }
}
