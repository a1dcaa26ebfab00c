import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkRejectError } from '#src/model/index.js';
import { openMachine } from './support.js';

declare const work: {
  reject(reason?: string, retries?: number): never;
  emit(name: string, value?: unknown): void;
};

test('work.reject runs the Slice again as often as it grants, then fails it with the reason', async (t) => {
  const machine = await openMachine(t);
  machine.work();
  const job = machine.compute.for(1, 6, (n: number) => {
    work.emit('ran', n);
    if (n === 3) work.reject('not here', 2);
    return n;
  });
  const runs = new Map<number, number>();
  job.work.on('ran', (n) => runs.set(n as number, (runs.get(n as number) ?? 0) + 1));
  const results = await job.exec();
  assert.ok(results[2] instanceof WorkRejectError);
  assert.equal(results[2].message, 'not here');
  assert.equal(runs.get(3), 3, 'once, and two retries');
  assert.deepEqual([...results].length, 6);
  assert.equal(runs.get(4), 1);
});

test('work.reject without retries fails the Slice at once', async (t) => {
  const machine = await openMachine(t);
  machine.work();
  const job = machine.compute.for(1, 3, (n: number) => (n === 2 ? work.reject('no') : n));
  const results = await job.exec();
  assert.ok(results[1] instanceof WorkRejectError);
  assert.equal(results[1].stack, 'WorkRejectError: no');
  assert.deepEqual([results[0], results[2]], [1, 3]);
});
