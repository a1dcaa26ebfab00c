import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SliceError } from '#src/model/index.js';
import { openMachine } from './support.js';

/** Slice 5 of 10 misbehaves; the others return their datum. */
const CASES: {
  name: string;
  code: string;
  message: RegExp;
  work: (n: number) => unknown;
  sliceTimeoutMs?: number;
}[] = [
  {
    name: 'throws',
    code: 'EUNCAUGHT',
    message: /boom/,
    work: (n) => {
      if (n === 5) throw new TypeError('boom');
      return n;
    },
  },
  {
    name: 'rejects with what is no Error',
    code: 'EUNCAUGHT',
    message: /just text/,
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what is tested
    work: (n) => (n === 5 ? Promise.reject('just text') : n),
  },
  {
    name: 'imports what did not come with the Job',
    code: 'EUNCAUGHT',
    message: /^import\(\) is not there in a Work Function: .*job\.requires, and use require$/,
    work: async (n) => (n === 5 ? import('node:fs') : n),
  },
  {
    name: 'loops for ever',
    code: 'ESLICETOOSLOW',
    message: /longer than 0.3 s/,
    sliceTimeoutMs: 300,
    work: (n) => {
      while (n === 5);
      return n;
    },
  },
  {
    name: 'allocates without end',
    code: 'EMEMORYLIMIT',
    message: /./,
    work: (n) => {
      const all: unknown[] = [];
      while (n === 5) all.push(new Array(1000).fill(n));
      return n;
    },
  },
  {
    name: 'returns what cannot be encoded',
    code: 'ERESULT',
    message: /inner/,
    work: (n) => (n === 5 ? { inner: () => n } : n),
  },
  {
    name: 'never settles',
    code: 'ENOPROGRESS',
    message: /./,
    work: (n) => (n === 5 ? new Promise(() => {}) : n),
  },
];

for (const { name, code, message, work, sliceTimeoutMs } of CASES) {
  test(`a Work Function that ${name} ends that Slice with ${code}; the others go on`, async (t) => {
    const machine = await openMachine(t);
    machine.work({ sandboxLimits: { heapMiB: 32 } });
    const job = machine.compute.for(1, 10, work);
    if (sliceTimeoutMs !== undefined) job.limits = { sliceTimeoutMs };
    const failures: string[] = [];
    job.on('error', (event) => failures.push(`${event.sliceNumber} ${event.code}`));
    const results = await job.exec();
    const failed = results[4];
    assert.ok(failed instanceof SliceError);
    assert.equal(failed.code, code, failed.message);
    assert.equal(failed.slice, 5);
    assert.match(failed.message, message);
    assert.deepEqual(failures, [`5 ${code}`]);
    assert.deepEqual(
      [...results].filter((_, i) => i !== 4),
      [1, 2, 3, 4, 6, 7, 8, 9, 10],
    );
    const status = await machine.scheduler.jobStatus(job.id!);
    assert.deepEqual([status.state, status.done, status.failed], ['finished', 10, 1]);
  });
}

test('a source that is no function fails every Slice with EWORKFUNCTION, without Sandbox after Sandbox', async (t) => {
  const machine = await openMachine(t);
  let broken = 0;
  const supervisor = machine.work({ observer: { onBrokenJob: () => broken++ } });
  const results = await machine.compute.for(1, 5000, '({ not: "a function" })').exec();
  assert.equal(results.length, 5000);
  assert.ok(results.every((result) => result instanceof SliceError && result.code === 'EWORKFUNCTION'));
  assert.equal(broken, 1);
  assert.equal(supervisor.status().counts.failed, 5000);
});
