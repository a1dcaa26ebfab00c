import { inspect } from 'node:util';
import type { SliceError } from '../model/index.js';

/** Methods of arrays that a handle has too; they see the results that are there, in input order. */
const ARRAY_METHODS = [
  'every',
  'filter',
  'find',
  'findIndex',
  'flatMap',
  'forEach',
  'includes',
  'indexOf',
  'join',
  'map',
  'reduce',
  'some',
] as const;

/** Numbers that `missing` tells at once. */
const MISSING_AT_ONCE = 10_000;

const MISSING = Symbol('no result yet');

/** Results kept in one array. V8 ends the process where one array grows too far, beyond 112 million places. */
const PAGE = 65_536;
/** Results that one array is made of. */
const MAX_ARRAY = 100_000_000;

/**
 * Results of a Job in the order of its input set. The result of a Slice that failed is its `SliceError`. While the Job
 * runs the handle grows: iteration, `values()`, `length` and the methods of arrays see the results that are there;
 * `handle[i]` is the result of input `i` (from 0), undefined while there is none.
 */
export type ResultHandle<R> = ResultStore<R> &
  Pick<readonly (R | SliceError)[], (typeof ARRAY_METHODS)[number]> &
  Readonly<Record<number, R | SliceError>>;

/** What is behind a `ResultHandle`. */
export class ResultStore<R> implements Iterable<R | SliceError> {
  /** Pages with a result, by their place; each as long as it must be. */
  readonly #pages = new Map<number, (R | SliceError | typeof MISSING)[]>();
  #available = 0;
  /** Index behind the last result. */
  #end = 0;

  /** How many results are there. */
  get length(): number {
    return this.#available;
  }

  /** Whether input `index` (from 0) has a result. */
  isAvailable(index: number): boolean {
    const page = this.#pages.get(Math.floor(index / PAGE));
    return page !== undefined && index % PAGE in page && page[index % PAGE] !== MISSING;
  }

  /** The results that are there. Throws a RangeError for more than one array can have: those can be iterated over. */
  values(): (R | SliceError)[] {
    this.#checkArray();
    return [...this];
  }

  /** Pairs of input index (from 0) and result. Throws like `values`. */
  entries(): [number, R | SliceError][] {
    this.#checkArray();
    return [...this.#pairs()];
  }

  /** As of arrays. */
  at(index: number): R | SliceError | undefined {
    if (this.#available < this.#end) return this.values().at(index);
    const at = Math.trunc(index) || 0;
    return this.read(at < 0 ? this.#end + at : at);
  }

  /** As of arrays. */
  slice(start = 0, end = this.#available): (R | SliceError)[] {
    if (this.#available < this.#end) return this.values().slice(start, end);
    const place = (index: number): number => {
      const at = Math.trunc(index) || 0;
      return Math.min(at < 0 ? Math.max(0, this.#end + at) : at, this.#end);
    };
    const first = place(start);
    const length = Math.max(0, place(end) - first);
    this.#checkArray(length);
    return Array.from({ length }, (_, i) => this.read(first + i) as R | SliceError);
  }

  *[Symbol.iterator](): IterableIterator<R | SliceError> {
    for (const [, result] of this.#pairs()) yield result;
  }

  toJSON(): (R | SliceError)[] {
    return this.values();
  }

  [inspect.custom](): (R | SliceError)[] {
    return this.values();
  }

  /** @internal The result of input `index`, undefined while there is none. */
  read(index: number): R | SliceError | undefined {
    const result = this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
    return result === MISSING ? undefined : result;
  }

  /** @internal False when it was there already. */
  put(index: number, result: R | SliceError): boolean {
    const number = Math.floor(index / PAGE);
    let page = this.#pages.get(number);
    if (page === undefined) this.#pages.set(number, (page = []));
    const at = index % PAGE;
    // Filled up rather than left with holes: an array with large holes becomes a slow table.
    while (page.length < at) page.push(MISSING);
    const isNew = at >= page.length || page[at] === MISSING;
    if (isNew) {
      page[at] = result;
      this.#available++;
      this.#end = Math.max(this.#end, index + 1);
    }
    return isNew;
  }

  *#pairs(): Generator<[number, R | SliceError], void> {
    for (let number = 0; number * PAGE < this.#end; number++) {
      const page = this.#pages.get(number) ?? [];
      for (let at = 0; at < page.length; at++) {
        const result = page[at]!;
        if (result !== MISSING) yield [number * PAGE + at, result];
      }
    }
  }

  #checkArray(length = this.#available): void {
    if (length > MAX_ARRAY)
      throw new RangeError(`${length} results are too many for one array; iterate over them`);
  }

  /** @internal Numbers, from 1, of the Slices up to `count` that have no result: some at a time, as there may be billions. */
  *missing(count: number): Generator<Uint32Array, void> {
    for (let index = 0; index < count;) {
      const numbers = new Uint32Array(Math.min(MISSING_AT_ONCE, count - index));
      let found = 0;
      for (; index < count && found < numbers.length; index++)
        if (!this.isAvailable(index)) numbers[found++] = index + 1;
      if (found > 0) yield numbers.subarray(0, found);
    }
  }
}

/** The public face of a store: adds `[index]` and the methods of arrays. */
export function resultHandle<R>(store: ResultStore<R>): ResultHandle<R> {
  return new Proxy(store, {
    get(target, name) {
      if (typeof name === 'string') {
        if (/^(0|[1-9]\d*)$/.test(name)) return target.read(Number(name));
        if ((ARRAY_METHODS as readonly string[]).includes(name)) {
          const values = target.values() as unknown as Record<string, (...args: unknown[]) => unknown>;
          return (values[name] as (...args: unknown[]) => unknown).bind(values);
        }
      }
      const own = Reflect.get(target, name, target) as unknown;
      return typeof own === 'function' && name !== 'constructor' ? (own.bind(target) as unknown) : own;
    },
    has: (target, name) =>
      typeof name === 'string' && /^(0|[1-9]\d*)$/.test(name)
        ? target.isAvailable(Number(name))
        : Reflect.has(target, name),
    set() {
      throw new TypeError("a Job's results cannot be changed; make a copy: [...results]");
    },
  }) as unknown as ResultHandle<R>;
}
