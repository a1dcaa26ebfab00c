import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Task } from '#src/model/index.js';
import { ManualClock, open, range, request, results, spec, temporaryDirectory, upTo } from './support.js';

const counted = { code: 'EEVALUATOR', message: 'died', counted: true };
const shutdown = { code: 'ESHUTDOWN', message: '', counted: false };

test('an expired lease goes to the next Worker as a counted attempt', async (t) => {
  const clock = new ManualClock();
  const scheduler = await open(t, temporaryDirectory(t), { clock, leaseMs: 10_000 });
  const jobId = await scheduler.createJob(spec(range(4)));
  const first = (await scheduler.requestTask(upTo(4)))!;
  assert.equal(first.leaseMs, 10_000);
  assert.deepEqual([...first.attempts], [0, 0, 0, 0]);
  await scheduler.submitResults(first.id, jobId, results([2]));
  clock.time += 9_999;
  assert.equal(await scheduler.requestTask(request()), null);
  clock.time += 1;
  assert.equal(await scheduler.waitForWork(new AbortController().signal), true);
  const second = (await scheduler.requestTask(upTo(4)))!;
  assert.deepEqual([...second.slices.numbers], [1, 3, 4]);
  assert.deepEqual([...second.attempts], [1, 1, 1]);
  assert.deepEqual(await scheduler.renewLeases([first.id, second.id]), [first.id]);
});

test('a renewed lease lasts', async (t) => {
  const clock = new ManualClock();
  const scheduler = await open(t, temporaryDirectory(t), { clock, leaseMs: 10_000 });
  await scheduler.createJob(spec(range(2)));
  const task = (await scheduler.requestTask(upTo(2)))!;
  for (let i = 0; i < 5; i++) {
    clock.time += 6_000;
    assert.deepEqual(await scheduler.renewLeases([task.id]), []);
    assert.equal(await scheduler.requestTask(request()), null);
  }
  clock.time += 10_000;
  assert.equal((await scheduler.requestTask(upTo(2)))!.slices.numbers.length, 2);
  assert.deepEqual(await scheduler.renewLeases([task.id]), [task.id], 'too late');
});

test("a lease that ran out is still its holder's until somebody asks for a Task", async (t) => {
  const clock = new ManualClock();
  const scheduler = await open(t, temporaryDirectory(t), { clock, leaseMs: 10_000 });
  const jobId = await scheduler.createJob(spec(range(2)));
  const task = (await scheduler.requestTask(upTo(2)))!;
  clock.time += 90_000;
  assert.deepEqual(await scheduler.renewLeases([task.id]), []);
  assert.equal(await scheduler.requestTask(request()), null);
  clock.time += 10_000;
  await scheduler.returnSlices(task.id, Uint32Array.of(1, 2), shutdown);
  const again = (await scheduler.requestTask(upTo(2)))!;
  assert.deepEqual(
    [[...again.attempts], [...again.expiries]],
    [
      [0, 0],
      [0, 0],
    ],
  );
  assert.equal((await scheduler.jobStatus(jobId)).leased, 2);
});

test('setting the date changes no lease', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t), { leaseMs: 60_000 }); // the real clock
  await scheduler.createJob(spec(range(2)));
  const task = (await scheduler.requestTask(upTo(2)))!;
  const year = 365 * 24 * 3600 * 1000;
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + year });
  assert.equal(await scheduler.requestTask(request()), null, 'a year later on the calendar');
  assert.deepEqual(await scheduler.renewLeases([task.id]), []);
  t.mock.timers.setTime(0);
  assert.deepEqual(await scheduler.renewLeases([task.id]), []);
  assert.equal(await scheduler.requestTask(request()), null);
});

test('after a restart of the machine every lease is void', async (t) => {
  const directory = temporaryDirectory(t);
  const before = await open(t, directory, { clock: new ManualClock('boot-1') });
  const jobId = await before.createJob(spec(range(3)));
  const task = (await before.requestTask(upTo(3)))!;
  await before.close();
  const clock = new ManualClock('boot-2');
  clock.time = 5; // the clock starts again: on it the old lease would last for a long time
  const after = await open(t, directory, { clock });
  assert.equal((await after.jobStatus(jobId)).leased, 0);
  assert.deepEqual(await after.renewLeases([task.id]), [task.id]);
  const again = (await after.requestTask(upTo(3)))!;
  assert.deepEqual([...again.slices.numbers], [1, 2, 3]);
  assert.deepEqual([...again.attempts], [1, 1, 1]);
});

