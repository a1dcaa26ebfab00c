/** What a Worker is made of is checked before anything is opened. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { Worker, type WorkerOptions } from '#src/worker/index.js';
import { temporaryDirectory } from '../supervisor/support.js';

test('a Worker that was stopped before it was started does not start', async (t) => {
  const worker = new Worker({ scheduler: temporaryDirectory(t), evaluator: 'in-process', gpu: null });
  const stopped = worker.stop();
  await assert.rejects(worker.start(), {
    code: 'ELIFECYCLE',
    message: 'worker: cannot go from "stopped" to "running"',
  });
  await stopped;
  await worker.ended;
  assert.equal(worker.status(), null);
});

test('options that are none of theirs are refused, with field and value', async (t) => {
  const scheduler = await openEmbeddedScheduler(temporaryDirectory(t));
  t.after(() => scheduler.close());
  const cases: [object, string][] = [
    [{}, 'scheduler: expected a directory or a Scheduler, got undefined'],
    [{ scheduler: null }, 'scheduler: expected a directory or a Scheduler, got null'],
    [{ scheduler: '' }, 'scheduler: expected a directory or a Scheduler, got ""'],
    [{ scheduler, cores: 0 }, 'cores: expected a whole number from 1 to 1024, got 0'],
    [{ scheduler, cores: '2' }, 'cores: expected a whole number from 1 to 1024, got "2"'],
    ...['Child', 'inprocess', ''].map((evaluator): [object, string] => [
      { scheduler, evaluator },
      `evaluator: expected "child", "in-process", where a standing evaluator listens, or an Evaluator, got "${evaluator}"`,
    ]),
  ];
  for (const [options, message] of cases) {
    const worker = new Worker(options as WorkerOptions);
    await assert.rejects(worker.start(), { name: 'InvalidArgumentError', message });
    assert.equal(worker.status(), null);
  }
});
