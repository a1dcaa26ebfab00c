import { loadNative } from '../native.js';
import { Aging } from './aging.js';

/** Memory kept, bytes: what a few Slices on their way take. */
const KEEP_BYTES = 128 * 2 ** 20;
/** Lengths remembered. */
const MAX_LENGTHS = 16;

/** As long as there are buffers, whoever has them: those that are garbage do not go by themselves. */
const sweeping = new Aging(() => loadNative().sweepBuffers());

interface Kept {
  readonly bytes: Uint8Array;
  readonly age: number;
}

/**
 * Memory of long segments that are done with, for the next ones of the same length: fresh memory costs twice the copy that goes
 * into it. Kept is what has a length that was asked for before, for some seconds. Who takes a buffer writes all of it before
 * anybody reads it.
 */
export class BufferPool {
  /** Longest unused first. */
  readonly #kept: Kept[] = [];
  #keptBytes = 0;
  /** Lengths that were asked for, the latest last. */
  readonly #lengths = new Set<number>();
  #age = 0;
  readonly #aging = new Aging(() => this.dropAged());

  get keptBytes(): number {
    return this.#keptBytes;
  }

  take(byteLength: number): Uint8Array {
    this.#lengths.delete(byteLength);
    this.#lengths.add(byteLength);
    if (this.#lengths.size > MAX_LENGTHS) this.#lengths.delete(this.#lengths.values().next().value!);
    const at = this.#kept.findLastIndex(({ bytes }) => bytes.byteLength === byteLength);
    if (at < 0) {
      sweeping.begin();
      return loadNative().allocateBuffer(byteLength);
    }
    this.#keptBytes -= byteLength;
    return this.#kept.splice(at, 1)[0]!.bytes;
  }

  /** Only memory that nobody else uses; a view of part of a buffer is not kept. */
  put(bytes: Uint8Array): void {
    if (bytes.byteLength !== bytes.buffer.byteLength || !this.#lengths.has(bytes.byteLength)) return;
    sweeping.begin();
    const kept = loadNative().passOn(bytes);
    this.#kept.push({ bytes: kept, age: this.#age });
    this.#keptBytes += kept.byteLength;
    while (this.#keptBytes > KEEP_BYTES) this.#dropOldest();
    this.#aging.begin();
  }

  /** Lets go of what was there at the last call but one. Whether something is kept still. */
  dropAged(): boolean {
    this.#age++;
    while (this.#kept.length > 0 && this.#kept[0]!.age + 1 < this.#age) this.#dropOldest();
    return this.#kept.length > 0;
  }

  clear(): void {
    this.#aging.stop();
    this.#kept.length = 0;
    this.#keptBytes = 0;
  }

  #dropOldest(): void {
    this.#keptBytes -= this.#kept.shift()!.bytes.byteLength;
  }
}
