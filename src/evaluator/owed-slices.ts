import { entryByteLengths, type SliceBatch } from '../model/index.js';

interface Batch {
  numbers: Uint32Array;
  bytes: Float64Array;
  /** Those before have ended. */
  at: number;
}

/**
 * Slices that were handed to a Sandbox and have not ended. They end in the order in which they came, but for one: a Slice whose own doing
 * ended its Sandbox may be ahead of those whose results were lost with it.
 */
export class OwedSlices {
  /** Oldest first; none is used up. */
  readonly #batches: Batch[] = [];
  #count = 0;
  #bytes = 0;
  #oneWasAhead = false;

  get count(): number {
    return this.#count;
  }

  /** Bytes of their data. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reads the sizes of a batch, whose memory may be given away afterwards. */
  add(batch: SliceBatch): void {
    const { numbers } = batch;
    if (numbers.length === 0) return;
    const bytes = entryByteLengths(batch);
    this.#batches.push({ numbers, bytes, at: 0 });
    this.#count += numbers.length;
    let sum = 0;
    for (let i = 0; i < bytes.length; i++) sum += bytes[i]!;
    this.#bytes += sum;
  }

  /** The Slice has ended. False when it is none of these, or not the one whose turn it is, for the second time. */
  settle(number: number): boolean {
    const first = this.#batches[0];
    if (first === undefined) return false;
    if (first.numbers[first.at] !== number) return this.#settleAhead(number);
    this.#count--;
    this.#bytes -= first.bytes[first.at++]!;
    if (first.at === first.numbers.length) this.#batches.shift();
    return true;
  }

  /** The oldest of them, so many, have ended: answers the bytes each brought. Zeros for more than there are. */
  settleOldest(slices: number): Float64Array {
    const bytes = new Float64Array(slices);
    let sum = 0;
    for (let at = 0; at < slices && this.#batches.length > 0;) {
      const first = this.#batches[0]!;
      const count = Math.min(slices - at, first.bytes.length - first.at);
      // Not by `set` and `subarray`: a view on an array this small moves it out of V8's heap, which may
      // collect garbage at every Slice while large results are young.
      for (let i = 0; i < count; i++) sum += bytes[at + i] = first.bytes[first.at + i]!;
      at += count;
      this.#count -= count;
      first.at += count;
      if (first.at === first.bytes.length) this.#batches.shift();
    }
    this.#bytes -= sum;
    return bytes;
  }

  /** Bytes that one of them brought, 0 when it is none of them. */
  bytesOf(slice: number): number {
    for (const { numbers, bytes, at } of this.#batches) {
      const index = numbers.indexOf(slice, at);
      if (index >= 0) return bytes[index]!;
    }
    return 0;
  }

  /** In order. */
  numbers(): number[] {
    return this.#batches.flatMap(({ numbers, at }) => [...numbers.subarray(at)]);
  }

  #settleAhead(number: number): boolean {
    if (this.#oneWasAhead) return false;
    for (const batch of this.#batches) {
      const index = batch.numbers.indexOf(number, batch.at);
      if (index < 0) continue;
      this.#oneWasAhead = true;
      this.#count--;
      this.#bytes -= batch.bytes[index]!;
      batch.numbers = batch.numbers.filter((_, i) => i !== index);
      batch.bytes = batch.bytes.filter((_, i) => i !== index);
      if (batch.at === batch.numbers.length) this.#batches.splice(this.#batches.indexOf(batch), 1);
      return true;
    }
    return false;
  }
}
