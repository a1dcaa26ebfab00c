import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { runAll, valuesOf, type StartOptions } from '../evaluator/support.js';

/** What a function that names nothing of its surroundings answers in a Sandbox. What it throws there is thrown. */
export async function inSandbox<Result>(
  t: TestContext,
  work: (() => Result) | string,
  options: StartOptions = {},
): Promise<Awaited<Result>> {
  const seen = await runAll(t, work, [0], options);
  const [failure] = seen.failures.values();
  if (failure) throw failure;
  assert.equal(seen.values.size, 1, `the Sandbox ended: ${String(seen.end?.error)}`);
  return valuesOf(seen)[0] as Awaited<Result>;
}

/** Asserts that a function answers `expected` in a Sandbox. For what Node does otherwise than the standard says. */
export async function answers<Result>(
  t: TestContext,
  work: () => Result,
  expected: Awaited<Result>,
): Promise<void> {
  assert.deepEqual(await inSandbox(t, work), expected);
}

/**
 * Asserts that a function answers `expected` in a Sandbox, and in Node as well: so the expectation is the standard's as
 * two implementations read it, not this one's habit.
 */
export async function agrees<Result>(
  t: TestContext,
  work: () => Result,
  expected: Awaited<Result>,
): Promise<void> {
  assert.deepEqual(await work(), expected, 'Node');
  assert.deepEqual(await inSandbox(t, work), expected, 'Sandbox');
}
