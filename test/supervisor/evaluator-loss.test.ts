import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EvaluatorError, EvaluatorUnavailableError, SliceError } from '#src/model/index.js';
import type { SupervisorOptions } from '#src/supervisor/index.js';
import { MortalEvaluator, openMachine, upTo } from './support.js';

test('Sandboxes that die at random moments lose no Slice', async (t) => {
  const machine = await openMachine(t);
  const evaluator = new MortalEvaluator(machine.evaluator, { livesMs: 60 });
  machine.work({ maxAttempts: 1000, jobBackoff: null }, { evaluator });
  const job = machine.compute.for(upTo(800), (n: number) => {
    // Long enough that many of them run when a Sandbox dies, however fast the machine.
    for (const end = Date.now() + 2; Date.now() < end;);
    return -n;
  });
  const results = await job.exec();
  assert.deepEqual(
    [...results],
    upTo(800).map((n) => -n),
  );
  assert.ok(evaluator.deaths > 3, `${evaluator.deaths} deaths`);
});

test('a Slice whose evaluator dies each time fails with EEVALUATORCRASH, its neighbours do not', async (t) => {
  const machine = await openMachine(t);
  const evaluator = new MortalEvaluator(machine.evaluator, {
    mayDie: (message) => message.type === 'console' && message.message === 'end me',
  });
  const supervisor = machine.work({ sandboxes: 1, maxAttempts: 3 }, { evaluator });
  const job = machine.compute.for(1, 20, async (n: number) => {
    if (n !== 7) return n;
    console.log('end me');
    return new Promise<number>((resolve) => setTimeout(() => resolve(0), 10_000));
  });
  const results = await job.exec();
  const crash = results[6];
  assert.ok(crash instanceof SliceError);
  assert.equal(crash.code, 'EEVALUATORCRASH');
  assert.match(crash.message, /in each of 3 runs; the last time: killed by the test/);
  assert.deepEqual(
    [...results].filter((_, i) => i !== 6),
    upTo(20).filter((n) => n !== 7),
  );
  assert.equal(evaluator.deaths, 3);
  assert.equal(supervisor.status().counts.lostSandboxes, 3);
});

test('an evaluator that cannot create Sandboxes is tried again', async (t) => {
  const machine = await openMachine(t);
  let failures = 4;
  const troubles: string[] = [];
  machine.work(
    { observer: { onTrouble: (subject) => troubles.push(subject) } },
    {
      evaluator: {
        createSandbox: (observer, limits) =>
          failures-- > 0
            ? Promise.reject(new Error('no room'))
            : machine.evaluator.createSandbox(observer, limits),
        close: () => Promise.resolve(),
      },
    },
  );
  const results = await machine.compute.for(1, 5, (n: number) => n).exec();
  assert.equal(results.length, 5);
  assert.ok(troubles.includes('evaluator'));
});

test('Slices for which no evaluator could be started have not been tried, nor has their Job done anything', async (t) => {
  const machine = await openMachine(t);
  let failures = 4;
  const returned: boolean[] = [];
  const setAside: string[] = [];
  machine.work(
    {
      sandboxes: 1,
      maxAttempts: 1,
      jobBackoff: { crashes: 1, firstMs: 100 },
      observer: {
        onReturned: (_job, _slices, { counted }) => returned.push(counted),
        onJobSetAside: (_id, reason) => setAside.push(reason),
      },
    },
    {
      evaluator: {
        createSandbox: async (observer, limits) => {
          const sandbox = await machine.evaluator.createSandbox(observer, limits);
          return {
            id: sandbox.id,
            assign: (job) =>
              failures-- > 0
                ? Promise.reject(new EvaluatorError('no process', { suspects: 0 }))
                : sandbox.assign(job),
            run: (batch) => sandbox.run(batch),
            answer: (...answer) => sandbox.answer(...answer),
            dispose: () => sandbox.dispose(),
          };
        },
        close: () => Promise.resolve(),
      },
    },
  );
  assert.deepEqual([...(await machine.compute.for(1, 5, (n: number) => n).exec())], upTo(5));
  assert.ok(returned.length > 0 && !returned.includes(true), returned.join());
  assert.deepEqual(setAside, []);
});

test('who looks for idleness finds it without an evaluator, and not while there is something to do', async (t) => {
  const machine = await openMachine(t);
  const job = machine.compute.for(1, 3, (n: number) => n);
  const ended = job.exec().catch((error: { code: string }) => error.code);
  while (job.readyState !== 'deployed') await sleep(10);
  const attempts = { all: 0, idle: 0 };
  let onIdle: () => void = () => undefined;
  const idle = new Promise<void>((resolve) => (onIdle = resolve));
  const options: SupervisorOptions = {
    looksForIdleness: true,
    observer: {
      onIdle: () => {
        attempts.idle++;
        onIdle();
      },
    },
  };
  let onTriedOften: () => void = () => undefined;
  const triedOften = new Promise<void>((resolve) => (onTriedOften = resolve));
  machine.work(options, {
    evaluator: {
      createSandbox: () => {
        if (++attempts.all === 5) onTriedOften();
        return Promise.reject(new EvaluatorUnavailableError('nobody there'));
      },
      close: () => Promise.resolve(),
    },
  });
  await triedOften;
  assert.equal(attempts.idle, 0);
  await job.cancel();
  await idle;
  assert.equal(await ended, 'ECANCELLED');
});
