import { StringDecoder } from 'node:string_decoder';

/** Longer lines are decoded in pieces: of V8's longest strings, some have more bytes of UTF-8 than V8 decodes at once. */
const PIECE_BYTES = 64 * 2 ** 20;

/** Lines out of chunks of UTF-8, cut anywhere. */
export class LineSplitter {
  /** Of the line that has no end yet. */
  #parts: Uint8Array[] = [];

  /** @param onLine gets each line without its end */
  constructor(private readonly onLine: (line: string) => void) {}

  add(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      this.#parts.push(chunk.subarray(start, end));
      const parts = this.#parts;
      this.#parts = [];
      start = end + 1;
      this.onLine(textOf(parts));
    }
    if (start < chunk.length) this.#parts.push(chunk.subarray(start));
  }
}

function textOf(parts: readonly Uint8Array[]): string {
  let bytes = 0;
  for (const { length } of parts) bytes += length;
  if (bytes <= PIECE_BYTES) return viewOf(parts.length === 1 ? parts[0]! : Buffer.concat(parts)).toString();
  const decoder = new StringDecoder('utf8');
  let text = '';
  for (const part of parts) {
    for (let from = 0; from < part.length; from += PIECE_BYTES)
      text += decoder.write(viewOf(part.subarray(from, from + PIECE_BYTES)));
  }
  return text + decoder.end();
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
