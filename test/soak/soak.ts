/**
 * The soak: random Jobs, machine-wide, over the child-process host: honest ones, and such that throw, flood, run into their
 * limits, hoard memory or are cancelled, while evaluator processes are killed at random.
 *
 *   npm run soak [-- --minutes 60 --seed 1]
 *
 * Every Slice must come to the one end that its kind has. In the end threads, descriptors and child processes must be as before, and
 * memory near to it. Prints one JSON line; exit code 1 when anything of that does not hold.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createCompute, type Compute } from '#src/compute/index.js';
import { openChildProcessEvaluator } from '#src/evaluator/index.js';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { Supervisor } from '#src/supervisor/index.js';
import { Random } from '../fuzz/mutate.js';
import { residentMiB, threadCount } from '../evaluator/support.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const seed = Number(values.seed);
const minutes = Number(values.minutes);
/** Jobs at the same time. */
const LANES = 3;
/** Grown by more than this at the end, MiB, is a leak. */
const MAX_GROWTH_MIB = 150;

/** What a Job's Slices do, and what each must come to: a value, or one of these codes. */
interface Kind {
  readonly work: string;
  readonly expect: (n: number) => unknown;
  readonly codes: RegExp | null;
  readonly slices: number;
}

/** A bad Slice among good ones is every seventh. */
const bad = (what: string): string => `(n) => { if (n % 7 === 0) { ${what} } return n * 3; }`;
const mixed = (what: string, codes: RegExp, slices = 21): Kind => ({
  work: bad(what),
  expect: (n) => (n % 7 === 0 ? undefined : n * 3),
  codes,
  slices,
});
const plain = (work: string, slices: number, expect: (n: number) => unknown): Kind => ({
  work,
  slices,
  expect,
  codes: null,
});
const TIME = /^(ENOPROGRESS|ESLICETOOSLOW)$/;

const KINDS: Readonly<Record<string, Kind>> = {
  small: plain('(n) => n * 3', 2000, (n) => n * 3),
  async: plain('async (n) => { await null; return n * 3; }', 500, (n) => n * 3),
  timers: plain('(n) => new Promise((r) => setTimeout(r, n % 5, n * 3))', 100, (n) => n * 3),
  arrays: plain('(n) => new Float64Array(100000).fill(n).reduce((a, b) => a + b, 0)', 40, (n) => n * 1e5),
  throws: mixed('throw new Error("by intent")', /^EUNCAUGHT$/, 300),
  floods: mixed('for (let i = 0; i < 5000; i++) console.log(i); throw 1', /^EUNCAUGHT$/),
  loops: mixed('for (;;);', TIME, 14),
  waits: mixed('return new Promise(() => {})', TIME, 14),
  hoards: mixed('const all = []; for (;;) all.push(new Array(1000).fill(n));', /^EMEMORYLIMIT$/, 14),
  recurses: mixed('const f = () => f() + 1; f();', /^EUNCAUGHT$/, 70),
};

interface Counts {
  jobs: number;
  slices: number;
  kills: number;
  cancelled: number;
}

const random = new Random(seed);
const counts: Counts = { jobs: 0, slices: 0, kills: 0, cancelled: 0 };
const faults: string[] = [];

const directory = mkdtempSync(path.join(tmpdir(), 'dcp-soak-'));
const scheduler = await openEmbeddedScheduler(directory);
const before = census();
// A warm-up, after which memory is what it will be.
await session(0.1);
const warm = residentMiB();
await session(minutes);
await scheduler.close();
rmSync(directory, { recursive: true, force: true });
const after = census();
if (after.descriptors > before.descriptors + 2)
  faults.push(`${after.descriptors} descriptors, ${before.descriptors} before`);
if (after.children > 0) faults.push(`${after.children} child processes left`);
if (after.threads > before.threads + 4) faults.push(`${after.threads} threads, ${before.threads} before`);
const grown = Math.round(residentMiB() - warm);
if (grown > MAX_GROWTH_MIB) faults.push(`resident memory grew by ${grown} MiB`);
process.stdout.write(
  `${JSON.stringify({ ok: faults.length === 0, seed, minutes, ...counts, grownMiB: grown, faults })}\n`,
);
process.exitCode = faults.length === 0 ? 0 : 1;

async function session(forMinutes: number): Promise<void> {
  const evaluator = await openChildProcessEvaluator({ onLog: () => undefined });
  // Kills are many here, and no Slice is to fail for them.
  const supervisor = new Supervisor(scheduler, evaluator, {
    maxAttempts: 10_000,
    sandboxLimits: { heapMiB: 64 },
  });
  supervisor.start();
  const end = performance.now() + forMinutes * 60_000;
  const compute = createCompute({ scheduler });
  const killer = (async () => {
    while (performance.now() < end) {
      await sleep(500 + random.below(4000));
      const { pid } = random.pick(evaluator.stats().processes) ?? {};
      if (pid === undefined || pid === 0) continue;
      try {
        process.kill(pid, 'SIGKILL');
        counts.kills++;
      } catch {
        // It is gone already.
      }
    }
  })();
  await Promise.all(Array.from({ length: LANES }, () => lane(compute, end)));
  await killer;
  await supervisor.stop({ finish: 'now' });
  await evaluator.close();
}

async function lane(compute: Compute, end: number): Promise<void> {
  while (performance.now() < end) await runJob(compute, random.pick(Object.keys(KINDS)));
}

async function runJob(compute: Compute, name: string): Promise<void> {
  const { work, slices, expect, codes } = KINDS[name]!;
  const job = compute.for(1, slices, work);
  job.limits = { sliceTimeoutMs: 1500, progressTimeoutMs: 1500 };
  const done = new Set<number>();
  job.on('result', ({ sliceNumber }) => {
    if (done.has(sliceNumber)) faults.push(`${name}: two results of Slice ${sliceNumber}`);
    done.add(sliceNumber);
  });
  const cancels = random.below(10) === 0;
  if (cancels) setTimeout(() => void job.cancel('by the soak').catch(() => undefined), random.below(500));
  counts.jobs++;
  try {
    const results = [...(await job.exec())] as unknown[];
    if (results.length !== slices) faults.push(`${name}: ${results.length} results of ${slices} Slices`);
    counts.slices += results.length;
    results.forEach((value, index) => {
      const n = index + 1;
      const wanted = expect(n);
      const code = value instanceof Error ? String((value as Error & { code?: string }).code) : null;
      const right = wanted === undefined ? code !== null && codes!.test(code) : value === wanted;
      if (!right && faults.length < 20) faults.push(`${name}: Slice ${n} is ${code ?? String(value)}`);
    });
  } catch (error) {
    if (!cancels) faults.push(`${name}: ${String(error)}`);
    else counts.cancelled++;
  } finally {
    if (job.id !== null) await compute.removeJob(job.id).catch(() => undefined);
  }
}

function census(): { descriptors: number; threads: number; children: number } {
  const tasks = readdirSync('/proc/self/task');
  const children = tasks.flatMap(
    (task) => readFileSync(`/proc/self/task/${task}/children`, 'latin1').match(/\d+/g) ?? [],
  );
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    threads: threadCount(),
    children: children.length,
  };
}
