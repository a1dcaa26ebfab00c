/** Jobs whose Slices end their evaluator processes for real: V8 aborts. They are blamed and set aside; others go on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openChildProcessEvaluator } from '#src/evaluator/index.js';
import { EvaluatorCrashError, type SliceMessage } from '#src/model/index.js';
import { MortalEvaluator, openMachine, upTo } from './support.js';

/** One array longer than V8's longest, made in one go (docs/LIMITS.md). */
const ABORT = `'x'.repeat(2 ** 29 - 24).split('');`;

test('a Slice that V8 aborts with fails with EEVALUATORCRASH after three runs alone; the others of its Job do not', async (t) => {
  const machine = await openMachine(t);
  const evaluator = await openChildProcessEvaluator({ threads: 2, onLog: () => undefined });
  t.after(() => evaluator.close());
  const lost: string[] = [];
  let setAside = 0;
  machine.work(
    {
      observer: {
        onSandboxLost: (_job, slice, { message }) => {
          if (slice === 7) lost.push(message);
        },
        onJobSetAside: () => setAside++,
      },
    },
    { evaluator },
  );
  const results = await machine.compute.for(1, 20, `(n) => { if (n === 7) { ${ABORT} } return n; }`).exec();
  const crash = results[6];
  assert.ok(crash instanceof EvaluatorCrashError);
  assert.equal(crash.code, 'EEVALUATORCRASH');
  assert.match(crash.message, /^the evaluator was lost in each of 3 runs; the last time: .*SIGTRAP/);
  assert.deepEqual(
    [...results].filter((_, i) => i !== 6),
    upTo(20).filter((n) => n !== 7),
  );
  // The first time others may have run beside it.
  assert.ok(lost.length === 3 || lost.length === 4, lost.join('\n'));
  assert.equal(setAside, 0, 'one such Slice is no reason to leave the others alone');
});

test('a Job all of whose Slices do so is set aside and its owner told; meanwhile others have every place', async (t) => {
  const machine = await openMachine(t);
  const evaluator = await openChildProcessEvaluator({ threads: 2, onLog: () => undefined });
  t.after(() => evaluator.close());
  let done = 0;
  /** Of the good Job, at each loss of the bad one. */
  const doneAtLoss: number[] = [];
  let waited = 0;
  const setAside: { id: string; code: string; reason: string }[] = [];
  const supervisor = machine.work(
    {
      jobBackoff: { crashes: 4, firstMs: 60_000 },
      observer: {
        onSandboxLost: () => doneAtLoss.push(done),
        onJobSetAside: (id, reason, _ms, code) => setAside.push({ id, reason, code }),
      },
    },
    { evaluator },
  );
  const bad = machine.compute.for(1, 50, `() => { ${ABORT} }`);
  const said: { sliceNumber: number; level: string; message: string }[] = [];
  bad.on('console', ({ sliceNumber, level, message }) => said.push({ sliceNumber, level, message }));
  const ended = bad.exec().catch((error: { code: string }) => error.code);
  const good = machine.compute.for(1, 1e6, async (n: number) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return n;
  });
  good.on('result', () => done++);
  const cancelled = good.exec().catch((error: { code: string }) => error.code);
  while (setAside.length === 0) {
    await sleep(20);
    const { jobs, sandboxes } = supervisor.status();
    const isHeldUp = evaluator.heldUpMs(bad.id!) > 0;
    const waits = sandboxes.some(({ jobId, state }) => jobId === bad.id && state === 'assigning');
    if (isHeldUp && waits && jobs.length > 1) waited++;
  }
  const [first] = setAside;
  assert.deepEqual([first!.id, first!.code], [bad.id, 'EEVALUATORCRASH']);
  assert.match(
    first!.reason,
    /^it has ended 4 evaluators; the last time: the evaluator process was ended by SIGTRAP/,
  );
  while (said.length === 0) await sleep(20);
  assert.deepEqual([said[0]!.sliceNumber, said[0]!.level], [0, 'error']);
  assert.match(said[0]!.message, /^EEVALUATORCRASH: a Worker sets this Job aside for 60 s: it has ended 4/);
  while ((await machine.scheduler.jobStatus(bad.id!)).leased > 0) await sleep(20);
  // The last loss, and the first ones, may come with one that is told in the same moment.
  const starved = doneAtLoss.slice(2, -1).filter((count, i) => i > 0 && count === doneAtLoss[i + 1]);
  assert.deepEqual(starved, [], `the good Job had done ${doneAtLoss.join(', ')} Slices at each loss`);
  assert.ok(waited <= 2, `a Sandbox waited for the next process ${waited} times, in place of another Job's`);
  const losses = doneAtLoss.length;
  while (supervisor.status().sandboxes.filter(({ jobId }) => jobId === good.id).length < 2) await sleep(20);
  await sleep(300);
  assert.equal(doneAtLoss.length, losses, 'no more evaluators end');
  await Promise.all([bad.cancel(), good.cancel()]);
  assert.deepEqual(await Promise.all([ended, cancelled]), ['ECANCELLED', 'ECANCELLED']);
});

const isEndMe = (message: SliceMessage): boolean =>
  message.type === 'console' && message.message === 'end me';

test('a Slice that does not fail brings no Job back that ends evaluators', async (t) => {
  const machine = await openMachine(t);
  const evaluator = new MortalEvaluator(machine.evaluator, { mayDie: isEndMe });
  const codes: string[] = [];
  const supervisor = machine.work(
    {
      maxAttempts: 1000,
      jobBackoff: { crashes: 3, firstMs: 60_000 },
      observer: { onJobSetAside: (_id, _reason, _ms, code) => codes.push(code) },
    },
    { evaluator },
  );
  const job = machine.compute.for(1, 4, async (n: number) => {
    if (n === 1) console.log('end me');
    await new Promise((resolve) => setTimeout(resolve, n === 1 ? 60_000 : n * 1000));
    return n;
  });
  const ended = job.exec().catch((error: { code: string }) => error.code);
  const desk = (): { done: number; setAsideMs: number } => supervisor.status().jobs[0]!;
  while (codes.length === 0) await sleep(5);
  const { done } = desk();
  while (desk().done === done) await sleep(5);
  assert.ok(desk().setAsideMs > 0, 'it is set aside as before');
  assert.deepEqual(codes, ['EEVALUATORCRASH']);
  await job.cancel();
  assert.equal(await ended, 'ECANCELLED');
});

test('a Slice that comes to its end after all has ended no evaluator', async (t) => {
  const machine = await openMachine(t);
  const codes: string[] = [];
  const died = new Set<number>();
  let acquitted = 0;
  const evaluator = new MortalEvaluator(machine.evaluator, {
    // One after another: each once.
    mayDie: (message) => {
      if (!isEndMe(message) || died.has(message.slice) || acquitted < died.size) return false;
      died.add(message.slice);
      return true;
    },
  });
  machine.work(
    {
      sandboxes: 1,
      maxAttempts: 10,
      jobBackoff: { crashes: 2, firstMs: 60_000 },
      observer: { onJobSetAside: (_id, _reason, _ms, code) => codes.push(code) },
    },
    { evaluator },
  );
  const job = machine.compute.for(1, 20, async (n: number) => {
    console.log('end me');
    await new Promise((resolve) => setTimeout(resolve, 300));
    return n;
  });
  job.on('result', ({ sliceNumber }) => {
    if (died.has(sliceNumber)) acquitted++;
  });
  assert.deepEqual([...(await job.exec())], upTo(20));
  assert.ok(died.size >= 2, `${died.size} evaluators ended`);
  assert.deepEqual(codes, []);
});
