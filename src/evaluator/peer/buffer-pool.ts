/** Memory kept, bytes: what a few Slices on their way take. */
const KEEP_BYTES = 128 * 2 ** 20;
/** Lengths remembered. */
const MAX_LENGTHS = 16;

/**
 * Memory of long segments that are done with, for the next ones of the same length: fresh memory costs twice the copy that goes
 * into it. Kept is what has a length that was asked for before. Who takes a buffer writes all of it before anybody reads it.
 */
export class BufferPool {
  /** Longest unused first. */
  readonly #buffers: Uint8Array[] = [];
  #bytes = 0;
  /** Lengths that were asked for, the latest last. */
  readonly #lengths = new Set<number>();

  take(byteLength: number): Uint8Array {
    this.#lengths.delete(byteLength);
    this.#lengths.add(byteLength);
    if (this.#lengths.size > MAX_LENGTHS) this.#lengths.delete(this.#lengths.values().next().value!);
    const at = this.#buffers.findLastIndex((buffer) => buffer.byteLength === byteLength);
    if (at < 0) return new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer);
    this.#bytes -= byteLength;
    return this.#buffers.splice(at, 1)[0]!;
  }

  /** Only memory that nobody else uses; a view of part of a buffer is not kept. */
  put(bytes: Uint8Array): void {
    if (bytes.byteLength !== bytes.buffer.byteLength || !this.#lengths.has(bytes.byteLength)) return;
    this.#buffers.push(bytes);
    this.#bytes += bytes.byteLength;
    while (this.#bytes > KEEP_BYTES) this.#bytes -= this.#buffers.shift()!.byteLength;
  }

  clear(): void {
    this.#buffers.length = 0;
    this.#bytes = 0;
  }
}
