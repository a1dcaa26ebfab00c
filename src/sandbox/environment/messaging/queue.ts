interface Entry<T> {
  readonly item: T;
  next: Entry<T> | null;
}

/** First in, first out, whatever has become of `Array.prototype`. */
export class Queue<T> {
  #first: Entry<T> | null = null;
  #last: Entry<T> | null = null;

  /** The item that comes next. */
  get first(): T | undefined {
    return this.#first?.item;
  }

  add(item: T): void {
    const entry = { item, next: null };
    if (this.#last === null) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
  }

  take(): T | undefined {
    const entry = this.#first;
    if (entry === null) return undefined;
    this.#first = entry.next;
    if (entry.next === null) this.#last = null;
    return entry.item;
  }

  forEach(visit: (item: T) => void): void {
    for (let entry = this.#first; entry !== null; entry = entry.next) visit(entry.item);
  }

  /** Only those stay that `keep` answers true for. */
  filter(keep: (item: T) => boolean): void {
    let last: Entry<T> | null = null;
    for (let entry = this.#first; entry !== null; entry = entry.next) {
      if (keep(entry.item)) last = entry;
      else if (last === null) this.#first = entry.next;
      else last.next = entry.next;
    }
    this.#last = last;
  }

  clear(): void {
    this.#first = null;
    this.#last = null;
  }
}
