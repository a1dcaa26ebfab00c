/** What a Slice took, as its owner hears it: from the Sandbox through Supervisor and Scheduler. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { encode } from '#src/codec/index.js';
import { compute, type JobEvents } from '#src/index.js';
import { payloadByteLength } from '#src/model/index.js';

type ResultEvent = JobEvents<unknown>['result'][0];

const sizeOf = (value: unknown): number => payloadByteLength(encode(value));

test('bytes in and out are those of datum and result, for small ones and for segments', async () => {
  const data = ['a', { x: [1, 2, 3] }, new Float64Array(5000), 'a'];
  const job = compute.for(data, (datum: unknown) => [datum, datum]);
  const events: ResultEvent[] = [];
  job.on('result', (event) => events.push(event));
  await job.localExec(1);
  events.sort((a, b) => a.sliceNumber - b.sliceNumber);
  assert.deepEqual(
    events.map(({ bytesIn, bytesOut }) => [bytesIn, bytesOut]),
    data.map((datum) => [sizeOf(datum), sizeOf([datum, datum])]),
  );
  assert.ok(events[2]!.bytesIn > 40_000);
});

test('a Slice of a range brings no bytes; one that fails says what it took, too', async () => {
  const job = compute.for(1, 3, (n: number) => {
    if (n === 2) throw new Error('two');
    const end = Date.now() + 30;
    while (Date.now() < end);
    return n;
  });
  const took = new Map<number, Omit<ResultEvent, 'job' | 'result'>>();
  job.on('result', (event) => took.set(event.sliceNumber, event));
  job.on('error', (event) => took.set(event.sliceNumber, event));
  await job.localExec(1);
  assert.deepEqual(
    [1, 2, 3].map((n) => [took.get(n)!.bytesIn, took.get(n)!.webGPUTime]),
    [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  );
  assert.equal(took.get(1)!.bytesOut, sizeOf(1));
  assert.ok(took.get(2)!.bytesOut > 'two'.length);
  assert.ok(took.get(1)!.time >= 29 && took.get(1)!.cpuTime > 5, JSON.stringify(took.get(1)));
  assert.ok(took.get(2)!.time < took.get(1)!.time);
});
