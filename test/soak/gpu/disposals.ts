/** Sandboxes of one process that are disposed of at any moment of their lives. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openInProcessEvaluator, type Evaluator } from '#src/evaluator/index.js';
import { WEBGPU } from '../../gpu/support.js';
import { Recorder, jobOf, slices } from '../../evaluator/support.js';
import type { Random } from '../../fuzz/mutate.js';
import { WORK, expectedOf } from './work.js';

const LANES = 6;
const THREADS = 4;
const SLICES = 6;
/** How long the end of a Sandbox may take on a busy machine, milliseconds. */
const END_MS = 30_000;

export async function disposals(
  seconds: number,
  random: Random,
  fault: (what: string) => void,
): Promise<object> {
  const evaluator = await openInProcessEvaluator({ threads: THREADS, gpu: { allowSoftware: true } });
  const end = performance.now() + seconds * 1000;
  let disposed = 0;
  let finished = 0;
  const lane = async (): Promise<void> => {
    for (; performance.now() < end; disposed++) {
      const { wrong, slices: ran } = await disposeOfOne(evaluator, random);
      finished += ran;
      if (wrong !== null) fault(`disposals: ${wrong}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const { sandboxes, disowned } = evaluator.stats();
  if (sandboxes + disowned > 0) fault(`disposals: ${sandboxes} Sandboxes, ${disowned} disowned in the end`);
  await evaluator.close();
  return { sandboxes: disposed, slices: finished };
}

async function disposeOfOne(
  evaluator: Evaluator,
  random: Random,
): Promise<{ wrong: string | null; slices: number }> {
  const seen = new Recorder();
  const sandbox = await evaluator.createSandbox(seen);
  const assigned = sandbox.assign(jobOf(WORK, { job: WEBGPU }));
  assigned.then(
    () => {
      if (seen.end === null) sandbox.run(slices(Array.from({ length: SLICES }, (_, i) => i)));
    },
    () => undefined,
  );
  if (random.below(8) > 0) await assigned;
  await sleep(random.below(400));
  sandbox.dispose();
  const ended = await seen.endsWithin(END_MS);
  const ran = seen.order.length;
  if (!ended) return { wrong: 'a Sandbox has not ended', slices: ran };
  if (seen.end!.error !== null)
    return { wrong: `a Sandbox ended with ${seen.end!.error.message}`, slices: ran };
  for (const [slice, value] of seen.values)
    if (value !== expectedOf(slice - 1)) return { wrong: `Slice ${slice} is ${String(value)}`, slices: ran };
  if (seen.failures.size > 0)
    return { wrong: `a Slice failed: ${String([...seen.failures.values()][0])}`, slices: ran };
  const answered = seen.order.length + seen.end!.unfinished.length;
  if (answered !== 0 && answered !== SLICES)
    return { wrong: `${answered} answers for ${SLICES} Slices`, slices: ran };
  return { wrong: null, slices: ran };
}
