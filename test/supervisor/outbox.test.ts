import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  makeSliceBatch,
  packColumns,
  zeroMetrics,
  type ResultBatch,
  type SliceMessage,
} from '#src/model/index.js';
import type { Scheduler } from '#src/scheduler/index.js';
import { HeldTask } from '#src/supervisor/held-task.js';
import { JobOutbox } from '#src/supervisor/job-outbox.js';

const empty = { head: new Uint8Array(0), segments: [] };

function open(scheduler: Partial<Scheduler>, maxMessageBytes: number): JobOutbox {
  return new JobOutbox(
    scheduler as Scheduler,
    'job',
    { intervalMs: 0, maxMessageBytes },
    {
      onSubmitted: () => {},
      onAcknowledged: () => {},
      onRefused: assert.fail,
      onTrouble: (error) => assert.fail(String(error)),
    },
  );
}

test('any number of deliveries leave in one round', { timeout: 60_000 }, async () => {
  let submitted = 0;
  const submitResults = (_task: string, _job: string, { numbers }: ResultBatch) => {
    submitted += numbers.length;
    return Promise.resolve({ recorded: numbers.length, duplicates: 0 });
  };
  const outbox = open({ submitResults }, 1);
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

test('names of messages count for what they take', async () => {
  const kept: SliceMessage[] = [];
  const appendMessages = (_job: string, messages: readonly SliceMessage[]) => {
    kept.push(...messages);
    return Promise.resolve();
  };
  const outbox = open({ appendMessages }, 2 ** 20);
  const name = 'x'.repeat(2 ** 18);
  outbox.addMessages(
    Array.from({ length: 20 }, (): SliceMessage => ({ type: 'custom', slice: 1, name, value: empty })),
  );
  await outbox.flush();
  assert.deepEqual(
    kept.map(({ type }) => type),
    ['custom', 'custom', 'console'],
  );
});
