/**
 * The soak of the GPU: Sandboxes that make devices, compute, map and end their devices, again and again.
 *
 *   npm run soak:gpu [-- --minutes 4 --seed 1]
 *
 * Half of the time 16 Sandboxes on 4 threads run undisturbed and memory must stay where it is (steady.ts). Then Sandboxes are disposed of
 * (disposals.ts), evaluator processes are killed (kills.ts), threads are ended (test/gpu/threads.ts) and processes exit
 * (test/gpu/ends.ts), each at random moments. Results must be right, every Slice must come to an end, and nothing may hang or crash.
 * Prints one JSON line; exit code 1 when anything of that does not hold.
 */
import { endProcess, WAYS, wrongWith } from '../../gpu/ends.js';
import { gpuMissing } from '../../gpu/support.js';
import { endThreads } from '../../gpu/threads.js';
import { Random } from '../../fuzz/mutate.js';
import { longRun } from '../options.js';
import { disposals } from './disposals.js';
import { kills } from './kills.js';
import { steady } from './steady.js';

const { minutes, seed } = longRun({
  script: 'soak:gpu',
  about:
    'Sandboxes that make devices, compute, map and end their devices, while they are disposed of and processes and threads end.',
  minutes: 4,
});
const seconds = minutes * 60;
const MAX_FAULTS = 20;
/** How long the end of a thread or process may take, milliseconds. */
const MAX_END_MS = 8000;

const random = new Random(seed);
const faults: string[] = [];
const fault = (what: string): void => {
  if (faults.length < MAX_FAULTS) faults.push(what);
};

async function threadEnds(forSeconds: number): Promise<object> {
  const end = performance.now() + forSeconds * 1000;
  const sum = { threads: 0, lost: 0, slowestMs: 0 };
  do {
    try {
      const { slowestMs, lost, sandboxes } = await endThreads(8, (limit) => random.below(limit));
      sum.threads += sandboxes;
      sum.lost += lost;
      sum.slowestMs = Math.max(sum.slowestMs, Math.round(slowestMs));
      if (slowestMs > MAX_END_MS) fault(`threads: the end of one took ${slowestMs.toFixed(0)} ms`);
    } catch (error) {
      fault(`threads: ${(error as Error).message}`);
    }
  } while (performance.now() < end);
  return sum;
}

async function processEnds(forSeconds: number): Promise<object> {
  const end = performance.now() + forSeconds * 1000;
  const sum = { processes: 0, slowestMs: 0 };
  do {
    const way = random.pick(WAYS);
    const ending = await endProcess(way, random.below(4) > 0 ? 'busy' : 'idle', random.below(300));
    const wrong = wrongWith(ending, way, MAX_END_MS);
    if (wrong !== null) fault(`exits: ${wrong}`);
    sum.processes++;
    if (way.signal === undefined) sum.slowestMs = Math.max(sum.slowestMs, Math.round(ending.exitMs));
  } while (performance.now() < end);
  return sum;
}

const missing = await gpuMissing();
if (missing !== false) {
  process.stderr.write(`soak:gpu: ${missing}\n`);
  process.exit(2);
}
const told = {
  steady: await steady(seconds / 2, fault),
  disposals: await disposals(seconds / 8, random, fault),
  kills: await kills(seconds / 8, random, fault),
  threads: await threadEnds(seconds / 8),
  exits: await processEnds(seconds / 8),
};
process.stdout.write(`${JSON.stringify({ ok: faults.length === 0, seed, minutes, ...told, faults })}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
