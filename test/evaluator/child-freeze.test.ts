/** Evaluator processes that are held still: nothing is lost or fails by it, however long; and those that are ended on demand. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type TestContext } from 'node:test';
import {
  openChildProcessEvaluator,
  type ChildProcessEvaluatorOptions,
  type EvaluatorGate,
  type GateAction,
} from '#src/evaluator/index.js';
import { Freezer } from '#src/evaluator/child-process/freezer.js';
import { isStopped, processTree } from '#src/evaluator/child-process/process-tree.js';
import { start, slices } from './support.js';

const HANG_MS = 500;
/** Longer than every limit of these tests. */
const FROZEN_MS = 2_500;

async function open(t: TestContext, options: ChildProcessEvaluatorOptions = {}) {
  const evaluator = await openChildProcessEvaluator({
    threads: 2,
    hangTimeoutMs: HANG_MS,
    onLog: () => undefined,
    ...options,
  });
  t.after(() => evaluator.close());
  return evaluator;
}

type Opened = Awaited<ReturnType<typeof open>>;

const pidOf = (evaluator: Opened, jobId: string): number =>
  evaluator.stats().processes.find((process) => process.jobId === jobId)!.pid;

const all = (action: GateAction): EvaluatorGate => ({ actionOf: () => action, closedAdapters: [] });
/** For the Jobs named only. */
const jobs = (action: GateAction, ...ids: string[]): EvaluatorGate => ({
  actionOf: ({ jobId }) => (ids.includes(jobId ?? '') ? action : 'run'),
  closedAdapters: [],
});

/** CPU time that a process has used, in ticks. */
function ticks(pid: number): number {
  const [, fields = ''] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
  return Number(fields.split(' ')[11]) + Number(fields.split(' ')[12]);
}

/** Runs for so many milliseconds by its own clock; says how long that was by the clock on the wall. */
const BUSY = `(ms) => {
  const wall = Date.now();
  const until = performance.now() + ms;
  while (performance.now() < until);
  return Date.now() - wall;
}`;
const SLEEPS = `async (ms) => {
  const wall = Date.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  return Date.now() - wall;
}`;

for (const freezeMeans of ['cgroup', 'signals'] as const) {
  test(`${freezeMeans}: frozen past hang timeout, wall and progress limit, a Slice goes on where it was`, async (t) => {
    const evaluator = await open(t, { freezeMeans });
    const limits = { sliceTimeoutMs: 1_500, progressTimeoutMs: 1_200 };
    const busy = await start(evaluator, BUSY, { job: { id: 'busy' }, limits });
    const asleep = await start(evaluator, SLEEPS, { job: { id: 'asleep' }, limits });
    busy.sandbox.run(slices([800, 5]));
    asleep.sandbox.run(slices([800]));
    await sleep(300);
    await evaluator.gate(jobs('freeze', 'busy', 'asleep'));
    const pid = pidOf(evaluator, 'busy');
    const before = ticks(pid);
    await sleep(FROZEN_MS);
    assert.equal(ticks(pid), before, 'it used the processor');
    assert.deepEqual([busy.seen.order, asleep.seen.order], [[], []]);
    await evaluator.gate(all('run'));
    await Promise.all([busy.seen.untilEnded(2), asleep.seen.untilEnded(1)]);
    assert.deepEqual([busy.seen.failures.size, asleep.seen.failures.size], [0, 0]);
    for (const took of [busy.seen.values.get(1), asleep.seen.values.get(1)])
      assert.ok((took as number) > FROZEN_MS, `${String(took)} ms by the clock on the wall`);
    const [elapsedMs] = busy.seen.batches[0]!.elapsedMs;
    assert.ok(elapsedMs! < 1_500, `${elapsedMs} ms are said to have been used`);
    assert.equal(pidOf(evaluator, 'busy'), pid);
  });
}

