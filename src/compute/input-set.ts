import { checkNames, InvalidArgumentError, MAX_SLICE_NUMBER, shown } from '../model/index.js';

/** A range of numbers, `end` included, as DCP has it. `group` makes each Slice an array of so many of them. */
export interface RangeObject {
  readonly start: number;
  readonly end: number;
  readonly step?: number;
  readonly group?: number;
}

/** Where a Job's data will come from when it is deployed. */
export type InputPlan =
  | { readonly kind: 'range'; readonly start: number; readonly step: number; readonly count: number }
  | { readonly kind: 'list'; readonly source: Iterable<unknown> | AsyncIterable<unknown> };

/** A last number this near to `end`, relative to the numbers of the range, is `end`: `3 * 0.1` is 0.30000000000000004. */
const NEARLY = 8 * Number.EPSILON;

/** What a range object may say. */
const RANGE_FIELDS = ['start', 'end', 'step', 'group'];

/**
 * Numbers from `start` to `end`, both included, `step` apart (default 1, or -1 when `end` is smaller). Throws
 * `InvalidArgumentError` for numbers that are not finite, for a step that leads away from `end`, and for one that is lost in
 * the precision of numbers: 2^53 + 1 is 2^53.
 */
export function planRange({ start, end, step: givenStep, group }: RangeObject): InputPlan {
  finite('start', start);
  finite('end', end);
  const step = givenStep ?? (end < start ? -1 : 1);
  finite('step', step);
  if (step === 0 || (end !== start && Math.sign(step) !== Math.sign(end - start))) {
    throw new InvalidArgumentError(
      'step',
      `expected a step that leads from ${start} to ${end}, got ${shown(step)}`,
    );
  }
  if (end !== start && (start + step === start || end - step === end)) {
    throw new InvalidArgumentError('step', `${step} makes no difference to a number from ${start} to ${end}`);
  }
  const steps = (end - start) / step;
  const whole = Math.round(steps);
  const reachesEnd =
    Math.abs(start + whole * step - end) <= NEARLY * Math.max(Math.abs(start), Math.abs(end));
  const count = (reachesEnd ? whole : Math.floor(steps)) + 1;
  if (group === undefined) {
    checkCount(count);
    return { kind: 'range', start, step, count };
  }
  if (!Number.isInteger(group) || group < 1) {
    throw new InvalidArgumentError('group', `expected a whole number of at least 1, got ${shown(group)}`);
  }
  checkCount(Math.ceil(count / group));
  return { kind: 'list', source: groups(start, step, count, group) };
}

/** What was given as input: an iterable, an async iterable or a range. */
export function planInput(input: unknown): InputPlan {
  if (typeof input === 'object' && input !== null) {
    if (Symbol.asyncIterator in input) return { kind: 'list', source: input as AsyncIterable<unknown> };
    if (Symbol.iterator in input) return { kind: 'list', source: input as Iterable<unknown> };
    if ('start' in input && 'end' in input) {
      checkNames('input', input, 'a part of a range', RANGE_FIELDS);
      return planRange(input as RangeObject);
    }
  }
  throw new InvalidArgumentError(
    'input',
    `expected an array, an iterable, an async iterable, { start, end, step? }, or numbers start and end; got ${shown(input)}`,
  );
}

function* groups(start: number, step: number, count: number, size: number): Iterable<number[]> {
  for (let first = 0; first < count; first += size) {
    const length = Math.min(size, count - first);
    yield Array.from({ length }, (_, i) => start + (first + i) * step);
  }
}

function checkCount(count: number): void {
  if (count <= MAX_SLICE_NUMBER) return;
  throw new InvalidArgumentError(
    'input',
    `a Job has at most ${MAX_SLICE_NUMBER} Slices, the range given has ${count}`,
  );
}

function finite(field: string, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value)) return;
  throw new InvalidArgumentError(field, `expected a finite number, got ${shown(value)}`);
}
