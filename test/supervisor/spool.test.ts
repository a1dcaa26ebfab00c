/** Results that the Scheduler did not take before a Worker stopped are submitted by the next one. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SchedulerError } from '#src/model/index.js';
import type { SpoolNews, Supervisor, SupervisorOptions } from '#src/supervisor/index.js';
import { Spool } from '#src/supervisor/spool/spool.js';
import { record } from './spool-record.js';
import {
  interruptible,
  openMachine,
  recordings,
  temporaryDirectory,
  upTo,
  wrapped,
  type Machine,
} from './support.js';

declare const work: { emit(name: string, value?: unknown): void };

/** Long enough that some Slices run and some wait when the Scheduler goes away. */
const SLICES = 200;
const countedWork = (n: number): number => {
  work.emit('ran', n);
  for (const end = Date.now() + 3; Date.now() < end;);
  return -n;
};

/** Waits for what a test is about, which comes at once or never. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

const unsubmitted = (supervisor: Supervisor): number =>
  supervisor.status().jobs.reduce((sum, { unsubmittedBytes }) => sum + unsubmittedBytes, 0);

/**
 * A Job whose Worker stopped when some results were recorded, some were not, and some Slices had not run: the Scheduler
 * was away.
 */
async function leaveResults(t: TestContext, machine: Machine, spool: string, maxSpoolBytes = 2 ** 30) {
  const line = interruptible(machine.scheduler);
  const news: SpoolNews[] = [];
  let recorded = 0;
  const observer: SupervisorOptions['observer'] = {
    onSpool: (one) => news.push(one),
    onSubmitted: (_job, receipt) => (recorded += receipt.recorded),
  };
  const supervisor = machine.work(
    { spool, maxSpoolBytes, targetMs: 1000, observer },
    { scheduler: line.scheduler },
  );
  const job = machine.compute.for(upTo(SLICES), countedWork);
  const runs = new Map<number, number>();
  job.work.on('ran', (n) => runs.set(n as number, (runs.get(n as number) ?? 0) + 1));
  const ended = job.exec().then(
    (results) => [...results],
    () => null,
  );
  t.after(() => job.cancel().catch(() => undefined));
  await until(() => recorded > 10);
  line.isAway = true;
  await until(() => unsubmitted(supervisor) > 0);
  await sleep(50);
  await supervisor.stop({ flushTimeoutMs: 300 });
  return { job, ended, runs, news, line };
}

const filesIn = (spool: string): string[] => readdirSync(spool).sort();

test('what was not submitted is, at the next start; no Slice runs twice or waits for its lease', async (t) => {
  const machine = await openMachine(t);
  const spool = temporaryDirectory(t);
  const { job, ended, runs, news } = await leaveResults(t, machine, spool);
  assert.ok(news.length > 0 && news.every(({ type }) => type === 'kept'), JSON.stringify(news));
  assert.ok(
    filesIn(spool).every((name) => name.endsWith('.results')),
    filesIn(spool).join(),
  );
  const before = await machine.scheduler.jobStatus(job.id!);
  assert.ok(before.done < SLICES && before.leased > 0, JSON.stringify(before));

  const told: SpoolNews[] = [];
  machine.work({ spool, observer: { onSpool: (one) => told.push(one) } });
  // The lease is of a minute: only what was given back can be run before.
  assert.deepEqual(
    await ended,
    upTo(SLICES).map((n) => -n),
  );
  const kept = news.reduce((sum, one) => sum + (one.type === 'kept' ? one.slices : 0), 0);
  const submitted = told.reduce((sum, one) => sum + (one.type === 'submitted' ? one.receipt.recorded : 0), 0);
  assert.ok(kept > 0);
  assert.equal(submitted, kept);
  assert.deepEqual(filesIn(spool), []);
  assert.equal(runs.size, SLICES, 'what Slices said is kept with their results');
  assert.deepEqual(
    [...runs.values()].filter((count) => count !== 1),
    [],
  );
  const counts = await recordings(machine.scheduler, job.id!);
  assert.deepEqual(
    [...counts.values()].filter((count) => count !== 1),
    [],
  );
});

