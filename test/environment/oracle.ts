import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { valuesOf, type StartOptions } from '../evaluator/support.js';
import { runAll } from '../evaluator/tested.js';

/** Answers the name of what a call throws, an error of the very realm; `nothing`: it throws nothing. */
export type ThrownBy = (call: () => unknown) => string;

const thrownBy: ThrownBy = (call) => {
  try {
    call();
    return 'nothing';
  } catch (error) {
    const { name, constructor } = error as Error;
    const isOurs = constructor === DOMException || constructor === Reflect.get(globalThis, name);
    return isOurs ? name : `${name} of another realm`;
  }
};

/**
 * What a function that names nothing of its surroundings answers in a Sandbox, where it is called with `thrownBy`. What it throws there
 * is thrown.
 */
export async function inSandbox<Result>(
  t: TestContext,
  work: ((thrownBy: ThrownBy) => Result) | string,
  options: StartOptions = {},
): Promise<Awaited<Result>> {
  const isGiven = typeof work === 'function' && work.length > 0;
  const source = isGiven ? `() => (${String(work)})(${String(thrownBy)})` : work;
  const seen = await runAll(t, source, [0], options);
  const [failure] = seen.failures.values();
  if (failure) throw failure;
  assert.equal(seen.values.size, 1, `the Sandbox ended: ${String(seen.end?.error)}`);
  return valuesOf(seen)[0] as Awaited<Result>;
}

/** Asserts that a function answers `expected` in a Sandbox. For what Node does otherwise than the standard says. */
export async function answers<Result>(
  t: TestContext,
  work: (thrownBy: ThrownBy) => Result,
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
  work: (thrownBy: ThrownBy) => Result,
  expected: Awaited<Result>,
  options: StartOptions = {},
): Promise<void> {
  assert.deepEqual(await work(thrownBy), expected, 'Node');
  assert.deepEqual(await inSandbox(t, work, options), expected, 'Sandbox');
}
