import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compute } from '#src/compute/index.js';
import { planRange } from '#src/compute/input-set.js';

/** The values of a range's Slices, as a Sandbox computes them. */
function values(start: number, end: number, step?: number): number[] {
  const plan = planRange({ start, end, ...(step === undefined ? {} : { step }) });
  assert.ok(plan.kind === 'range');
  return Array.from({ length: plan.count }, (_, i) => plan.start + i * plan.step);
}

test('a range includes its end and counts down when it must', () => {
  assert.deepEqual(values(1, 3), [1, 2, 3]);
  assert.deepEqual(values(3, 1), [3, 2, 1]);
  assert.deepEqual(values(5, 5), [5]);
  assert.deepEqual(values(0.5, 3), [0.5, 1.5, 2.5]);
  assert.deepEqual(values(1, 9, 3), [1, 4, 7]);
  assert.deepEqual(values(10, 0, -5), [10, 5, 0]);
});

test('fractions that fall a little short of the end still reach it', () => {
  assert.equal(values(0, 0.3, 0.1).length, 4);
  assert.equal(values(0, 1, 0.1).length, 11);
  fc.assert(
    fc.property(
      fc.integer({ min: -1000, max: 1000 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 1, max: 999 }),
      (start, count, step) => {
        assert.equal(values(start / 10, start / 10 + count * (step / 1000), step / 1000).length, count + 1);
      },
    ),
  );
});

test('no range goes beyond its end, however many numbers it has', () => {
  const count = (start: number, end: number, step?: number): number => {
    const plan = planRange({ start, end, ...(step === undefined ? {} : { step }) });
    assert.ok(plan.kind === 'range');
    return plan.count;
  };
  assert.equal(count(1, 2_000_000_000, 2), 1_000_000_000);
  assert.equal(count(1, 2_000_000_000, 10), 200_000_000);
  assert.equal(count(0, 500_000_000.6), 500_000_001);
  assert.equal(count(0, 4e7, 0.01), 4_000_000_001);
});

test('a range that leads nowhere is refused with its field', () => {
  const refused = (range: Parameters<typeof planRange>[0], field: string): void => {
    assert.throws(() => planRange(range), { code: 'EINVAL', field });
  };
  refused({ start: 1, end: 3, step: -1 }, 'step');
  refused({ start: 1, end: 3, step: 0 }, 'step');
  refused({ start: NaN, end: 3 }, 'start');
  refused({ start: 1, end: Infinity }, 'end');
  refused({ start: 1, end: 1e12 }, 'input');
  refused({ start: 2 ** 53, end: 2 ** 53 + 10 }, 'step');
  refused({ start: -(2 ** 53) - 2, end: 0, step: 0.5 }, 'step');
  refused({ start: 1, end: 9, group: 1.5 }, 'group');
});

test('groups are arrays of neighbours, the last may be shorter', () => {
  const plan = planRange({ start: 1, end: 9, step: 3, group: 2 });
  assert.ok(plan.kind === 'list');
  assert.deepEqual([...(plan.source as Iterable<number[]>)], [[1, 4], [7]]);
});

test('the forms of compute.for', () => {
  const work = (n: unknown): unknown => n;
  for (const make of [
    () => compute.for([1, 2], work),
    () => compute.for(new Set([1]), work, [1, 2]),
    () => compute.for(1, 3, work),
    () => compute.for(1, 3, 2, work, [1]),
    () => compute.for({ start: 1, end: 3 }, work),
    () => compute.for([1], '(n) => n'),
  ]) {
    assert.equal(make().readyState, 'new');
  }
  const wrong = (make: () => unknown, field: string): void => {
    assert.throws(make, { code: 'EINVAL', field });
  };
  // @ts-expect-error -- what is tested
  wrong(() => compute.for(1, work), 'end');
  // @ts-expect-error -- what is tested
  wrong(() => compute.for({ a: 1 }, work), 'input');
  // @ts-expect-error -- what is tested
  wrong(() => compute.for({ start: 1, end: 10, stpe: 5 }, work), 'input.stpe');
  // @ts-expect-error -- what is tested
  wrong(() => compute.for([1]), 'workFunction');
  // @ts-expect-error -- what is tested
  wrong(() => compute.for([1], work, 5), 'args');
  // @ts-expect-error -- what is tested
  wrong(() => compute.for([1], work, [5], 6), 'args');
});