test('results that came to the Scheduler another way meanwhile are left as they are', async (t) => {
  const machine = await openMachine(t, { leaseMs: 1000 });
  const spool = temporaryDirectory(t);
  const { job, ended } = await leaveResults(t, machine, spool);
  // One without a spool: it waits for the leases and runs the Slices again.
  const other = machine.work();
  assert.deepEqual(
    await ended,
    upTo(SLICES).map((n) => -n),
  );
  await other.stop();
  const told: SpoolNews[] = [];
  machine.work({ spool, observer: { onSpool: (one) => told.push(one) } });
  await until(() => filesIn(spool).length === 0);
  for (const one of told) {
    assert.equal(one.type, 'submitted');
    if (one.type === 'submitted') assert.equal(one.receipt.recorded, 0);
  }
  const counts = await recordings(machine.scheduler, job.id!);
  assert.deepEqual(
    [...counts.values()].filter((count) => count !== 1),
    [],
  );
});

test('a Scheduler that is still away is told when it is back, and idleness is not found before', async (t) => {
  const machine = await openMachine(t);
  const spool = temporaryDirectory(t);
  const { ended, line } = await leaveResults(t, machine, spool);
  let troubles = 0;
  let idle = 0;
  const told: SpoolNews[] = [];
  machine.work(
    {
      spool,
      observer: { onTrouble: () => troubles++, onSpool: (one) => told.push(one), onIdle: () => idle++ },
    },
    { scheduler: line.scheduler },
  );
  await until(() => troubles > 2);
  assert.equal(told.length, 0);
  assert.equal(idle, 0);
  line.isAway = false;
  assert.equal((await ended)?.length, SLICES);
  await until(() => idle > 0);
  assert.deepEqual(filesIn(spool), []);
});

test('one that is stopped before it could submit leaves the files to the next', async (t) => {
  const machine = await openMachine(t);
  const spool = temporaryDirectory(t);
  const { ended, line } = await leaveResults(t, machine, spool);
  const left = filesIn(spool);
  let troubles = 0;
  const second = machine.work(
    { spool, observer: { onTrouble: () => troubles++ } },
    { scheduler: line.scheduler },
  );
  await until(() => troubles > 0);
  assert.ok(filesIn(spool).some((name) => name.includes('.taken.')));
  await second.stop();
  assert.deepEqual(filesIn(spool), left);
  machine.work({ spool });
  assert.equal((await ended)?.length, SLICES);
});

for (const [name, jobs, damaged, order] of [
  [
    'what the Scheduler always fails for keeps neither others waiting nor idleness from being found',
    ['one', 'one', 'two', 'three'],
    [1],
    [1, 3, 4, 2, 1],
  ],
  ['nor is it waited for when there is nothing else', ['one', 'one'], [1, 2], [1, 2]],
] as const)
  test(name, async (t) => {
    const machine = await openMachine(t);
    const spool = temporaryDirectory(t);
    const kept = jobs.map((jobId, i) => ({ ...record(i + 1, 10), jobId }));
    await new Spool(spool, machine.scheduler.identity, Infinity, () => undefined).keep(kept);
    const tried: number[] = [];
    const scheduler = wrapped(machine.scheduler, (name) => {
      if (name === 'appendMessages') return () => Promise.resolve();
      if (name !== 'submitResults') return undefined;
      return (taskId) => {
        const n = Number((taskId as string).slice('task '.length));
        tried.push(n);
        if ((damaged as readonly number[]).includes(n))
          return Promise.reject(new SchedulerError('its data are damaged'));
        return Promise.resolve({ recorded: 1, duplicates: 0 });
      };
    });
    let idle = 0;
    const supervisor = machine.work({ spool, observer: { onIdle: () => idle++ } }, { scheduler });
    await until(() => idle > 0);
    assert.deepEqual(tried.slice(0, order.length), order);
    await supervisor.stop();
    assert.equal(filesIn(spool).length, damaged.length);
  });

