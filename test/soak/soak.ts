/**
 * The soak: random Jobs, machine-wide, over the child-process host: honest ones, and such that run into each of the limits
 * (kinds.ts), or are cancelled; beside them Sandboxes that are disposed of (disposals.ts), while evaluator processes are killed at
 * random.
 *
 *   npm run soak [-- --minutes 60 --seed 1]
 *
 * Every Slice must come to the one end that its kind has, and no process may end for a reason nobody gave it. In the end threads,
 * descriptors and child processes must be as before, and memory near to it. Prints one JSON line; exit code 1 when anything of that
 * does not hold.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createCompute, type Compute } from '#src/compute/index.js';
import { openChildProcessEvaluator } from '#src/evaluator/index.js';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { Supervisor } from '#src/supervisor/index.js';
import { Random } from '../fuzz/mutate.js';
import { killOne } from '../evaluator/kill-process.js';
import { anonymousMiB, threadCount } from '../evaluator/support.js';
import { disposeOfOne } from './disposals.js';
import { KINDS, SANDBOX_LIMITS } from './kinds.js';
import { longRun } from './options.js';

const { minutes, seed } = longRun({
  script: 'soak',
  about:
    'Random Jobs over the child-process host, each kind of limit among them, while processes are killed: every Slice must come to its right end.',
  minutes: 60,
});
/** Jobs at the same time. */
const LANES = 3;
/** Grown by more than this at the end, MiB, is a leak. */
const MAX_GROWTH_MIB = 150;

/**
 * Runs of a Slice whose process ended, before that is its own doing. Kills meet a Slice of a second and a half in one run of seven: not
 * so often in a row.
 */
const MAX_ATTEMPTS = 8;
const MAX_FAULTS = 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const random = new Random(seed);
const counts = { jobs: 0, slices: 0, kills: 0, cancelled: 0, disposed: 0 };
/** Slices that failed as they must, by code. */
const failed: Record<string, number> = {};
/** How processes ended, and how many Sandboxes each took along. */
const lost: Record<string, number> = {};
const faults: string[] = [];
/** Kinds of Jobs, by the Job's id. */
const kindOf = new Map<string, string>();
/** Dealt one by one: each kind comes before any comes again. */
let deck: string[] = [];
/** Kinds whose turn has not come since the start. */
const unmet = new Set(Object.keys(KINDS));

const directory = mkdtempSync(path.join(tmpdir(), 'dcp-soak-'));
const scheduler = await openEmbeddedScheduler(directory);
const before = census();
// A warm-up, after which memory is what it will be.
await session(0.1);
const warm = await settledMiB();
await session(minutes);
await scheduler.close();
rmSync(directory, { recursive: true, force: true });
const after = census();
if (after.descriptors > before.descriptors + 2)
  faults.push(`${after.descriptors} descriptors, ${before.descriptors} before`);
if (after.children > 0) faults.push(`${after.children} child processes left`);
if (after.threads > before.threads + 4) faults.push(`${after.threads} threads, ${before.threads} before`);
const grown = Math.round((await settledMiB()) - warm);
if (grown > MAX_GROWTH_MIB) faults.push(`memory grew by ${grown} MiB`);
process.stdout.write(
  `${JSON.stringify({ ok: faults.length === 0, seed, minutes, ...counts, failed, lost, unmet: [...unmet], grownMiB: grown, faults })}\n`,
);
process.exitCode = faults.length === 0 ? 0 : 1;

/**
 * Memory of its own, without what the next collection would free, and without the pages of the Scheduler's database,
 * which the system drops when it wants to: how much there is of those says nothing of a leak.
 */
async function settledMiB(): Promise<number> {
  for (let turn = 0; turn < 2; turn++) {
    collectGarbage();
    // Finalizers have their turn, and buffers go back to the system.
    await sleep(200);
  }
  return anonymousMiB();
}

async function session(forMinutes: number): Promise<void> {
  const evaluator = await openChildProcessEvaluator({ onLog: () => undefined });
  const supervisor = new Supervisor(scheduler, evaluator, {
    maxAttempts: MAX_ATTEMPTS,
    sandboxLimits: SANDBOX_LIMITS,
    observer: {
      onJob: (jobId, { name }) => kindOf.set(jobId, name),
      onSandboxLost: (jobId, _slice, error) => onSandboxLost(jobId, error.message),
    },
  });
  supervisor.start();
  const end = performance.now() + forMinutes * 60_000;
  const compute = createCompute({ scheduler });
  const killer = (async () => {
    while (performance.now() < end) {
      await sleep(500 + random.below(4000));
      if (killOne(evaluator, (processes) => random.pick(processes))) counts.kills++;
    }
  })();
  const disposer = (async () => {
    for (; performance.now() < end; counts.disposed++) {
      const wrong = await disposeOfOne(evaluator, random);
      if (wrong !== null) fault(wrong);
    }
  })();
  await Promise.all([...Array.from({ length: LANES }, () => lane(compute, end)), disposer]);
  await killer;
  await supervisor.stop({ finish: 'now' });
  await evaluator.close();
}

async function lane(compute: Compute, end: number): Promise<void> {
  while (performance.now() < end) await runJob(compute, deal());
}

function deal(): string {
  if (deck.length === 0) deck = Object.keys(KINDS);
  const [name] = deck.splice(random.below(deck.length), 1) as [string];
  return name;
}

async function runJob(compute: Compute, name: string): Promise<void> {
  const { work, slices, expect, code, limits = {}, requirements = {} } = KINDS[name]!;
  const job = compute.for(1, slices, work);
  job.limits = limits;
  job.requirements = requirements;
  job.public.name = name;
  const done = new Set<number>();
  job.on('result', ({ sliceNumber }) => {
    if (done.has(sliceNumber)) fault(`${name}: two results of Slice ${sliceNumber}`);
    done.add(sliceNumber);
  });
  const cancels = random.below(10) === 0;
  if (cancels) setTimeout(() => void job.cancel('by the soak').catch(() => undefined), random.below(500));
  counts.jobs++;
  try {
    const results = [...(await job.exec())] as unknown[];
    if (results.length !== slices) fault(`${name}: ${results.length} results of ${slices} Slices`);
    counts.slices += results.length;
    results.forEach((value, index) => {
      const wanted = expect(index + 1) ?? code;
      const got = value instanceof Error ? (value as Error & { code?: string }).code : value;
      if (got !== wanted) fault(`${name}: Slice ${index + 1} is ${String(value)}`);
      if (value instanceof Error && got === code) failed[code!] = (failed[code!] ?? 0) + 1;
    });
    unmet.delete(name);
  } catch (error) {
    if (!cancels) fault(`${name}: ${String(error)}`);
    else counts.cancelled++;
  } finally {
    if (job.id !== null) await compute.removeJob(job.id).catch(() => undefined);
  }
}

/** Kills and stuck builtins are meant; what else ends a process is a fault, unless its Job is one that does. */
function onSandboxLost(jobId: string | null, message: string): void {
  lost[message] = (lost[message] ?? 0) + 1;
  if (/was ended by SIGKILL|stuck in a builtin/.test(message)) return;
  const name = kindOf.get(jobId ?? '') ?? '';
  if (KINDS[name]?.crashes !== true) fault(`a Sandbox of ${name || 'no Job'} was lost: ${message}`);
}

function fault(what: string): void {
  if (faults.length < MAX_FAULTS) faults.push(what);
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
