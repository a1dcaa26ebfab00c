/** The evaluator with WebGPU that a test is about, from inside a test. */
import type { TestContext } from 'node:test';
import type { Evaluator, GpuOptions } from '#src/evaluator/index.js';
import { openEvaluator } from '../evaluator/tested.js';
import { ANY, openGpuHost } from './support.js';

/** Opens an evaluator that is closed when the test ends; one with any adapter may be that of other tests, too. */
export async function openGpuEvaluator(
  t: TestContext,
  threads = 2,
  gpu: GpuOptions | null = ANY,
): Promise<Evaluator> {
  if (gpu === ANY) return openEvaluator(t, threads, openGpuHost);
  const evaluator = await openGpuHost(threads, gpu);
  t.after(() => evaluator.close());
  return evaluator;
}
