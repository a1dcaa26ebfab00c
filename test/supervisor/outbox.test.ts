import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSliceBatch, packColumns, zeroMetrics, type ResultBatch } from '#src/model/index.js';
import type { Scheduler } from '#src/scheduler/index.js';
import { HeldTask } from '#src/supervisor/held-task.js';
import { JobOutbox } from '#src/supervisor/job-outbox.js';

test('any number of deliveries leave in one round', { timeout: 60_000 }, async () => {
  let submitted = 0;
  const submitResults = (_task: string, _job: string, { numbers }: ResultBatch) => {
    submitted += numbers.length;
    return Promise.resolve({ recorded: numbers.length, duplicates: 0 });
  };
  const outbox = new JobOutbox(
    { submitResults } as unknown as Scheduler,
    'job',
    { intervalMs: 0, maxMessageBytes: 1 },
    {
      onSubmitted: () => {},
      onAcknowledged: () => {},
      onRefused: assert.fail,
      onTrouble: (error) => assert.fail(String(error)),
    },
  );
  const empty = { head: new Uint8Array(0), segments: [] };
  const held = new HeldTask({
    id: 'task',
    jobId: 'job',
    slices: makeSliceBatch([1], [empty]),
    attempts: new Uint16Array(1),
    expiries: new Uint16Array(1),
    limits: { sliceTimeoutMs: 1, progressTimeoutMs: 1, cpuTimeoutMs: 1, gpuTimeoutMs: 1 },
    leaseMs: 1000,
  });
  const delivery: ResultBatch = {
    numbers: Uint32Array.of(1),
    outcomes: new Uint8Array(1),
    ...zeroMetrics(1),
    ...packColumns([empty]),
  };
  const deliveries = 200_000;
  for (let i = 0; i < deliveries; i++) outbox.addResults(held, delivery);
  await outbox.flush();
  assert.equal(submitted, deliveries);
  assert.ok(outbox.isEmpty);
});
