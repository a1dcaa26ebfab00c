/** Evaluator processes that crash, hang, are killed or orphaned: nothing is lost, nobody waits, nothing stays behind. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type TestContext } from 'node:test';
import { openChildProcessEvaluator, type ChildProcessEvaluatorOptions } from '#src/evaluator/index.js';
import { EvaluatorError } from '#src/model/index.js';
import { childrenOf } from '../confinement/processes.js';
import { Recorder, jobOf, residentMiB, rangeSlices, slices, start } from './support.js';

const RANGE = { inputSet: { kind: 'range', start: 0, step: 1, count: 1e6 } } as const;

async function open(t: TestContext, options: ChildProcessEvaluatorOptions = {}) {
  const evaluator = await openChildProcessEvaluator({ threads: 2, onLog: () => undefined, ...options });
  t.after(() => evaluator.close());
  return evaluator;
}

const pidOf = (evaluator: Awaited<ReturnType<typeof open>>, jobId: string): number =>
  evaluator.stats().processes.find((process) => process.jobId === jobId)!.pid;

test('kill -9: every Sandbox of the process hears of it with the Slices it owes, others go on', async (t) => {
  const evaluator = await open(t);
  const work = '(x) => new Promise((resolve) => setTimeout(resolve, x))';
  const one = await start(evaluator, work, { job: { id: 'one' } });
  const two = await start(evaluator, work, { job: { id: 'one' } });
  const other = await start(evaluator, (x: number) => x, { job: { id: 'other' } });
  one.sandbox.run(slices([0, 100_000, 1]));
  two.sandbox.run(slices([100_000], 7));
  await one.seen.untilEnded(1);
  process.kill(pidOf(evaluator, 'one'), 'SIGKILL');
  await Promise.all([one, two].map(({ seen }) => seen.until(() => seen.end !== null)));
  assert.deepEqual([one.seen.end!.unfinished, two.seen.end!.unfinished], [[2, 3], [7]]);
  const { error } = one.seen.end!;
  assert.ok(error instanceof EvaluatorError);
  assert.match(error.message, /^the evaluator process was ended by SIGKILL/);
  assert.equal(error.suspects, 3);
  other.sandbox.run(slices([5]));
  await other.seen.untilEnded(1);
  const again = await start(evaluator, (x: number) => x, { job: { id: 'one' } });
  again.sandbox.run(slices([6]));
  await again.seen.untilEnded(1);
});

test('a process that is killed before it is ready is no reason to have no evaluator', async (t) => {
  const before = new Set(childrenOf(process.pid));
  const opening = open(t);
  let first: number | undefined;
  while (first === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
    first = childrenOf(process.pid).find((pid) => !before.has(pid));
  }
  // Node takes longer to start than this.
  process.kill(first, 'SIGKILL');
  const evaluator = await opening;
  const { processes } = evaluator.stats();
  assert.ok(processes.length === 1 && processes[0]!.pid !== first, JSON.stringify(processes));
  const { sandbox, seen } = await start(evaluator, (x: number) => x);
  sandbox.run(slices([5]));
  await seen.untilEnded(1);
});

test('for want of descriptors there is no process, which is said, and nothing is left of it', () => {
  const program = fileURLToPath(new URL('./fixtures/no-descriptors.js', import.meta.url));
  const { stdout, stderr, status } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 80 && exec "$0" "$1"', process.execPath, program],
    { encoding: 'utf8', timeout: 120_000, killSignal: 'SIGKILL' },
  );
  assert.equal(status, 0, stderr);
  const said = JSON.parse(stdout) as { processes: [string, string, number][]; connections: string[] };
  // Wherever there was none left: a process has several, and they come one after another.
  assert.ok(said.processes.length > 4 && said.connections.length > 2, stdout);
  for (const [name, message, left] of said.processes) {
    assert.equal(name, 'EvaluatorError', message);
    assert.match(message, /^no evaluator process: .*EMFILE|Too many open files/);
    assert.equal(left, 0, `${left} descriptors are left of: ${message}`);
  }
  for (const message of said.connections)
    assert.match(message, /^no evaluator process: .*(EMFILE|Too many open files)/);
});

test('each Job has a process of its own, shared by its Sandboxes', async (t) => {
  const evaluator = await open(t);
  for (const id of ['a', 'b', 'a', 'c', 'b']) await start(evaluator, () => 1, { job: { id } });
  const jobs = evaluator.stats().processes.map(({ jobId }) => jobId);
  assert.deepEqual(jobs.filter((id) => id !== null).sort(), ['a', 'b', 'c']);
});

test('a Slice at which V8 gives up the process is the only suspect when it runs alone', async (t) => {
  const logged: string[] = [];
  const evaluator = await open(t, { onLog: (_pid, line) => logged.push(line) });
  // One allocation beyond all that the limit on the heap can be raised by.
  const { sandbox, seen } = await start(
    evaluator,
    '() => { const all = []; for (;;) all.push(new Array(2 ** 25).fill(1.5)); }',
    {
      sandbox: { heapMiB: 64 },
    },
  );
  sandbox.run(slices([1]));
  await seen.until(() => seen.end !== null);
  const { error, unfinished } = seen.end!;
  if (error === null) {
    // V8 may leave time enough for the limit to be noticed.
    assert.equal(seen.failures.get(1)?.code, 'EMEMORYLIMIT');
    return;
  }
  assert.ok(error instanceof EvaluatorError);
  assert.deepEqual([error.suspects, unfinished], [1, [1]]);
  assert.match(error.message, /fatal/i);
  assert.ok(logged.some((line) => /fatal/i.test(line)));
});

test('a Slice stuck in a builtin is blamed; its process goes with all Sandboxes, which are no suspects', async (t) => {
  const evaluator = await open(t);
  const neighbour = await start(evaluator, () => new Promise((resolve) => setTimeout(resolve, 1e6)));
  neighbour.sandbox.run(slices([0], 5));
  const stuck = await start(
    evaluator,
    '() => Array.prototype.includes.call({ length: Number.MAX_SAFE_INTEGER }, 1)',
    { limits: { sliceTimeoutMs: 300 } },
  );
  stuck.sandbox.run(slices([0, 0]));
  await Promise.all([stuck, neighbour].map(({ seen }) => seen.until(() => seen.end !== null)));
  assert.equal(stuck.seen.failures.get(1)?.code, 'ESLICETOOSLOW');
  assert.deepEqual(stuck.seen.end, { error: null, unfinished: [2] });
  const { error, unfinished } = neighbour.seen.end!;
  assert.deepEqual([(error as EvaluatorError).suspects, unfinished], [0, [5]]);
  assert.match(error!.message, /stuck in a builtin/);
});

test('a process that does not answer is killed', async (t) => {
  const evaluator = await open(t, { hangTimeoutMs: 500 });
  const { sandbox, seen } = await start(evaluator, () => new Promise((resolve) => setTimeout(resolve, 1e6)));
  sandbox.run(slices([0]));
  process.kill(pidOf(evaluator, 'job'), 'SIGSTOP');
  await seen.until(() => seen.end !== null);
  assert.match(seen.end!.error!.message, /did not answer for 0\.5 s/);
  assert.deepEqual(seen.end!.unfinished, [1]);
});

test('close() ends stopped processes, too', async () => {
  const evaluator = await openChildProcessEvaluator({ threads: 1 });
  const { seen } = await start(evaluator, () => 1);
  const { processes } = evaluator.stats();
  for (const { pid } of processes) process.kill(pid, 'SIGSTOP');
  const startedAt = performance.now();
  await evaluator.close();
  assert.ok(performance.now() - startedAt < 4000);
  assert.ok(processes.every(({ pid }) => !existsSync(`/proc/${pid}`)));
  assert.deepEqual(seen.end, { error: null, unfinished: [] });
});

test('the evaluator ends when its owner is killed', async () => {
  const module = import.meta.resolve('#src/evaluator/index.js');
  const script = `const { openChildProcessEvaluator } = await import(${JSON.stringify(module)});
    const evaluator = await openChildProcessEvaluator({ threads: 1 });
    console.log(evaluator.stats().processes[0].pid);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = Number(await new Promise<Buffer>((resolve) => owner.stdout.once('data', resolve)));
  owner.kill('SIGKILL');
  const until = Date.now() + 5000;
  while (existsSync(`/proc/${pid}`) && Date.now() < until) await sleep(10);
  assert.ok(!existsSync(`/proc/${pid}`));
});

test('10,000 results of 1 MiB and a receiver that is slow: the memory of neither process fills', async (t) => {
  const evaluator = await open(t);
  const most = { unreleased: 0 };
  let unreleased = 0;
  class Slow extends Recorder {
    slices = 0;
    override onResults(results: Parameters<Recorder['onResults']>[0]): Promise<void> {
      this.slices += results.numbers.length;
      for (const { byteLength } of results.segments) unreleased += byteLength;
      most.unreleased = Math.max(most.unreleased, unreleased);
      return sleep(1).then(() => {
        for (const { byteLength } of results.segments) unreleased -= byteLength;
        if (this.slices === 10_000) this.onDrained();
      });
    }
  }
  const seen = new Slow();
  const sandbox = await evaluator.createSandbox(seen);
  await sandbox.assign(jobOf('() => new Uint8Array(1 << 20)', { job: RANGE }));
  const before = residentMiB();
  sandbox.run(rangeSlices(10_000));
  await seen.until(() => seen.slices === 10_000);
  t.diagnostic(
    `at most ${most.unreleased >> 20} MiB held; grew by ${(residentMiB() - before).toFixed(0)} MiB`,
  );
  assert.ok(most.unreleased <= 32 * 2 ** 20);
  // Of 10,000 MiB: kept shared memory, kept buffers, what V8 has not heard of, and as much that it has not collected.
  assert.ok(residentMiB() - before < 4 * 128);
});

test('a result that is larger than the credit passes', async (t) => {
  const evaluator = await open(t);
  const { sandbox, seen } = await start(evaluator, (n: number) => new Uint8Array(n).fill(3));
  sandbox.run(slices([100 << 20, 50 << 20, 10]));
  await seen.untilEnded(3);
  assert.equal((seen.values.get(1) as Uint8Array).at(-1), 3);
  assert.equal((seen.values.get(1) as Uint8Array).length, 100 << 20);
});