test('a result is recorded once, whoever brings it', async (t) => {
  const clock = new ManualClock();
  const scheduler = await open(t, temporaryDirectory(t), { clock, leaseMs: 10_000 });
  const jobId = await scheduler.createJob(spec(range(6)));
  const late = (await scheduler.requestTask(upTo(6)))!;
  clock.time += 20_000;
  const current = (await scheduler.requestTask(upTo(3)))!; // holds 1 to 3; 4 to 6 are pending
  assert.deepEqual([...current.slices.numbers], [1, 2, 3]);

  // The late one brings a Slice of the current lease and a pending one: welcome, and nobody runs them again.
  assert.deepEqual(await scheduler.submitResults(late.id, jobId, results([2, 5], undefined, 10)), {
    recorded: 2,
    duplicates: 0,
  });
  assert.equal((await scheduler.jobStatus(jobId)).leased, 2);
  assert.deepEqual([...(await scheduler.requestTask(upTo(6)))!.slices.numbers], [4, 6]);
  assert.deepEqual(
    await scheduler.submitResults(
      current.id,
      jobId,
      results([1, 2, 2, 3], () => ({ head: Uint8Array.of(9), segments: [] })),
    ),
    { recorded: 2, duplicates: 2 },
  );
  const [two] = await scheduler.readResults(jobId, Uint32Array.of(2));
  assert.equal(new TextDecoder().decode(two!.payload.head), 'result 2', 'the first one stays');
  assert.deepEqual(await scheduler.renewLeases([current.id]), [current.id], 'a Task without Slices is over');
  const status = await scheduler.jobStatus(jobId);
  assert.deepEqual([status.done, status.leased], [4, 2]);
});

test('Slices whose leases run out again and again come in ever smaller Tasks, at last alone', async (t) => {
  const clock = new ManualClock();
  const scheduler = await open(t, temporaryDirectory(t), { clock, leaseMs: 10_000 });
  const jobId = await scheduler.createJob(spec(range(200)));
  const sizes = [];
  for (let lost = 0; lost < 5; lost++) {
    const task = (await scheduler.requestTask(upTo(64, { workerId: `worker ${lost}` })))!;
    assert.deepEqual([task.slices.numbers[0], task.expiries[0], task.attempts[0]], [1, lost, lost]);
    sizes.push(task.slices.numbers.length);
    clock.time += 10_000;
  }
  assert.deepEqual(sizes, [64, 64, 16, 4, 1]);

  // Slice 1 is a suspect. The others come first; it is for a Worker that holds nothing, and gets nothing else then.
  const busy = (await scheduler.requestTask(upTo(64, { workerId: 'busy' })))!;
  assert.deepEqual([...busy.slices.numbers], [2], 'which was lost four times');
  for (;;) {
    const task = await scheduler.requestTask(upTo(200, { workerId: 'busy' }));
    if (task === null) break;
    assert.ok(!task.slices.numbers.includes(1));
  }
  const idle = (await scheduler.requestTask(upTo(200, { workerId: 'idle' })))!;
  assert.deepEqual([[...idle.slices.numbers], [...idle.expiries]], [[1], [5]]);
  await scheduler.createJob(spec(range(3)));
  assert.equal(await scheduler.requestTask(upTo(3, { workerId: 'idle' })), null);
  const waiting = scheduler.waitForWork(AbortSignal.timeout(500));
  await scheduler.submitResults(idle.id, jobId, results([1]));
  assert.equal(await waiting, true, 'its end is news');
  assert.equal((await scheduler.requestTask(upTo(3, { workerId: 'idle' })))!.slices.numbers.length, 3);
});

/** A Scheduler, and a Job whose one Slice five Workers have lost. */
async function openWithSuspect(
  t: TestContext,
): Promise<{ clock: ManualClock; scheduler: Awaited<ReturnType<typeof open>>; suspect: string }> {
  const clock = new ManualClock();
  const scheduler = await open(t, temporaryDirectory(t), { clock, leaseMs: 10_000 });
  const suspect = await scheduler.createJob(spec(range(1)));
  for (let lost = 0; lost < 5; lost++) {
    await scheduler.requestTask(upTo(1, { workerId: `worker ${lost}` }));
    clock.time += 10_000;
  }
  return { clock, scheduler, suspect };
}

