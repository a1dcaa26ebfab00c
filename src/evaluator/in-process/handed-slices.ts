import { entryByteLengths, type SliceBatch } from '../../model/index.js';

/** Slices that were handed to a Sandbox and have not ended. They end in the order in which they came. */
export class HandedSlices {
  /** Oldest first; of the first, so many have ended. */
  readonly #batches: { readonly numbers: Uint32Array; readonly bytes: Float64Array }[] = [];
  #ended = 0;

  /** Reads the sizes of a batch whose memory is about to be given away. */
  add(batch: SliceBatch): void {
    if (batch.numbers.length === 0) return;
    this.#batches.push({ numbers: batch.numbers, bytes: entryByteLengths(batch) });
  }

  /** So many have ended: answers the bytes each brought. Zeros for more than there are. */
  settle(slices: number): Float64Array {
    const bytes = new Float64Array(slices);
    for (let at = 0; at < slices && this.#batches.length > 0;) {
      const first = this.#batches[0]!;
      const count = Math.min(slices - at, first.bytes.length - this.#ended);
      // Not by `set` and `subarray`: a view on an array this small moves it out of V8's heap, which may
      // collect garbage at every Slice while large results are young.
      for (let i = 0; i < count; i++) bytes[at + i] = first.bytes[this.#ended + i]!;
      at += count;
      this.#ended += count;
      if (this.#ended === first.bytes.length) {
        this.#batches.shift();
        this.#ended = 0;
      }
    }
    return bytes;
  }

  /** Bytes that one of them brought, 0 when it is none of them. */
  bytesOf(slice: number): number {
    for (const { numbers, bytes } of this.#batches) {
      const index = numbers.indexOf(slice);
      if (index >= 0) return bytes[index]!;
    }
    return 0;
  }

  /** The numbers of all of them but one, in order. */
  numbers(except: number): Uint32Array {
    const all = this.#batches.flatMap(({ numbers }) => [...numbers]).slice(this.#ended);
    return Uint32Array.from(all.filter((number) => number !== except));
  }
}
