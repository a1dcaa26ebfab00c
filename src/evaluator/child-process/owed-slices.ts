import { entryByteLengths, type SliceBatch } from '../../model/index.js';

interface Batch {
  numbers: Uint32Array;
  bytes: Float64Array;
  /** Those before have ended. */
  at: number;
}

/** Slices an evaluator process was given and has not answered for. They end in the order in which they came, but for one. */
export class OwedSlices {
  /** Oldest first; none is used up. */
  readonly #batches: Batch[] = [];
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  /** Bytes of their data. */
  get bytes(): number {
    return this.#bytes;
  }

  add(batch: SliceBatch): void {
    const { numbers } = batch;
    if (numbers.length === 0) return;
    const bytes = entryByteLengths(batch);
    this.#batches.push({ numbers, bytes, at: 0 });
    this.#count += numbers.length;
    for (const more of bytes) this.#bytes += more;
  }

  /** The Slice has ended. False when it is none of these. */
  settle(number: number): boolean {
    const first = this.#batches[0];
    if (first === undefined) return false;
    if (first.numbers[first.at] !== number) return this.#settleOutOfOrder(number);
    this.#count--;
    this.#bytes -= first.bytes[first.at++]!;
    if (first.at === first.numbers.length) this.#batches.shift();
    return true;
  }

  numbers(): number[] {
    return this.#batches.flatMap(({ numbers, at }) => [...numbers.subarray(at)]);
  }

  /** A Slice whose own doing ended its Sandbox may be ahead of those whose results were lost with it. */
  #settleOutOfOrder(number: number): boolean {
    for (const batch of this.#batches) {
      const index = batch.numbers.indexOf(number, batch.at);
      if (index < 0) continue;
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
