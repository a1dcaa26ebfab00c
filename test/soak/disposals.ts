/** Sandboxes without a Supervisor, disposed of at any moment of their lives, while their processes are killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EvaluatorError } from '#src/model/index.js';
import type { Evaluator } from '#src/evaluator/index.js';
import { Recorder, jobOf, rangeSlices } from '../evaluator/support.js';
import type { Random } from '../fuzz/mutate.js';
import { SANDBOX_LIMITS } from './kinds.js';

/** What its Slices do; the end of a Sandbox meets each of them somewhere. */
const WORK = [
  '(n) => n * 3',
  'async (n) => { await null; return n * 3; }',
  '(n) => new Promise((resolve) => setTimeout(resolve, n % 20, n * 3))',
  '(n) => new Uint8Array(300000 + n)',
  '(n) => { console.log("x".repeat(1000)); work.emit("x", n); return n; }',
  '(n) => { if (n % 50 === 0) for (;;); return n; }',
  '() => { const all = []; for (;;) all.push(new ArrayBuffer(1 << 20)); }',
  '(n) => { return n +* 3; }',
];
/** How long a Sandbox that was disposed of may take to say what it leaves undone, on a busy machine, milliseconds. */
const END_MS = 30_000;

/** One Sandbox from its creation to its end. Answers what is wrong with what it said; null: nothing. */
export async function disposeOfOne(evaluator: Evaluator, random: Random): Promise<string | null> {
  const seen = new Recorder();
  let sandbox;
  try {
    sandbox = await evaluator.createSandbox(seen, SANDBOX_LIMITS);
  } catch (error) {
    // The process that was to have it was killed.
    return error instanceof EvaluatorError ? null : String(error);
  }
  const source = random.pick(WORK);
  const job = jobOf(source, {
    job: {
      id: `disposed-${random.below(4)}`,
      inputSet: { kind: 'range', start: 1, step: 1, count: 2 ** 31 },
    },
    limits: { progressTimeoutMs: 60_000 },
  });
  let handed = 0;
  const assigned = sandbox.assign(job).then(
    () => {
      // It may be over by now: what it is handed then is nobody's.
      for (let batches = random.below(4); batches > 0 && seen.end === null; batches--) {
        const count = 1 + random.below(400);
        sandbox.run(rangeSlices(count, handed + 1));
        handed += count;
      }
    },
    () => undefined,
  );
  if (random.below(4) > 0) await assigned;
  await sleep(random.below(150));
  sandbox.dispose();
  if (!(await seen.endsWithin(END_MS))) return `a Sandbox that was disposed of has not ended: ${source}`;
  await assigned;
  const answered = [...seen.order, ...seen.end!.unfinished].sort((a, b) => a - b);
  const isExact = answered.length === handed && answered.every((number, index) => number === index + 1);
  return isExact ? null : `${answered.length} answers for ${handed} Slices of a disposed Sandbox: ${source}`;
}
