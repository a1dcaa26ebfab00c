/** The evaluator that a test is about, from inside a test. */
import { after, type TestContext } from 'node:test';
import type { Evaluator, Sandbox, SandboxLimits, SandboxObserver } from '#src/evaluator/index.js';
import { openHost, slices, start, type Recorder, type StartOptions } from './support.js';

type Opener = (threads: number) => Promise<Evaluator>;

/**
 * An evaluator for one test, whose Sandboxes end with it. It is the same for all tests of a file that want so many threads: processes and
 * threads take long to start, and one that serves many Jobs is how evaluators live.
 */
export async function openEvaluator(
  t: TestContext,
  threads = 2,
  open: Opener = openHost,
): Promise<Evaluator> {
  const evaluator = new ShareOfEvaluator(await openShared(threads, open));
  t.after(() => evaluator.close());
  return evaluator;
}

/** Of an evaluator, what one test has of it: its Sandboxes end with it. */
class ShareOfEvaluator implements Evaluator {
  readonly #sandboxes: Sandbox[] = [];

  constructor(private readonly shared: Evaluator) {}

  async createSandbox(observer: SandboxObserver, limits?: Partial<SandboxLimits>): Promise<Sandbox> {
    const sandbox = await this.shared.createSandbox(observer, limits);
    this.#sandboxes.push(sandbox);
    return sandbox;
  }

  close(): Promise<void> {
    for (const sandbox of this.#sandboxes) sandbox.dispose();
    return Promise.resolve();
  }
}

/** One for all tests of a file that open it so; it is closed when they have ended. */
export function openShared(threads = 2, open: Opener = openHost): Promise<Evaluator> {
  let evaluator = shared.find((each) => each.threads === threads && each.open === open)?.evaluator;
  if (evaluator === undefined) shared.push({ threads, open, evaluator: (evaluator = open(threads)) });
  return evaluator;
}
const shared: { threads: number; open: Opener; evaluator: Promise<Evaluator> }[] = [];
after(async () => {
  for (const { evaluator } of shared) await (await evaluator).close();
});

/** Runs a Work Function over data in a Sandbox of its own, and answers what it did. */
export async function runAll(
  t: TestContext,
  workFunction: ((...args: never[]) => unknown) | string,
  data: readonly unknown[],
  options: StartOptions = {},
): Promise<Recorder> {
  const { sandbox, seen } = await start(await openEvaluator(t), workFunction, options);
  sandbox.run(slices(data));
  await seen.until(() => seen.drained > 0 || seen.end !== null);
  return seen;
}
