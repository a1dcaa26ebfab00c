/** Executor threads that are ended from outside while their Sandboxes are on the GPU. */
import { setTimeout as sleep } from 'node:timers/promises';
import { findDawn } from '#src/evaluator/gpu/index.js';
import { Executors } from '../evaluator/executors.js';
import { DOUBLE, gpuWork } from './support.js';

const THREADS = 3;
const SLICES = 5;
const WORK = gpuWork(`
  const doubled = await compute(${JSON.stringify(DOUBLE)}, Uint32Array.of(datum, 1, 2, 3));
  device.destroy();
  return doubled[0];`);

export interface ThreadEnds {
  readonly slowestMs: number;
  readonly lost: number;
  readonly sandboxes: number;
}

/**
 * Ends a thread so many times at a random moment, and looks whether every Slice has come to an end. Throws when one has not; `below`
 * answers a whole number from 0 to the one before its argument.
 */
export async function endThreads(rounds: number, below: (limit: number) => number): Promise<ThreadEnds> {
  const library = findDawn();
  if (typeof library === 'string') throw new Error(library);
  const executors = new Executors();
  try {
    const problem = executors.native.offerGpu(library.path, [], [], true);
    if (problem !== '') throw new Error(problem);
    for (let i = 0; i < THREADS; i++) executors.startThread();
    const sandboxes: number[] = [];
    let slowestMs = 0;
    for (let round = 0; round < rounds; round++) {
      sandboxes.push(executors.startSandbox(WORK, SLICES, true));
      await sleep(below(120));
      const victim = executors.threads[below(executors.threads.length)]!;
      executors.startThread();
      const begin = performance.now();
      await victim.terminate();
      slowestMs = Math.max(slowestMs, performance.now() - begin);
    }
    let lost = 0;
    for (const sandbox of sandboxes) {
      const { named, code } = await executors.ended(sandbox);
      if (named.join() !== Array.from({ length: SLICES }, (_, i) => i + 1).join())
        throw new Error(`Slices ${named.join()} of 1 to ${SLICES} have ended (${code})`);
      if (code === null) continue;
      if (code !== 'EEVALUATOR') throw new Error(`a Sandbox ended with ${code}`);
      lost++;
    }
    return { slowestMs, lost, sandboxes: sandboxes.length };
  } finally {
    await executors.close();
  }
}
