/** Many Sandboxes on few threads. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'node:test';
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { onlyInProcess, slices, start, threadCount } from './support.js';
import { openEvaluator } from './tested.js';

test('50 Sandboxes that never stop of themselves all make progress on 2 threads', async (t) => {
  const evaluator = await openEvaluator(t, 2);
  const spin = (ms: number): number => {
    const end = Date.now() + ms;
    while (Date.now() < end);
    return ms;
  };
  const all = await Promise.all(Array.from({ length: 50 }, () => start(evaluator, spin)));
  for (const { sandbox } of all) sandbox.run(slices(new Array(200).fill(3)));
  const startedAt = performance.now();
  await Promise.all(all.map(({ seen }) => seen.untilEnded(1)));
  const firstAll = performance.now() - startedAt;
  t.diagnostic(`every one of 50 had a result after ${firstAll.toFixed(0)} ms`);
  const counts = all.map(({ seen }) => seen.order.length);
  assert.ok(Math.max(...counts) < 60, `some got far ahead: ${counts.join()}`);
});

test(
  'waiting Sandboxes use no thread',
  { skip: onlyInProcess('the threads are in another process') },
  async (t) => {
    const evaluator = await openInProcessEvaluator({ threads: 1 });
    t.after(() => evaluator.close());
    const waiters = await Promise.all(
      Array.from({ length: 30 }, () =>
        start(evaluator, () => new Promise((resolve) => setTimeout(resolve, 400, 'waited'))),
      ),
    );
    const threads = threadCount();
    const startedAt = performance.now();
    for (const { sandbox } of waiters) sandbox.run(slices([0]));
    const quick = await start(evaluator, (x: number) => x);
    quick.sandbox.run(slices([1]));
    await quick.seen.until(() => quick.seen.drained > 0);
    assert.ok(performance.now() - startedAt < 300, 'a Sandbox with work runs while 30 wait');
    await sleep(20);
    assert.equal(evaluator.stats().ready, 0);
    await Promise.all(waiters.map(({ seen }) => seen.untilEnded(1)));
    const took = performance.now() - startedAt;
    assert.ok(took < 800, `30 timers of 400 ms took ${took.toFixed(0)} ms on one thread`);
    assert.ok(threadCount() <= threads + 1);
  },
);

test('idle Sandboxes and threads use no processor', async (t) => {
  const evaluator = await openEvaluator(t, 2);
  const all = await Promise.all(Array.from({ length: 10 }, () => start(evaluator, (x: number) => x)));
  for (const { sandbox } of all) sandbox.run(slices([1]));
  await Promise.all(all.map(({ seen }) => seen.until(() => seen.drained > 0)));
  // V8 tidies up for a while, the longer the busier the machine is.
  let used = Infinity;
  for (let second = 0; second < 20 && used >= 100_000; second++) {
    const before = process.cpuUsage();
    await sleep(1000);
    const { user, system } = process.cpuUsage(before);
    used = user + system;
  }
  t.diagnostic(`${(used / 1000).toFixed(1)} ms of CPU in an idle second`);
  assert.ok(used < 100_000, `${used} µs of CPU in an idle second`);
});
