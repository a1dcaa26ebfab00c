import type { ColumnReader, ColumnWriter, decode, encode } from '../codec/index.js';
import type { OversizeError, Payload } from '../model/index.js';

/** What the prelude and the groups of the environment get of the codec. */
export interface CodecExports {
  readonly ColumnReader: typeof ColumnReader;
  readonly ColumnWriter: typeof ColumnWriter;
  readonly decode: typeof decode;
  readonly encode: typeof encode;
  /** Null for a value whose head and segments have more than `maxBytes`. Throws EncodingError. */
  readonly encodeUpTo: (value: unknown, maxBytes: number) => Payload | null;
  /** What `ColumnWriter.append` throws for a value that is too large. */
  readonly OversizeError: typeof OversizeError;
}
