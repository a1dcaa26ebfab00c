/** What a Worker delivers may be anything: it spoils its own Slice, and nothing else of the Job. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { encode } from '#src/codec/index.js';
import type { Compute, Job } from '#src/compute/index.js';
import { Outcome, packColumns, ResultError, zeroMetrics, type Payload } from '#src/model/index.js';
import { openScheduler } from './support.js';

const GARBAGE: Payload = { head: Uint8Array.of(0xc1, 0xff, 1), segments: [] };
const SLICES = 6;

/** A Job of 6 Slices: 2 and 3 have no readable result and error, 4 and 5 errors that are odd. */
async function hostileJob(t: TestContext): Promise<{ compute: Compute; job: Job<number> }> {
  const { compute, scheduler } = await openScheduler(t);
  const job = compute.for(1, SLICES, (n: number) => n * 10);
  job.once('accepted', () => {
    void (async () => {
      await scheduler.appendMessages(job.id!, [
        { type: 'custom', slice: 1, name: 'news', value: GARBAGE },
        { type: 'custom', slice: 1, name: 'news', value: encode('good') },
      ]);
      const payloads = [
        encode(10),
        GARBAGE,
        GARBAGE,
        encode({ message: 4, toString: 4 }),
        encode(Object.assign(new Error('of 5'), { code: 5, stack: 5 })),
        encode(60),
      ];
      const { result, error } = Outcome;
      await scheduler.submitResults('none', job.id!, {
        numbers: Uint32Array.from(payloads, (_, i) => i + 1),
        outcomes: Uint8Array.of(result, result, error, error, error, result),
        ...zeroMetrics(SLICES),
        ...packColumns(payloads),
      });
    })();
  });
  return { compute, job };
}

function check(results: readonly unknown[]): void {
  assert.deepEqual([results[0], results[5]], [10, 60]);
  const errors = results.slice(1, 5) as ResultError[];
  assert.deepEqual(
    errors.map(({ code, slice }) => [code, slice]),
    [
      ['ERESULT', 2],
      ['ERESULT', 3],
      ['EUNCAUGHT', 4],
      ['EUNCAUGHT', 5],
    ],
  );
  assert.ok(errors[0] instanceof ResultError);
  assert.match(errors[0].message, /^the result that was delivered cannot be decoded: ./);
  assert.match(errors[1]!.message, /^the error that was delivered cannot be decoded: ./);
  assert.match(errors[2]!.message, /toString: 4/);
}

/** Hears what is told; `check` for a run that told all of it. */
function listen(job: Job<number>): { check(): void } {
  const results: number[] = [];
  const errors: number[] = [];
  const news: unknown[] = [];
  const said: unknown[][] = [];
  job.on('result', ({ sliceNumber }) => results.push(sliceNumber));
  job.on('error', ({ sliceNumber }) => errors.push(sliceNumber));
  job.work.on('news', (value) => news.push(value));
  job.on('console', ({ sliceNumber, level, message }) => said.push([sliceNumber, level, message]));
  return {
    check() {
      assert.deepEqual([results, errors, news], [[1, 6], [2, 3, 4, 5], ['good']]);
      const [slice, level, message] = said[0]!;
      assert.deepEqual([said.length, slice, level], [1, 1, 'warn']);
      assert.match(String(message), /^the event "news" is left out, its value cannot be decoded: ./);
    },
  };
}

test('what cannot be decoded is an error of its Slice, or a warning; all else is told', async (t) => {
  const { compute, job } = await hostileJob(t);
  const heard = listen(job);
  check([...(await job.exec())]);
  heard.check();
  const resumed = await compute.resume<number>(job.id!);
  const again = listen(resumed);
  check([...(await resumed.exec())]);
  again.check();
  const fetched = await compute.resume<number>(job.id!);
  check([...(await fetched.fetchResults())]);
});
