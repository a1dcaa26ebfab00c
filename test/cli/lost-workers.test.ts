import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCompute } from '#src/compute/index.js';
import { SliceError } from '#src/model/index.js';
import { start, temporaryDirectory } from './support.js';

test('a Slice that takes every Worker down ends with EEVALUATORCRASH, all others have their results', async (t) => {
  const directory = temporaryDirectory(t);
  const job = createCompute({ scheduler: directory }).for(1, 40, async (n: number) => {
    if (n !== 7) return n;
    console.log('now');
    return new Promise<number>((resolve) => setTimeout(() => resolve(0), 600_000));
  });
  const startWorker = () =>
    start(t, 'dcp-worker', ['--scheduler', directory, '--cores', '2', '--lease', '1']);
  let worker = startWorker();
  let losses = 0;
  job.on('console', () => {
    losses++;
    worker.child.kill('SIGKILL');
    worker = startWorker();
  });
  const results = await job.exec();
  const crash = results[6];
  assert.ok(crash instanceof SliceError);
  assert.equal(crash.code, 'EEVALUATORCRASH');
  assert.match(
    crash.message,
    /the Worker was lost in each of 8 runs, the last of them with this Slice alone/,
  );
  assert.equal(losses, 8);
  for (let n = 1; n <= 40; n++) if (n !== 7) assert.equal(results[n - 1], n);
});