test('a Worker that is too busy for a suspect is told when it is not any more', async (t) => {
  const { scheduler, suspect } = await openWithSuspect(t);
  const other = await scheduler.createJob(spec(range(1)));
  const held = (await scheduler.requestTask(upTo(1)))!;
  assert.equal(held.jobId, other);
  assert.equal(await scheduler.requestTask(upTo(1)), null);
  const waiting = scheduler.waitForWork(AbortSignal.timeout(500));
  await scheduler.submitResults(held.id, other, results([1]));
  assert.equal(await waiting, true);
  assert.equal((await scheduler.requestTask(upTo(1)))!.jobId, suspect);
});

test('a suspect is passed over for the time of a lease, then one Worker waits for it', async (t) => {
  const { clock, scheduler, suspect } = await openWithSuspect(t);
  const held = new Map<string, Task[]>();
  // A Worker that always holds a Task: it asks for the next before the last has ended.
  const ask = async (workerId: string): Promise<string | undefined> => {
    const task = await scheduler.requestTask(upTo(1, { workerId }));
    const tasks = [...(held.get(workerId) ?? []), ...(task === null ? [] : [task])];
    held.set(workerId, tasks);
    const ids = [...held.values()].flat().map(({ id }) => id);
    assert.deepEqual(await scheduler.renewLeases(ids), []);
    return task?.jobId;
  };
  const end = async (workerId: string): Promise<void> => {
    for (const { id, jobId, slices } of held.get(workerId)!.splice(0))
      await scheduler.submitResults(id, jobId, results(slices.numbers));
  };
  for (const worker of ['a', 'b']) {
    const small = await scheduler.createJob(spec(range(1)));
    assert.equal(await ask(worker), small);
  }
  const other = await scheduler.createJob(spec(range(100)));
  for (let passed = 0; passed < 10; passed += 2) {
    for (const worker of ['a', 'b']) assert.equal(await ask(worker), other);
    clock.time += 2_000;
  }
  assert.equal(await ask('a'), undefined);
  // Others go on, and Jobs that come now are not for who waits.
  assert.equal(await ask('b'), other);
  const late = await scheduler.createJob(spec(range(1)));
  assert.equal(await ask('a'), undefined);
  await end('a');
  assert.equal(await ask('a'), suspect);
  assert.equal(await ask('a'), undefined, 'nothing beside it');
  assert.equal(await ask('b'), late);
});

test('work that asks to be run again makes no suspect', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  await scheduler.createJob(spec(range(2)));
  for (let i = 0; i < 20; i++) {
    const task = (await scheduler.requestTask(upTo(2)))!;
    assert.deepEqual(
      [[...task.slices.numbers], [...task.attempts], [...task.expiries]],
      [
        [1, 2],
        [i, i],
        [0, 0],
      ],
    );
    await scheduler.returnSlices(task.id, task.slices.numbers, counted);
  }
});

test('returned Slices come again at once, counted or not', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec(range(600)));
  const task = (await scheduler.requestTask(upTo(600, { maxSlices: 600 })))!;
  assert.equal(task.slices.numbers.length, 600);
  await scheduler.returnSlices(task.id, Uint32Array.of(300, 5, 7, 6, 999), counted);
  await scheduler.returnSlices(task.id, Uint32Array.of(5, 8), shutdown); // 5 is not on the lease any more
  const again = (await scheduler.requestTask(upTo(600)))!;
  assert.deepEqual([...again.slices.numbers], [5, 6, 7, 8, 300]);
  assert.deepEqual([...again.attempts], [1, 1, 1, 0, 1]);
  await scheduler.returnSlices(again.id, again.slices.numbers, counted);
  assert.deepEqual([...(await scheduler.requestTask(upTo(600)))!.attempts], [2, 2, 2, 1, 2]);
  assert.equal((await scheduler.jobStatus(jobId)).leased, 600);
  await scheduler.returnSlices('1.99.nobody', Uint32Array.of(1), counted);
});

test('a lease of the most Slices a Task can have expires whole', async (t) => {
  const clock = new ManualClock();
  const scheduler = await open(t, temporaryDirectory(t), { clock });
  await scheduler.createJob(spec(range(1_000_000)));
  const big = upTo(1_000_000);
  const task = (await scheduler.requestTask(big))!;
  assert.equal(task.slices.numbers.length, 16_384);
  clock.time += 1_000_000;
  const again = (await scheduler.requestTask(big))!;
  assert.deepEqual(again.slices.numbers, task.slices.numbers);
  assert.ok(again.attempts.every((n) => n === 1));
});
