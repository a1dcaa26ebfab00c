/** Ranges of numbers of which no two have one in common. */
export class RangeSet {
  /** Each sorted; the ranges go from one to the other, which is the first number behind. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  get size(): number {
    return this.#starts.length;
  }

  /** False, and nothing is added, when it has a number in common with one that is there. */
  add(start: number, end: number): boolean {
    const at = this.#indexOf(start);
    if (at > 0 && this.#ends[at - 1]! > start) return false;
    if (at < this.#starts.length && this.#starts[at]! < end) return false;
    this.#starts.splice(at, 0, start);
    this.#ends.splice(at, 0, end);
    return true;
  }

  /** One that was added. */
  delete(start: number): void {
    const at = this.#indexOf(start);
    if (this.#starts[at] !== start) return;
    this.#starts.splice(at, 1);
    this.#ends.splice(at, 1);
  }

  /** The first range that does not begin below `start`. */
  #indexOf(start: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
