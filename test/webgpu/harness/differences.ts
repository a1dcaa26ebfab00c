import { inspect, isDeepStrictEqual } from 'node:util';
import type { Outcome } from './program.js';

/** One place where two outcomes are not the same. */
export interface Difference {
  /** Keys from the outcome inwards, as in `value.2.threw`. */
  readonly at: string;
  /** As `util.inspect` shows them. */
  readonly oracle: string;
  readonly sandbox: string;
}

/** Where two outcomes differ; numbers are compared as `Object.is` does, typed arrays as a whole. */
export function differencesOf(oracle: Outcome, sandbox: Outcome): Difference[] {
  const found: Difference[] = [];
  const walk = (at: readonly string[], a: unknown, b: unknown): void => {
    if (isDeepStrictEqual(a, b)) return;
    if (isContainer(a) && isContainer(b) && Array.isArray(a) === Array.isArray(b)) {
      const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
      const sameShape = [...keys].every((key) => key in a && key in b);
      if (sameShape) {
        for (const key of keys) walk([...at, key], Reflect.get(a, key), Reflect.get(b, key));
        return;
      }
    }
    found.push({ at: at.join('.'), oracle: show(a), sandbox: show(b) });
  };
  walk([], oracle, sandbox);
  return found;
}

/** Whether a place is another one or lies within it. */
export function isWithin(place: string, outer: string): boolean {
  return outer === '' || place === outer || place.startsWith(`${outer}.`);
}

/** What an outcome has at a place, as `Difference` shows it. */
export function shownAt(outcome: Outcome, place: string): string {
  let value: unknown = outcome;
  for (const key of place === '' ? [] : place.split('.')) {
    value = isContainer(value) ? Reflect.get(value, key) : undefined;
  }
  return show(value);
}

function isContainer(value: unknown): value is object {
  return value !== null && typeof value === 'object' && !ArrayBuffer.isView(value);
}

function show(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: Infinity, maxArrayLength: 64, maxStringLength: 2000 });
}
