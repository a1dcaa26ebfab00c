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
  const cases: [object, string | RegExp][] = [
    [{}, 'scheduler: expected a directory or a Scheduler, got undefined'],
    [{ scheduler: null }, 'scheduler: expected a directory or a Scheduler, got null'],
    [{ scheduler: '' }, 'scheduler: expected a directory or a Scheduler, got ""'],
    [{ scheduler, cores: 0 }, 'cores: expected a whole number from 1 to 1024, got 0'],
    [{ scheduler, cores: '2' }, 'cores: expected a whole number from 1 to 1024, got "2"'],
    [{ scheduler, leaseMs: 999 }, 'leaseMs: expected at least 1000, got 999'],
    ...(
      [
        ['core', 3, 'cores'],
        ['confinment', { mode: 'require' }, 'confinement'],
        ['allowedOrigin', [], 'allowedOrigins'],
      ] as const
    ).map(([name, value, meant]): [object, RegExp] => [
      { scheduler, [name]: value },
      new RegExp(`^options\\.${name}: is not an option of a Worker \\(did you mean ${meant}\\?\\)`),
    ]),
    [
      { scheduler, confinement: { memoryMib: 2048 } },
      /^confinement\.memoryMib: is not an option of a confinement \(did you mean memoryMiB\?\)/,
    ],
    [
      { scheduler, confinement: { mode: 'on' } },
      /^confinement\.mode: expected require, best-effort, off, got/,
    ],
    [
      { scheduler, evaluator: 'in-process', confinement: { mode: 'require' } },
      /^confinement: require asks for evaluator processes of the Worker's own/,
    ],
    [
      { scheduler, gpu: { adapter: ['x'] } },
      /^gpu\.adapter: is not an option for GPUs \(did you mean adapters\?\)/,
    ],
    [{ scheduler, gpu: { adapters: 'x' } }, /^gpu\.adapters: expected an array of names/],
    [{ scheduler, gpu: { utilization: 2 } }, /^gpu\.utilization: expected above 0 up to 1, got 2/],
    [{ scheduler, gpu: { sandboxes: -1 } }, /^gpu\.sandboxes: expected a whole number from 0/],
    [{ scheduler, allowedOrigins: ['nonsense'] }, /^allowedOrigins\[0\]: expected an origin/],
    [
      { scheduler, allowedOrigins: 'https://a' },
      'allowedOrigins: expected an array of strings, got "https://a"',
    ],
    [{ scheduler, computeGroups: 'ours' }, 'computeGroups: expected an array of strings, got "ours"'],
    [
      { scheduler, fetchLimits: { timeout: 1 } },
      /^fetchLimits\.timeout: is not a bound .*did you mean timeoutMs/,
    ],
    [
      { scheduler, jobBackoff: { failure: 1 } },
      /^jobBackoff\.failure: is not a part of it .*did you mean failures/,
    ],
    [
      { scheduler, evaluator: { host: 'a', port: 0 } },
      'port: expected a whole number from 1 to 65535, got 0',
    ],
    [{ scheduler, targetMs: 0 }, 'targetMs: expected a number of at least 1, got 0'],
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
    assert.throws(() => new Worker(options as WorkerOptions), { name: 'InvalidArgumentError', message });
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
