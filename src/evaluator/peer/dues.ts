import { MAX_OPEN_REQUESTS } from '../../model/index.js';

/** Answers to the requests of the Slice that runs, and of the one before, which ended before it read them. */
const ANSWERS = 2 * MAX_OPEN_REQUESTS;

/**
 * Bytes of frames that were sent for one Sandbox, and of which its evaluator has not said anything that shows that it has read them. So much
 * may wait to be sent, however long that takes.
 */
export class Dues {
  #assignment = 0;
  /** Batches of Slices, oldest first, and how many of each have not ended. */
  readonly #batches: { slices: number; readonly bytes: number }[] = [];
  #batchBytes = 0;
  readonly #answers: number[] = [];

  get bytes(): number {
    return this.#assignment + this.#batchBytes + this.#answers.reduce((sum, bytes) => sum + bytes, 0);
  }

  assign(bytes: number): void {
    this.#assignment = bytes;
  }

  assigned(): void {
    this.#assignment = 0;
  }

  run(slices: number, bytes: number): void {
    this.#batches.push({ slices, bytes });
    this.#batchBytes += bytes;
  }

  /** So many Slices have ended: those at the front, or as many of those that came with them. */
  ended(slices: number): void {
    for (let left = slices; left > 0 && this.#batches.length > 0;) {
      const first = this.#batches[0]!;
      const count = Math.min(left, first.slices);
      left -= count;
      first.slices -= count;
      if (first.slices > 0) return;
      this.#batches.shift();
      this.#batchBytes -= first.bytes;
    }
  }

  answer(bytes: number): void {
    this.#answers.push(bytes);
    if (this.#answers.length > ANSWERS) this.#answers.shift();
  }
}
