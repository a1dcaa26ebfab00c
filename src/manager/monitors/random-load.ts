/** How many of the last numbers a load is made of: it wanders, and does not leap. */
const SAMPLES = 8;

/** A made-up load from 0 to 1, 0.5 in the long run, with two digits. */
export class RandomLoad {
  readonly #samples = Array.from({ length: SAMPLES }, () => Math.random());
  #next = 0;

  next(): number {
    this.#samples[this.#next] = Math.random();
    this.#next = (this.#next + 1) % SAMPLES;
    const mean = this.#samples.reduce((sum, sample) => sum + sample, 0) / SAMPLES;
    return Number(mean.toFixed(2));
  }
}
