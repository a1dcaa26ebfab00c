import { InvalidArgumentError, subBatch, type SliceBatch, type Task } from '../model/index.js';

/**
 * A Task from the moment it is leased until the Scheduler has acknowledged something for each of its Slices.
 * Slices go to Sandboxes in order, from the front.
 */
export class HeldTask {
  readonly #slices: SliceBatch;
  /** Index of the first Slice that has not been handed to a Sandbox. */
  #next = 0;
  /** Slices the Scheduler has acknowledged nothing for. The lease is needed as long as there are any. */
  #unacknowledged: number;
  /** The Scheduler gave the Slices to somebody else; results found in spite of that are still welcome. */
  #gone = false;

  /** Bytes of the data of all its Slices. */
  readonly bytes: number;

  constructor(readonly task: Task) {
    this.#slices = task.slices;
    this.#unacknowledged = task.slices.numbers.length;
    this.bytes = task.slices.segments.reduce(
      (sum, segment) => sum + segment.byteLength,
      task.slices.heads.byteLength,
    );
  }

  get queued(): number {
    return this.#slices.numbers.length - this.#next;
  }

  /** Slices that some Sandbox has seen: the index of the first queued one. */
  get handedOver(): number {
    return this.#next;
  }

  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** How often the Slice at this index came to nothing before. */
  attempts(index: number): number {
    return this.task.attempts[index] ?? 0;
  }

  /** How many Slices at the front none of which is among these. */
  countBefore(numbers: ReadonlySet<number>): number {
    let to = this.#next;
    while (to < this.#slices.numbers.length && !numbers.has(this.#slices.numbers[to]!)) to++;
    return to - this.#next;
  }

  /** How many of the next `count` Slices have no more than so many bytes of data together; one, at least. */
  countWithin(count: number, bytes: number): number {
    if (this.bytes <= bytes) return count;
    const { headEnds, segments, segmentEnds } = this.#slices;
    const from = this.#next;
    const headStart = from === 0 ? 0 : headEnds[from - 1]!;
    let segment = from === 0 ? 0 : segmentEnds[from - 1]!;
    let segmentBytes = 0;
    let to = from;
    for (const end = Math.min(headEnds.length, from + count); to < end; to++) {
      for (; segment < segmentEnds[to]!; segment++) segmentBytes += segments[segment]!.byteLength;
      if (to > from && headEnds[to]! - headStart + segmentBytes > bytes) break;
    }
    return to - from;
  }

  /** The next `count` Slices, for one hand-over: one, at least, so that something comes back for it. */
  cut(count: number): { chunk: Chunk; batch: SliceBatch } {
    if (!(count >= 1)) throw new InvalidArgumentError('count', `expected a number from 1, got ${count}`);
    const from = this.#next;
    const to = Math.min(this.#slices.numbers.length, from + count);
    this.#next = to;
    const batch = subBatch(this.#slices, from, to);
    // The numbers are copied: the batch's memory belongs to the Sandbox from now on.
    return { chunk: new Chunk(this, from, this.#slices.numbers.slice(from, to)), batch };
  }

  /** Takes all Slices that no Sandbox has seen. */
  takeQueued(): Uint32Array {
    const numbers = this.#slices.numbers.slice(this.#next);
    this.#next = this.#slices.numbers.length;
    return numbers;
  }

  acknowledged(count: number): void {
    this.#unacknowledged -= count;
  }

  /** The lease is lost: queued Slices are forgotten. */
  lose(): void {
    this.#gone = true;
    this.#unacknowledged -= this.takeQueued().length;
  }
}

/** Slices of one Task handed to one Sandbox at once, and which of them it still owes. */
export class Chunk {
  #cursor = 0;
  #owed: number;
  /** Made when a Slice settles out of order, which only a rejection or a strange Sandbox brings about. */
  #settled: Uint8Array | null = null;

  constructor(
    readonly held: HeldTask,
    /** Index in the Task of this chunk's first Slice. */
    readonly from: number,
    readonly numbers: Uint32Array,
  ) {
    this.#owed = numbers.length;
  }

  get owed(): number {
    return this.#owed;
  }

  /** Marks a Slice as ended. Answers its index in the Task, or -1 when this chunk does not owe it. */
  settle(number: number): number {
    if (this.#settled === null && this.numbers[this.#cursor] === number) {
      this.#owed--;
      return this.from + this.#cursor++;
    }
    const index = this.numbers.indexOf(number, this.#settled === null ? this.#cursor : 0);
    if (index < 0) return -1;
    this.#settled ??= new Uint8Array(this.numbers.length).fill(1, 0, this.#cursor);
    if (this.#settled[index] === 1) return -1;
    this.#settled[index] = 1;
    this.#owed--;
    return this.from + index;
  }

  /** The first Slice that is still owed, which is the one that runs if the Sandbox keeps the order; null: none is. */
  get next(): number | null {
    if (this.#settled === null) return this.numbers[this.#cursor] ?? null;
    const index = this.#settled.indexOf(0);
    return index < 0 ? null : this.numbers[index]!;
  }

  owes(number: number): boolean {
    const index = this.numbers.indexOf(number, this.#settled === null ? this.#cursor : 0);
    return index >= 0 && this.#settled?.[index] !== 1;
  }

  /** Slices still owed, in the order in which they were handed over. */
  unsettled(): { index: number; number: number }[] {
    const rest: { index: number; number: number }[] = [];
    for (let i = this.#settled === null ? this.#cursor : 0; i < this.numbers.length; i++) {
      if (this.#settled?.[i] !== 1) rest.push({ index: this.from + i, number: this.numbers[i]! });
    }
    return rest;
  }
}
