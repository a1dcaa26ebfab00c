import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SliceMessage } from '#src/model/index.js';
import { MAX_MESSAGES } from '#src/scheduler/embedded/log.js';
import { open, range, spec, temporaryDirectory, text, textOf } from './support.js';

const line = (n: number): SliceMessage => ({
  type: 'console',
  slice: n,
  level: 'info',
  message: `line ${n}`,
});

test('a cursor reads every entry once, from anywhere', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec(range(10)));
  const messages: SliceMessage[] = Array.from({ length: 1000 }, (_, i) =>
    i % 3 === 0
      ? {
          type: 'custom',
          slice: i,
          name: 'n',
          value: text(`value ${i}`, i === 9 ? [new Uint8Array(200_000).fill(3)] : []),
        }
      : line(i),
  );
  await scheduler.appendMessages(jobId, messages);
  await scheduler.appendMessages(jobId, [line(5000)]);
  const seen = [];
  for (let after = 0; ;) {
    const events = await scheduler.readEvents(jobId, after, 7);
    if (events.length === 0) break;
    for (const event of events) assert.equal(event.seq, ++after);
    seen.push(...events);
  }
  assert.equal(seen.length, 1002);
  seen.slice(1, 1001).forEach((event, i) => {
    if (event.type === 'custom')
      assert.deepEqual([event.slice, event.name, textOf(event.value)], [i, 'n', `value ${i}`]);
    else assert.ok(event.type === 'console' && event.message === `line ${i}` && event.level === 'info');
  });
  const [big] = await scheduler.readEvents(jobId, 10, 1);
  assert.ok(big!.type === 'custom' && big!.value.segments[0]!.byteLength === 200_000);
  assert.deepEqual(await scheduler.readEvents(jobId, 5000, 10), []);
});

test('waiting ends at the next entry, or with the signal', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec(range(10)));
  const stop = new AbortController();
  assert.equal(await scheduler.waitForEvents(jobId, 0, stop.signal), true);
  const waiting = scheduler.waitForEvents(jobId, 1, stop.signal);
  await scheduler.appendMessages(jobId, [line(1)]);
  assert.equal(await waiting, true);
  const aborted = scheduler.waitForEvents(jobId, 2, stop.signal);
  const work = scheduler.waitForWork(stop.signal);
  assert.equal(await work, true, 'nobody looked yet');
  stop.abort();
  assert.equal(await aborted, false);
  assert.equal(await scheduler.waitForWork(stop.signal), false);
});

test('a full log drops messages, says so once, and still tells of results', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec(range(10)));
  const many = Array.from({ length: 10_000 }, (_, i) => line(i));
  for (let i = 0; i < MAX_MESSAGES / many.length + 1; i++) await scheduler.appendMessages(jobId, many);
  await scheduler.cancelJob(jobId);
  const tail = await scheduler.readEvents(jobId, MAX_MESSAGES - 100, 1000);
  const last = tail.slice(-3);
  assert.deepEqual(
    last.map(({ type }) => type),
    ['console', 'console', 'state'],
  );
  assert.ok(last[1]!.type === 'console' && last[1]!.level === 'warn' && last[1]!.message.includes('dropped'));
  assert.equal(tail.length, 103, 'the last 101 messages, the warning, the state');
});

test('a hundred may wait at once, and closing ends them all without a warning', async (t) => {
  const scheduler = await open(t, temporaryDirectory(t));
  const jobId = await scheduler.createJob(spec(range(1)));
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', onWarning);
  const waits = Array.from({ length: 100 }, () =>
    scheduler.waitForEvents(jobId, 99, new AbortController().signal),
  );
  await new Promise(setImmediate); // warnings come with the next tick
  await scheduler.close();
  assert.deepEqual(
    await Promise.all(waits),
    waits.map(() => false),
  );
  process.off('warning', onWarning);
  assert.deepEqual(warnings, []);
});