test('a limit that is left holds after the thaw: a Slice that never ends fails when its time is used up', async (t) => {
  const evaluator = await open(t);
  const { sandbox, seen } = await start(evaluator, '() => { for (;;); }', {
    limits: { sliceTimeoutMs: 600 },
  });
  sandbox.run(slices([0]));
  await sleep(200);
  await evaluator.gate(jobs('freeze', 'job'));
  await sleep(1_000);
  const thawedAt = performance.now();
  await evaluator.gate(all('run'));
  await seen.untilEnded(1);
  const ranMs = performance.now() - thawedAt;
  assert.equal(seen.failures.get(1)?.code, 'ESLICETOOSLOW');
  assert.ok(ranMs > 200 && ranMs < 3_000, `${ranMs} ms after the thaw`);
});

test('a process that cannot be told in time is frozen all the same, and takes off what it missed', async (t) => {
  const evaluator = await open(t, { hangTimeoutMs: 10_000 });
  const { sandbox, seen } = await start(evaluator, SLEEPS, { limits: { sliceTimeoutMs: 1_500 } });
  sandbox.run(slices([300]));
  await sleep(50);
  // Nobody in it hears that it is going to be frozen.
  process.kill(pidOf(evaluator, 'job'), 'SIGSTOP');
  await evaluator.gate(jobs('freeze', 'job'));
  process.kill(pidOf(evaluator, 'job'), 'SIGCONT');
  await sleep(2_000);
  await evaluator.gate(all('run'));
  await seen.untilEnded(1);
  assert.equal(seen.failures.size, 0, String(seen.failures.get(1)));
});

test('a stop that nobody announced is what it was: a process that does not answer is killed', async (t) => {
  const evaluator = await open(t);
  const { sandbox, seen } = await start(evaluator, SLEEPS);
  sandbox.run(slices([1e6]));
  await evaluator.gate(jobs('freeze', 'job'));
  await evaluator.gate(all('run'));
  process.kill(pidOf(evaluator, 'job'), 'SIGSTOP');
  await seen.until(() => seen.end !== null);
  assert.match(seen.end!.error!.message, /did not answer for 0\.5 s/);
});

test('one Job is frozen, others go on; a Job that takes a process while it is to be frozen is frozen', async (t) => {
  const evaluator = await open(t);
  const one = await start(evaluator, BUSY, { job: { id: 'one' } });
  await evaluator.gate(jobs('freeze', 'one', 'late'));
  const other = await start(evaluator, BUSY, { job: { id: 'other' } });
  one.sandbox.run(slices([1]));
  other.sandbox.run(slices([1]));
  await other.seen.untilEnded(1);
  // Whether it was assigned before it stood still or is when it goes on: it runs nothing meanwhile.
  const late = start(evaluator, '() => performance.now()', { job: { id: 'late' } });
  while (!evaluator.stats().processes.some(({ jobId }) => jobId === 'late')) await sleep(20);
  const pid = pidOf(evaluator, 'late');
  await sleep(1_500);
  const before = ticks(pid);
  await sleep(300);
  assert.deepEqual([ticks(pid), one.seen.order.length], [before, 0]);
  await evaluator.gate(all('run'));
  (await late).sandbox.run(slices([1]));
  await Promise.all([one.seen.untilEnded(1), (await late).seen.untilEnded(1)]);
});

test('ended on demand: every process goes, each Slice is named, nobody is a suspect, and none comes until it may', async (t) => {
  const evaluator = await open(t);
  const { sandbox, seen } = await start(evaluator, SLEEPS);
  sandbox.run(slices([1e6, 1e6]));
  const pids = evaluator.stats().processes.map(({ pid }) => pid);
  await evaluator.gate(all('kill'));
  await seen.until(() => seen.end !== null);
  const { error, unfinished } = seen.end!;
  assert.deepEqual(unfinished, [1, 2]);
  assert.equal((error as Error & { suspects: number }).suspects, 0);
  while (evaluator.stats().processes.length > 0) await sleep(5);
  assert.ok(pids.every((pid) => !existsSync(`/proc/${pid}`)));
  const again = start(evaluator, BUSY);
  await sleep(300);
  assert.equal(evaluator.stats().processes.length, 0);
  const openedAt = performance.now();
  await evaluator.gate(all('run'));
  (await again).sandbox.run(slices([1]));
  await (await again).seen.untilEnded(1);
  t.diagnostic(`from the word to a result: ${Math.round(performance.now() - openedAt)} ms`);
});

