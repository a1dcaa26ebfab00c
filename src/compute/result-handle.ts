import { inspect } from 'node:util';
import type { SliceError } from '../model/index.js';

/** Methods of arrays that a handle has too; they see the results that are there, in input order. */
const ARRAY_METHODS = [
  'at',
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
  'slice',
  'some',
] as const;

/** Numbers that `missing` tells at once. */
const MISSING_AT_ONCE = 10_000;

const MISSING = Symbol('no result yet');

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
  readonly #results: (R | SliceError | typeof MISSING)[] = [];
  #available = 0;

  /** How many results are there. */
  get length(): number {
    return this.#available;
  }

  /** Whether input `index` (from 0) has a result. */
  isAvailable(index: number): boolean {
    return index in this.#results && this.#results[index] !== MISSING;
  }

  /** The results that are there. */
  values(): (R | SliceError)[] {
    return this.#results.filter((result) => result !== MISSING) as (R | SliceError)[];
  }

  /** Pairs of input index (from 0) and result. */
  entries(): [number, R | SliceError][] {
    const pairs: [number, R | SliceError][] = [];
    this.#results.forEach((result, index) => {
      if (result !== MISSING) pairs.push([index, result]);
    });
    return pairs;
  }

  [Symbol.iterator](): ArrayIterator<R | SliceError> {
    return this.values()[Symbol.iterator]();
  }

  toJSON(): (R | SliceError)[] {
    return this.values();
  }

  [inspect.custom](): (R | SliceError)[] {
    return this.values();
  }

  /** @internal The result of input `index`, undefined while there is none. */
  read(index: number): R | SliceError | undefined {
    const result = this.#results[index];
    return result === MISSING ? undefined : result;
  }

  /** @internal False when it was there already. */
  put(index: number, result: R | SliceError): boolean {
    // Filled up rather than left with holes: an array with large holes becomes a slow table.
    while (this.#results.length < index) this.#results.push(MISSING);
    const isNew = index >= this.#results.length || this.#results[index] === MISSING;
    if (isNew) {
      this.#results[index] = result;
      this.#available++;
    }
    return isNew;
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
