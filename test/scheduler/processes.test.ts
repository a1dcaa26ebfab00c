import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SchedulerError } from '#src/model/index.js';
import {
  ended,
  message,
  monotonicMs,
  open,
  range,
  request,
  spec,
  start,
  temporaryDirectory,
  textOf,
} from './support.js';

/** Should we freeze with the stopped process, somebody must wake it, or the test would never fail. */
function rescue(t: TestContext, holder: ChildProcess): void {
  const alarm = spawn('sh', ['-c', `sleep 10; kill -CONT ${holder.pid}`], { stdio: 'ignore' });
  t.after(() => alarm.kill());
}

test('a process killed inside a transaction holds nobody up, and leaves nothing half written', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const holder = start(t, 'holder', directory, 'SIGKILL');
  await message(holder);
  holder.send('go');
  assert.equal(await ended(holder), 'SIGKILL');
  const begin = performance.now();
  const jobId = await scheduler.createJob(spec(range(2)));
  assert.ok(performance.now() - begin < 1000);
  assert.equal((await scheduler.jobStatus(jobId)).known, 2);
});

test('a process stopped inside a transaction is named, while the event loop runs and reading goes on', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory, { lockPatienceMs: 600 });
  const jobId = await scheduler.createJob(spec(range(2)));
  const holder = start(t, 'holder', directory, 'SIGSTOP');
  await message(holder);
  holder.send('go');
  rescue(t, holder);
  await sleep(300);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  await assert.rejects(
    scheduler.createJob(spec(range(2))),
    (error) =>
      error instanceof SchedulerError &&
      error.message.includes(`process ${holder.pid} `) &&
      error.message.includes('T (stopped)'),
  );
  clearInterval(timer);
  assert.ok(ticks > 20, `${ticks} ticks`);
  assert.equal((await scheduler.jobStatus(jobId)).known, 2);

  // Once it goes on, so do we; what was refused was not done.
  const committed = message(holder);
  holder.kill('SIGCONT');
  assert.equal(await committed, 'committed');
  await scheduler.createJob(spec(range(2)));
  assert.equal((await scheduler.listJobs()).length, 2);
});

test('opening a store whose lock a stopped process holds fails with its name', async (t) => {
  const directory = temporaryDirectory(t);
  const holder = start(t, 'holder', directory, 'SIGSTOP');
  await message(holder);
  holder.send('go');
  rescue(t, holder);
  await sleep(300);
  await assert.rejects(
    open(t, directory, { lockPatienceMs: 300 }),
    (error) => error instanceof SchedulerError && error.message.includes(`process ${holder.pid} `),
  );
  holder.kill('SIGKILL');
  await ended(holder);
  await open(t, directory);
});

test('a process that is busy with its own code holds no lock', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const busy = start(t, 'busy', directory);
  await message(busy);
  const reported = message(busy);
  const calls: [number, number][] = [];
  while (busy.exitCode === null) {
    const begin = monotonicMs();
    await scheduler.createJob(spec(range(1)));
    calls.push([begin, monotonicMs()]);
    await sleep(2);
  }
  // With the lock held while the other computes, a call that begins meanwhile would end after it. However slow the
  // machine is, one that begins and ends meanwhile found the lock free.
  for (const [from, to] of (await reported) as [number, number][]) {
    const inside = calls.filter(([begin, end]) => begin > from && end < to).length;
    assert.ok(inside > 0, `no call got through while the other process computed for ${to - from} ms`);
  }
});

test('an entry wakes another process within milliseconds, and waiting costs next to nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  const jobId = await scheduler.createJob(spec(range(5)));
  const waiter = start(t, 'waiter', directory, jobId);
  await message(waiter);
  await sleep(3000);
  for (const type of ['console', 'state']) {
    const said = message(waiter);
    const begin = Date.now();
    if (type === 'console')
      await scheduler.appendMessages(jobId, [{ type: 'console', slice: 1, level: 'log', message: 'x' }]);
    else await scheduler.cancelJob(jobId);
    const { at, types, cpuShare } = (await said) as { at: number; types: string[]; cpuShare: number };
    assert.deepEqual(types, [type]);
    assert.ok(at - begin < 500, `${at - begin} ms: the doorbell was not heard`);
    if (type === 'console') assert.ok(cpuShare < 0.02, `${cpuShare * 100}% of a core`);
  }
  assert.equal(await ended(waiter), 0);
});

test('processes killed at random lose no Slice and record none twice', { timeout: 120_000 }, async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory, { leaseMs: 1000 });
  const jobId = await scheduler.createJob(spec());
  const count = 3000;
  let seed = Date.now() % 100_000;
  t.diagnostic(`seed ${seed}`);
  const next = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
  let over = false;
  let kills = 0;
  const keepRunning = async (fixture: string, killAtMost: number, ...args: string[]): Promise<void> => {
    for (let i = 0; !over; i++) {
      const child = start(t, fixture, directory, jobId, ...args, String(1 + next(10_000)));
      const exit = ended(child);
      if (i >= killAtMost) {
        assert.equal(await exit, 0);
        return;
      }
      await message(child).catch(() => undefined);
      const stop = sleep(20 + next(300)).then(() => child.kill('SIGKILL'));
      if ((await exit) === 'SIGKILL') kills++;
      await stop;
    }
  };
  await Promise.all([
    keepRunning('client', 4, String(count)),
    keepRunning('worker', 6),
    keepRunning('worker', 6),
  ]);
  over = true;
  t.diagnostic(`${kills} kills`);
  assert.ok(kills >= 4);
  const status = await scheduler.jobStatus(jobId);
  assert.deepEqual([status.state, status.total, status.done, status.leased], ['finished', count, count, 0]);
  const numbers = Uint32Array.from({ length: count }, (_, i) => i + 1);
  for (const one of await scheduler.readResults(jobId, numbers))
    assert.equal(textOf(one!.payload), `result ${one!.slice}`);
  const told: number[] = [];
  for (let after = 0; ;) {
    const events = await scheduler.readEvents(jobId, after, 500);
    if (events.length === 0) break;
    for (const event of events) {
      assert.equal(event.seq, ++after);
      if (event.type === 'results') told.push(...event.numbers);
    }
  }
  assert.deepEqual(
    told.sort((a, b) => a - b),
    [...numbers],
    'every Slice told of once',
  );
  assert.equal(await scheduler.requestTask(request()), null);
});

test('a removal that was cut short is finished by the next who opens the store', async (t) => {
  const directory = temporaryDirectory(t);
  const scheduler = await open(t, directory);
  await scheduler.createJob(spec(range(5)));
  const child = start(t, 'half-removed', directory);
  assert.equal(await ended(child), 'SIGKILL');
  await scheduler.close();
  const again = await open(t, directory);
  assert.equal((await again.listJobs()).length, 1);
  await again.close(); // waits for the rest, or stops it: then the next one goes on
  const store = await (await import('#src/scheduler/embedded/store.js')).Store.open(directory, {});
  t.after(() => store.close());
  for (let i = 0; i < 100 && store.read(() => store.rows.keys(0, 1e9, 10)).length > 1; i++) {
    const more = await open(t, directory);
    await sleep(50);
    await more.close();
  }
  assert.deepEqual(
    store.read(() => [store.rows, store.specs].map((table) => table.keys(0, 1e9, 10).length)),
    [1, 1],
  );
  assert.deepEqual(
    store.read(() => store.data.keys([0, 0], [1e9, 0], 10).length),
    1,
    'the arguments of the Job that is left',
  );
});
