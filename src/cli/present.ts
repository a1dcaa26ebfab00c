import { inspect } from 'node:util';
import { harmlessJson, isSliceError, oneLine as harmlessLine, type JobStatus } from '../model/index.js';

/** Parts of a value that its text may say again because they stand in several places. */
const MAX_REPEATS = 100_000;

/** Whether text of the value would hardly end: forty nested `[part, part]` say one part a million million times. */
function isRepetitive(value: unknown): boolean {
  /** Parts in each object, those of a shared one wherever it stands. */
  const sizes = new Map<object, number>();
  let parts = 0;
  const size = (part: unknown): number => {
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) return 1;
    const known = sizes.get(part);
    if (known !== undefined) return known;
    // Within itself it is shown as a reference.
    sizes.set(part, 1);
    let sum = 1;
    for (const inside of partsOf(part)) {
      parts++;
      sum += size(inside);
    }
    sizes.set(part, sum);
    return sum;
  };
  return size(value) > 1 + parts + MAX_REPEATS;
}

function partsOf(value: object): Iterable<unknown> {
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)].flat();
  return Array.isArray(value) || value instanceof Set ? (value as Iterable<unknown>) : Object.values(value);
}

/** Whether JSON holds the value as it is: nothing is lost, nothing becomes something else. */
function isJson(value: unknown, above: ReadonlySet<unknown> = new Set()): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object': {
      if (value === null) return true;
      if (above.has(value)) return false;
      const inside = new Set(above).add(value);
      if (Array.isArray(value)) {
        return (
          Object.keys(value).length === value.length && value.every((element) => isJson(element, inside))
        );
      }
      const prototype = Object.getPrototypeOf(value) as unknown;
      if (prototype !== Object.prototype && prototype !== null) return false;
      return !('toJSON' in value) && Object.values(value).every((property) => isJson(property, inside));
    }
    default:
      return false;
  }
}

/** As `util.inspect` shows it, first 100 elements of anything. Of what would hardly end, the uppermost parts alone. */
function inspected(value: unknown, isEndless: boolean): string {
  const depth = isEndless ? 1 : 20;
  return harmlessLine(inspect(value, { breakLength: Infinity, compact: true, depth }), Infinity);
}

/** One line of text: JSON if that holds the value, else as it is inspected. */
function oneLine(value: unknown): string {
  const isEndless = isRepetitive(value);
  if (!isEndless && isJson(value)) return harmlessJson(JSON.stringify(value));
  return inspected(value, isEndless);
}

/** A result as the fields of a JSON line: `value`, or `inspect` where JSON cannot hold it, or `error`. */
export function resultFields(result: unknown): object {
  if (isSliceError(result))
    return { error: { code: result.code, message: result.message, stack: result.stack } };
  const isEndless = isRepetitive(result);
  return !isEndless && isJson(result) ? { value: result } : { inspect: inspected(result, isEndless) };
}

export function printJsonLine(line: object): void {
  process.stdout.write(`${harmlessJson(JSON.stringify(line))}\n`);
}

/**
 * Results in input order. In the plain form line n is that of Slice n, so that they may be laid beside what went in: it is empty where the
 * Slice failed, which is left to the caller to tell, and where it has no result but a later one has.
 */
export function printResults(results: Iterable<readonly [number, unknown]>, json: boolean): void {
  let lines = 0;
  for (const [index, result] of results) {
    if (json) printJsonLine({ type: 'result', slice: index + 1, ...resultFields(result) });
    else {
      const skipped = '\n'.repeat(index - lines);
      process.stdout.write(`${skipped}${isSliceError(result) ? '' : oneLine(result)}\n`);
      lines = index + 1;
    }
  }
}

/** How far a Job is: `12/200`, with `…` while its input set grows. */
export function doneOfTotal({ done, known, total }: Pick<JobStatus, 'done' | 'known' | 'total'>): string {
  return total === null ? `${done}/${known}…` : `${done}/${total}`;
}

/** Columns as wide as their widest cell, two spaces between. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows
    .map(
      (row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd() + '\n',
    )
    .join('');
}
