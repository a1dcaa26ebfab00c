import assert from 'node:assert/strict';
import { before, after } from 'node:test';
import { openInProcessEvaluator, type Evaluator } from '#src/evaluator/index.js';
import { slices, start, type StartOptions } from '../evaluator/support.js';

/**
 * Runs functions in real Sandboxes, one evaluator for the tests of a file. Call it at the top of the file.
 */
export function sandboxes(): {
  /** The result of a function that names nothing of its surroundings, in a Sandbox of its own; what it throws is thrown. */
  readonly run: <Result>(work: (...args: never[]) => Result, datum?: unknown) => Promise<Awaited<Result>>;
  /** The same over many data, one after another in one Sandbox. */
  readonly runMany: <Result>(
    work: (...args: never[]) => Result,
    data: readonly unknown[],
    options?: StartOptions,
  ) => Promise<Awaited<Result>[]>;
} {
  let evaluator: Evaluator & { close(): Promise<void> };
  before(async () => {
    evaluator = await openInProcessEvaluator({ threads: 1 });
  });
  after(() => evaluator.close());

  const runMany = async <Result>(
    work: (...args: never[]) => Result,
    data: readonly unknown[],
    options: StartOptions = {},
  ): Promise<Awaited<Result>[]> => {
    const { sandbox, seen } = await start(evaluator, work, options);
    sandbox.run(slices(data));
    await seen.until(() => seen.drained > 0 || seen.end !== null);
    sandbox.dispose();
    await seen.until(() => seen.end !== null);
    const [failure] = seen.failures.values();
    if (failure) throw failure;
    assert.equal(seen.values.size, data.length, 'the Sandbox ended early');
    return data.map((_, index) => seen.values.get(index + 1) as Awaited<Result>);
  };
  return {
    runMany,
    run: async (work, datum) => (await runMany(work, [datum]))[0]!,
  };
}
