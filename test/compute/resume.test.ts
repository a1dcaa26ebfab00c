import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createCompute } from '#src/compute/index.js';
import { Worker } from '#src/worker/index.js';
import { openClient, openScheduler, PACKAGE, runScript } from './support.js';

const DEPLOY = `
  import { createCompute } from '${PACKAGE}';
  const compute = createCompute({ scheduler: process.argv[1] });
  const job = compute.for(1, 50, (n) => { work.emit('ran', n); return n * 3; });
  job.public.name = 'Threes';
  job.on('accepted', () => { console.log(job.id); process.exit(0); });
  await job.exec();
`;

test('a Job deployed by a process that has ended is resumed from another', async (t) => {
  const { compute, directory } = await openClient(t, { withWorker: false });
  const { code, stdout, stderr } = await runScript(t, DEPLOY, [directory]);
  assert.equal(code, 0, stderr);
  const id = stdout.trim();
  const worker = new Worker({ scheduler: directory, cores: 2 });
  await worker.start();
  t.after(() => worker.stop());

  const job = await compute.resume<number>(id);
  assert.equal(job.id, id);
  assert.equal(job.public.name, 'Threes');
  const ran = new Set<unknown>();
  job.work.on('ran', (n) => ran.add(n));
  const states: string[] = [];
  job.on('readystatechange', (state) => states.push(state));
  let cursor = 0;
  job.on('status', (status) => (cursor = status.cursor));
  const results = await job.exec();
  assert.equal(results[49], 150);
  assert.equal(ran.size, 50, 'its log is told from the start');
  assert.deepEqual(states, ['exec', 'init', 'reconnected']);

  const late = await compute.getJob<number>(id);
  const { length } = await late.fetchResults();
  assert.equal(length, 50);
  const quiet = await compute.resume<number>(id, { after: cursor });
  quiet.on('result', () => assert.fail('nothing is told again'));
  assert.equal((await quiet.exec())[49], 150);
  await assert.rejects((await compute.resume(id, { after: cursor + 1 })).exec(), {
    code: 'EINVAL',
    field: 'after',
  });
  await assert.rejects(quiet.localExec(), { code: 'EJOBSTATE' });
});

test('a Job that is not there', async (t) => {
  const { compute } = await openScheduler(t);
  await assert.rejects(compute.resume('nonsense'), { code: 'ENOJOB' });
  await assert.rejects(compute.cancelJob('nonsense'), { code: 'ENOJOB' });
  await assert.rejects(compute.removeJob('nonsense'), { code: 'ENOJOB' });
});

test('who looks for Jobs makes no Scheduler where there is none, and hears of it', async (t) => {
  const { directory: top } = await openClient(t, { withWorker: false });
  const directory = path.join(top, 'typo', 'deep');
  const compute = createCompute({ scheduler: directory });
  for (const call of [
    () => compute.resume('abc'),
    () => compute.getJob('abc'),
    () => compute.listJobs(),
    () => compute.jobStatus('abc'),
    () => compute.cancelJob('abc'),
    () => compute.removeJob('abc'),
  ])
    await assert.rejects(call, { code: 'ESCHEDULER', message: /\/typo\/deep: there is no Scheduler here; / });
  assert.ok(!existsSync(path.dirname(directory)));
});
