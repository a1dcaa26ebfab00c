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
      const line = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
      this.#parts = [];
      start = end + 1;
      this.onLine(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8'));
    }
    if (start < chunk.length) this.#parts.push(chunk.subarray(start));
  }
}
