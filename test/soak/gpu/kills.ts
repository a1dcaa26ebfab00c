/** Evaluator processes that are killed while their Sandboxes are on the GPU: every Slice comes to its end all the same. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openChildProcessEvaluator, type Evaluator } from '#src/evaluator/index.js';
import { WEBGPU } from '../../gpu/support.js';
import { killOne } from '../../evaluator/kill-process.js';
import { Recorder, jobOf, slices } from '../../evaluator/support.js';
import type { Random } from '../../fuzz/mutate.js';
import { WORK, expectedOf } from './work.js';

const JOBS = 2;
const SANDBOXES_A_JOB = 2;
const SLICES = 8;

export async function kills(seconds: number, random: Random, fault: (what: string) => void): Promise<object> {
  const evaluator = await openChildProcessEvaluator({
    threads: 2,
    gpu: { allowSoftware: true },
    onLog: () => undefined,
  });
  const end = performance.now() + seconds * 1000;
  const counts = { kills: 0, slices: 0, lost: 0 };
  const killer = async (): Promise<void> => {
    while (performance.now() < end) {
      await sleep(200 + random.below(2000));
      if (killOne(evaluator, (processes) => random.pick(processes))) counts.kills++;
    }
  };
  const lane = async (job: string): Promise<void> => {
    while (performance.now() < end) {
      let left = Array.from({ length: SLICES }, (_, i) => i);
      // Once the killer is gone, what is left comes to its end.
      while (left.length > 0) left = await runSome(evaluator, job, left, counts, fault);
      counts.slices += SLICES;
    }
  };
  const lanes = Array.from({ length: JOBS * SANDBOXES_A_JOB }, (_, i) => lane(`job ${i % JOBS}`));
  await Promise.all([...lanes, killer()]);
  await evaluator.close();
  return counts;
}

/** Runs Slices in a Sandbox of their own, and answers those that it owes. */
async function runSome(
  evaluator: Evaluator,
  job: string,
  data: readonly number[],
  counts: { lost: number },
  fault: (what: string) => void,
): Promise<number[]> {
  const seen = new Recorder();
  try {
    const sandbox = await evaluator.createSandbox(seen);
    await sandbox.assign(jobOf(WORK, { job: { ...WEBGPU, id: job } }));
    sandbox.run(slices(data));
    await seen.until(() => seen.order.length === data.length || seen.end !== null);
    sandbox.dispose();
    await seen.until(() => seen.end !== null);
  } catch (error) {
    // Its process was killed.
    if ((error as { code?: string }).code !== 'EEVALUATOR') fault(`kills: ${String(error)}`);
  }
  const error = seen.end?.error ?? null;
  if (error !== null) counts.lost++;
  if (error !== null && !error.message.includes('SIGKILL'))
    fault(`kills: a Sandbox was lost: ${error.message}`);
  for (const [slice, failure] of seen.failures) fault(`kills: Slice ${slice} failed: ${String(failure)}`);
  for (const [slice, value] of seen.values)
    if (value !== expectedOf(data[slice - 1]!)) fault(`kills: Slice ${slice} is ${String(value)}`);
  return data.filter((_, index) => !seen.order.includes(index + 1));
}
