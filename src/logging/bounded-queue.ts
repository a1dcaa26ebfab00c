/** How much a queue holds: both are limits. */
export interface QueueLimits {
  readonly items: number;
  readonly bytes: number;
}

/**
 * Waits in memory for whoever is slow, and no more than the limits say: when one is reached the oldest go. What is left
 * is what happened last.
 */
export class BoundedQueue<T> {
  /** Those before `#first` have been taken. */
  #items: (T | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  constructor(
    private readonly limits: QueueLimits,
    private readonly bytesOf: (item: T) => number,
  ) {}

  get size(): number {
    return this.#items.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Puts one in and answers how many went for it. One that is larger than the whole queue goes itself. */
  push(item: T): number {
    const bytes = this.bytesOf(item);
    if (bytes > this.limits.bytes || this.limits.items < 1) return 1;
    let gone = 0;
    while (this.size >= this.limits.items || this.#bytes + bytes > this.limits.bytes) {
      this.shift();
      gone++;
    }
    this.#items.push(item);
    this.#bytes += bytes;
    return gone;
  }

  /** Takes the oldest; undefined when there is none. */
  shift(): T | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    this.#items[this.#first++] = undefined;
    this.#bytes -= this.bytesOf(item);
    // Moves the rest up once half the array is empty places, so that a take costs the same however many wait.
    if (this.#first * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
