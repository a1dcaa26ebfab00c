/** A Supervisor over the child-process host, whose processes die. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openChildProcessEvaluator } from '#src/evaluator/index.js';
import { SliceError } from '#src/model/index.js';
import { killOne } from '../evaluator/kill-process.js';
import { openMachine, upTo } from './support.js';

test('processes killed at random moments lose no Slice', async (t) => {
  const machine = await openMachine(t);
  const evaluator = await openChildProcessEvaluator({ threads: 2 });
  t.after(() => evaluator.close());
  machine.work({ maxAttempts: 1000, jobBackoff: null }, { evaluator });
  let kills = 0;
  let done = 0;
  let doneAtKill = -1;
  const timer = setInterval(() => {
    // A busy machine may take longer to start a process than this waits: it gets on before the next is killed.
    if (done === doneAtKill) return;
    if (!killOne(evaluator, (processes) => processes[Math.floor(Math.random() * processes.length)])) return;
    kills++;
    doneAtKill = done;
  }, 400);
  t.after(() => clearInterval(timer));
  const job = machine.compute.for(upTo(300), (n: number) => {
    for (const end = Date.now() + 5; Date.now() < end;);
    return -n;
  });
  job.on('result', () => done++);
  const results = await job.exec();
  clearInterval(timer);
  assert.deepEqual(
    [...results],
    upTo(300).map((n) => -n),
  );
  assert.ok(kills > 1, `${kills} kills`);
});

test('a Slice that ends its process each time fails alone; those that ran beside it do not', async (t) => {
  const machine = await openMachine(t);
  const evaluator = await openChildProcessEvaluator({ threads: 2, onLog: () => undefined });
  t.after(() => evaluator.close());
  machine.work({ maxAttempts: 2, sandboxLimits: { heapMiB: 64 } }, { evaluator });
  // What V8 cannot survive is stood in for: the test kills the process that says so.
  const job = machine.compute.for(upTo(20), async (n: number) => {
    if (n === 7) console.log('end me');
    await new Promise((resolve) => setTimeout(resolve, n === 7 ? 10_000 : 20));
    return n;
  });
  job.on('console', () => {
    for (const { pid, jobId } of evaluator.stats().processes)
      if (jobId !== null) process.kill(pid, 'SIGKILL');
  });
  const results = await job.exec();
  const crash = results[6];
  assert.ok(crash instanceof SliceError);
  assert.equal(crash.code, 'EEVALUATORCRASH');
  assert.match(crash.message, /in each of 2 runs; the last time: the evaluator process was ended by SIGKILL/);
  assert.deepEqual(
    [...results].filter((_, i) => i !== 6),
    upTo(20).filter((n) => n !== 7),
  );
});

test('a process that is killed while it loads the Work Function for several Sandboxes is one loss', async (t) => {
  const machine = await openMachine(t);
  const evaluator = await openChildProcessEvaluator({ threads: 4, onLog: () => undefined });
  t.after(() => evaluator.close());
  const setAside: string[] = [];
  const supervisor = machine.work(
    {
      sandboxes: 4,
      maxAttempts: 1,
      jobBackoff: { crashes: 2, firstMs: 100 },
      observer: { onJobSetAside: (_id, reason) => setAside.push(reason) },
    },
    { evaluator },
  );
  // Long enough that all of them load at the same time.
  const job = machine.compute.for(
    upTo(8),
    '(() => { for (const end = Date.now() + 1000; Date.now() < end;); return (n) => -n; })()',
  );
  const results = job.exec();
  for (;;) {
    const loading = supervisor.status().sandboxes.filter(({ state }) => state === 'assigning');
    const { pid } = evaluator.stats().processes.find(({ jobId }) => jobId !== null) ?? {};
    if (loading.length === 4 && pid !== undefined) {
      // They are bound by now.
      await sleep(200);
      process.kill(pid, 'SIGKILL');
      break;
    }
    await sleep(5);
  }
  assert.deepEqual(
    [...(await results)],
    upTo(8).map((n) => -n),
  );
  assert.deepEqual(setAside, []);
});
