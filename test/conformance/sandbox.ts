/** Runs cases in Sandboxes, in processes of their own: a batch is a Slice of a Work Function that is the script. */
import { openChildProcessEvaluator } from '#src/evaluator/index.js';
import { DEFAULT_JOB_LIMITS } from '#src/model/index.js';
import { WEBGPU } from '../gpu/support.js';
import { slices, start } from '../evaluator/support.js';
import { SUITE_GLOBAL } from './bundle.js';
import type { CaseResult } from './case.js';
import { Lost, type Engine, type Seat } from './engine.js';

/** @param caseTimeoutMs for one case */
export async function openSandboxes(script: string, caseTimeoutMs: number): Promise<Engine> {
  const evaluator = await openChildProcessEvaluator({ threads: 1, gpu: { allowSoftware: true } });
  const work = `(() => {
${script}
return (batch) => ${SUITE_GLOBAL}.run(batch, () => progress());
})()`;
  const open = async (): Promise<Seat> => {
    const { sandbox, seen } = await start(evaluator, work, {
      job: WEBGPU,
      limits: { ...DEFAULT_JOB_LIMITS, progressTimeoutMs: caseTimeoutMs },
    });
    let ran = 0;
    return {
      async run(batch) {
        const slice = ++ran;
        sandbox.run(slices([batch], slice));
        await seen.until(() => seen.values.has(slice) || seen.failures.has(slice) || seen.end !== null);
        if (seen.values.has(slice)) return seen.values.get(slice) as CaseResult[];
        sandbox.dispose();
        const failure = seen.failures.get(slice);
        throw new Lost(
          failure ? `${failure.code}: ${failure.message}` : `the Sandbox ended: ${String(seen.end?.error)}`,
        );
      },
      async close() {
        sandbox.dispose();
        await seen.until(() => seen.end !== null);
      },
    };
  };
  return { name: 'sandbox', open, close: () => evaluator.close() };
}