test('the results of a Job that is gone are dropped, and it is said', async (t) => {
  const machine = await openMachine(t);
  const spool = temporaryDirectory(t);
  const { job, ended } = await leaveResults(t, machine, spool);
  await machine.scheduler.removeJob(job.id!);
  await ended;
  const told: SpoolNews[] = [];
  machine.work({ spool, observer: { onSpool: (one) => told.push(one) } });
  await until(() => filesIn(spool).length === 0 && told.length > 0);
  for (const one of told) {
    assert.ok(one.type === 'dropped' && one.jobId === job.id, JSON.stringify(one));
    assert.match(one.reason, /no such Job/);
  }
});

test("another Scheduler's results are left where they are, and it is said", async (t) => {
  const machine = await openMachine(t);
  const spool = temporaryDirectory(t);
  await leaveResults(t, machine, spool);
  const left = filesIn(spool);
  const other = await openMachine(t);
  const told: SpoolNews[] = [];
  other.work({ spool, observer: { onSpool: (one) => told.push(one) } });
  assert.equal((await other.compute.for(1, 3, (n: number) => n).exec()).length, 3);
  assert.deepEqual(told, [{ type: 'othersLeft', files: left.length }]);
  assert.deepEqual(filesIn(spool), left);
});

test('without room in the spool results are dropped, and it is said', async (t) => {
  const machine = await openMachine(t);
  const spool = temporaryDirectory(t);
  const { news } = await leaveResults(t, machine, spool, 1);
  assert.deepEqual(filesIn(spool), []);
  const dropped = news.filter((one) => one.type === 'dropped');
  assert.ok(dropped.length > 0 && dropped.length === news.length);
  for (const { reason } of dropped) assert.match(reason, /within its limit of 1 bytes/);
});

test('a spool that is no directory is said, at the start and at the end', async (t) => {
  const machine = await openMachine(t);
  const spool = path.join(temporaryDirectory(t), 'file');
  writeFileSync(spool, '');
  const { news } = await leaveResults(t, machine, spool);
  assert.equal(news[0]!.type, 'unusable');
  assert.ok(news.length > 1 && news.slice(1).every(({ type }) => type === 'dropped'), JSON.stringify(news));
});

test('a spool that cannot be made is said at the start', async (t) => {
  const machine = await openMachine(t);
  const news: SpoolNews[] = [];
  const spool = '/proc/none/spool';
  machine.work({ spool, observer: { onSpool: (one) => news.push(one) } });
  await until(() => news.length > 0);
  assert.deepEqual(
    news.map((one) => ({ ...one, reason: '' })),
    [{ type: 'unusable', directory: spool, reason: '' }],
  );
  assert.match((news[0] as { reason: string }).reason, /^ENOENT: .*'[/]proc[/]none'/);
});

test('a spool that is not there yet is made at the start, and no news', async (t) => {
  const machine = await openMachine(t);
  const news: SpoolNews[] = [];
  const spool = path.join(temporaryDirectory(t), 'not/yet');
  machine.work({ spool, observer: { onSpool: (one) => news.push(one) } });
  await machine.compute.for(upTo(3), (n: number) => n).exec();
  assert.deepEqual([filesIn(spool), news], [[], []]);
});

test('a spool that is no path is refused', async (t) => {
  const machine = await openMachine(t);
  for (const spool of ['', 7, 'a\0b'])
    assert.throws(() => machine.work({ spool: spool as string }), { code: 'EINVAL', field: 'spool' });
  assert.throws(() => machine.work({ spool: 'x', maxSpoolBytes: 0 }), { field: 'maxSpoolBytes' });
});
