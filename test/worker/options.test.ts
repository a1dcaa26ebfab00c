/** What a Worker is made of is checked before anything is opened. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { completeLimits } from '#src/evaluator/options.js';
import { shown } from '#src/model/index.js';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { completeOptions } from '#src/supervisor/options.js';
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
    [
      { scheduler, evaluator: 'in-process', gpu: null, sandboxLimits: { heapMiB: 1 } },
      'sandboxLimits.heapMiB: expected a whole number from 16 to 1048576, got 1',
    ],
    [
      { scheduler, evaluator: 'in-process', gpu: null, sandboxLimits: { heap: 64 } },
      'sandboxLimits.heap: is not a limit of a Sandbox; these are: heapMiB, bufferMiB, resultMiB, gpuMiB, gpuBuffers, gpuPipelines',
    ],
  ];
  for (const [options, message] of cases) {
    const worker = new Worker(options as WorkerOptions);
    await assert.rejects(worker.start(), { name: 'InvalidArgumentError', message });
    assert.equal(worker.status(), null);
  }
});

test('a Supervisor takes the limits of Sandboxes that evaluators take, and no others', () => {
  for (const [name, usual] of Object.entries(completeLimits({})))
    for (const value of [
      usual,
      0,
      1,
      15,
      16,
      4095,
      4096,
      2 ** 20,
      2 ** 20 + 1,
      2 ** 32 - 1,
      2 ** 32,
      1.5,
      '64',
    ]) {
      const limits = { [name]: value as number };
      const isTaken = (check: () => unknown): boolean => {
        try {
          check();
          return true;
        } catch (error) {
          assert.equal((error as { code?: unknown }).code, 'EINVAL');
          return false;
        }
      };
      assert.equal(
        isTaken(() => completeOptions({ sandboxLimits: limits })),
        isTaken(() => completeLimits(limits)),
        `${name}: ${shown(value)}`,
      );
    }
});
