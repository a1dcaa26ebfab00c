import type { ColumnReader, ColumnWriter, decode, encode } from '../codec/index.js';

/** What the prelude and the groups of the environment get of the codec. */
export interface CodecExports {
  readonly ColumnReader: typeof ColumnReader;
  readonly ColumnWriter: typeof ColumnWriter;
  readonly decode: typeof decode;
  readonly encode: typeof encode;
  /** A copy, which shares no bytes. Throws EncodingError. */
  readonly copy: (value: unknown) => unknown;
}