test('a frozen process ends at once when it is ended on demand, and with its evaluator', async (t) => {
  const evaluator = await open(t);
  const { sandbox, seen } = await start(evaluator, BUSY);
  sandbox.run(slices([1e6]));
  const pid = pidOf(evaluator, 'job');
  await evaluator.gate(jobs('freeze', 'job'));
  await evaluator.gate(jobs('kill', 'job'));
  await seen.until(() => seen.end !== null);
  assert.ok(!existsSync(`/proc/${pid}`));
  await evaluator.gate(all('run'));
  await start(evaluator, BUSY);
  await evaluator.gate(jobs('freeze', 'job'));
  const startedAt = performance.now();
  await evaluator.close();
  assert.ok(performance.now() - startedAt < 900);
});

test('a frozen process ends when its owner is killed', async () => {
  const module = import.meta.resolve('#src/evaluator/index.js');
  const script = `const { openChildProcessEvaluator } = await import(${JSON.stringify(module)});
    const evaluator = await openChildProcessEvaluator({ threads: 1 });
    const { support } = await import(${JSON.stringify(import.meta.resolve('./support.js'))}).then((support) => ({ support }));
    await support.start(evaluator, (x) => x);
    await evaluator.gate({ actionOf: () => 'freeze', closedAdapters: [] });
    console.log(evaluator.stats().processes.find(({ jobId }) => jobId !== null).pid);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = Number(await new Promise<Buffer>((resolve) => owner.stdout.once('data', resolve)));
  assert.ok(existsSync(`/proc/${pid}`));
  owner.kill('SIGKILL');
  const until = Date.now() + 5000;
  while (existsSync(`/proc/${pid}`) && Date.now() < until) await sleep(10);
  assert.ok(!existsSync(`/proc/${pid}`));
});

for (const means of ['cgroup', 'signals'] as const) {
  test(`${means}: all that a process has started stands still with it, and goes on with it`, async (t) => {
    const child = spawn('sh', ['-c', 'sh -c "while :; do :; done" & while :; do :; done'], {
      stdio: 'ignore',
    });
    const pid = child.pid!;
    t.after(() => processTree(pid).forEach((each) => process.kill(each, 'SIGKILL')));
    while (processTree(pid).length < 2) await sleep(5);
    const tree = processTree(pid);
    const freezer = new Freezer(() => pid, means);
    await freezer.freeze();
    assert.equal(freezer.inForce, means);
    const before = tree.map(ticks);
    await sleep(100);
    assert.deepEqual(tree.map(ticks), before);
    assert.equal(tree.every(isStopped), means === 'signals');
    freezer.thaw();
    while (tree.some((each, index) => ticks(each) === before[index])) await sleep(5);
    freezer.forget();
  });
}

test('no control group is left behind', async () => {
  const evaluator = await openChildProcessEvaluator({ threads: 1, freezeMeans: 'cgroup' });
  await start(evaluator, (x: number) => x);
  await evaluator.gate(all('freeze'));
  const pid = pidOf(evaluator, 'job');
  const [, group = ''] = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'latin1')) ?? [];
  const root = execFileSync('sh', ['-c', 'awk \'$3 == "cgroup2" { print $2 }\' /proc/mounts'])
    .toString()
    .trim();
  assert.match(group, new RegExp(`dcp-evaluator-${pid}$`));
  assert.ok(readdirSync(root + group).length > 0);
  await evaluator.close();
  assert.ok(!existsSync(root + group));
});
