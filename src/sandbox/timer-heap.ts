/** What a heap orders: by time, then by the order in which they were set. */
export interface Due {
  dueMs: number;
  order: number;
  /** Where the heap keeps it, -1 when it does not. Written by the heap alone. */
  place: number;
}

/** A binary heap: the next to come is found at once, and any can be taken out, in O(log n). */
export class TimerHeap<T extends Due> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The one that comes first. */
  get first(): T | undefined {
    return this.#items.length === 0 ? undefined : this.#items[0];
  }

  add(item: T): void {
    const place = this.#items.length;
    this.#items[place] = item;
    this.#rise(item, place);
  }

  /** Nothing when it is not there. */
  remove(item: T): void {
    const { place } = item;
    if (place < 0) return;
    const items = this.#items;
    const last = items[items.length - 1]!;
    items.length -= 1;
    item.place = -1;
    if (last === item) return;
    this.#rise(last, place);
    this.#sink(last, last.place);
  }

  clear(): void {
    for (let index = 0; index < this.#items.length; index++) this.#items[index]!.place = -1;
    this.#items.length = 0;
  }

  #rise(item: T, from: number): void {
    const items = this.#items;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = items[parent]!;
      if (!isBefore(item, above)) break;
      items[place] = above;
      above.place = place;
      place = parent;
    }
    items[place] = item;
    item.place = place;
  }

  #sink(item: T, from: number): void {
    const items = this.#items;
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child++;
      const below = items[child]!;
      if (!isBefore(below, item)) break;
      items[place] = below;
      below.place = place;
      place = child;
    }
    items[place] = item;
    item.place = place;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
