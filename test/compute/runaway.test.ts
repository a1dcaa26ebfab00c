/** Code that runs where no Slice does, and ends that must be told: each of these once kept a Job for ever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compute } from '#src/index.js';

const limits = { sliceTimeoutMs: 500, progressTimeoutMs: 500 };

test('a loop in a promise job that outlives its Slice costs no result', { timeout: 30_000 }, async () => {
  const job = compute.for(1, 6, (n: number) => {
    if (n === 2)
      void Promise.resolve().then(() => {
        for (;;);
      });
    return n;
  });
  job.limits = limits;
  assert.deepEqual([...(await job.localExec(1))], [1, 2, 3, 4, 5, 6]);
});

test('a Work Function that never finishes loading fails its Slices', { timeout: 30_000 }, async () => {
  const job = compute.for(1, 2, '(() => { for (;;); })()');
  job.limits = limits;
  const codes = [...(await job.localExec(1))].map((error) => (error as { code?: string }).code);
  assert.deepEqual(codes, ['EWORKFUNCTION', 'EWORKFUNCTION']);
});

test('work.reject after its Slice has returned rejects nothing unheard', { timeout: 30_000 }, async () => {
  const job = compute.for(
    1,
    3,
    `(n) => ({ get n() { try { if (n === 2) work.reject('late', 0); } catch {} return n; } })`,
  );
  const values = [...(await job.localExec(1))];
  assert.deepEqual(values, [{ n: 1 }, { n: 2 }, { n: 3 }]);
});
