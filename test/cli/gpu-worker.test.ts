/** Jobs that require WebGPU, from the client over Scheduler and Worker into a Sandbox and back. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { createCompute } from '#src/compute/index.js';
import { DOUBLE, gpuMissing, gpuWork } from '../gpu/support.js';
import { jsonLines, run, start, temporaryDirectory } from './support.js';

const skip = await gpuMissing();

const WORK = gpuWork(`return (await compute(${JSON.stringify(DOUBLE)}, Uint32Array.of(datum)))[0];`);

test('a Worker with a GPU runs the Job, one without leaves it alone', { skip }, async (t) => {
  const directory = temporaryDirectory(t);
  const compute = createCompute({ scheduler: directory });
  const job = compute.for([1, 2, 3, 4, 5, 6], WORK);
  job.requirements = { environment: { webgpu: { limits: { maxBufferSize: 2 ** 20 } } } };
  const times: number[] = [];
  job.on('result', ({ webGPUTime }: { webGPUTime: number }) => times.push(webGPUTime));
  const results = job.exec();
  await new Promise((resolve) => job.once('accepted', resolve));
  const without = start(t, 'dcp-worker', [
    '--scheduler',
    directory,
    '--no-gpu',
    '--exit-when-idle',
    '--json',
  ]);
  const ended = await without.ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(jsonLines(ended.stdout).find(({ type }) => type === 'stopped')!['slices'], 0);

  const options = ['--allow-software-gpu', '--cores', ',1', '--exit-when-idle', '--json'];
  const worker = start(t, 'dcp-worker', ['--scheduler', directory, ...options]);
  assert.deepEqual([...(await results)], [2, 4, 6, 8, 10, 12]);
  const { code, stdout, stderr } = await worker.ended;
  assert.equal(code, 0, stderr);
  const lines = jsonLines(stdout);
  assert.ok((lines.find(({ type }) => type === 'started')!['adapters'] as string[]).length > 0);
  assert.ok(times.length === 6 && times.every((ms) => ms > 0), `time of the GPU: ${times.join(' ')}`);
});

test('a Job that asks for more than there is waits; localExec says what is missing', { skip }, async (t) => {
  const compute = createCompute({ scheduler: temporaryDirectory(t) });
  const job = compute.for([1], WORK);
  job.requirements = { environment: { webgpu: { limits: { maxBufferSize: 2 ** 52 } } } };
  await assert.rejects(
    job.localExec(1, { gpu: { allowSoftware: true } }),
    (error: Error & { code: string }) => {
      assert.equal(error.code, 'EREQUIREMENT');
      assert.match(
        error.message,
        /requirements\.environment\.webgpu.*its maxBufferSize is \d+, not 4503599627370496/,
      );
      return true;
    },
  );
});

test('localExec without a GPU says why there is none', async () => {
  process.env['DCP_DAWN_LIBRARY'] = '/nowhere';
  try {
    const job = createCompute().for([1], WORK);
    job.requirements = { environment: { webgpu: true } };
    await assert.rejects(job.localExec(1), {
      code: 'EREQUIREMENT',
      message: /which is not to be had: DCP_DAWN_LIBRARY: no file \/nowhere .*dcp-evaluator --gpu-info/,
    });
  } finally {
    delete process.env['DCP_DAWN_LIBRARY'];
  }
});

test('localExec runs it', { skip }, async () => {
  const job = createCompute().for([1, 2, 3], WORK);
  job.requirements = { environment: { webgpu: true } };
  const results = await job.localExec(2, { gpu: { allowSoftware: true } });
  assert.deepEqual([...results], [2, 4, 6]);
});

test('a requirement that is none is refused at once', async () => {
  const job = createCompute().for([1], WORK);
  job.requirements = { environment: { webgpu: { features: 'all' as never } } };
  await assert.rejects(job.localExec(1), {
    code: 'EINVAL',
    field: 'job.requirements.environment.webgpu.features',
  });
});

test('dcp-job runs it here, on the adapters it is told of', { skip }, async (t) => {
  const file = path.join(temporaryDirectory(t), 'job.mjs');
  writeFileSync(
    file,
    `export default (compute) => {
      const job = compute.for([1, 2], ${WORK});
      job.requirements = { environment: { webgpu: true } };
      return job;
    };`,
  );
  const here = await run(t, 'dcp-job', ['run', '--local', '--allow-software-gpu', '--json', file]);
  assert.equal(here.code, 0, here.stderr);
  assert.deepEqual(
    jsonLines(here.stdout)
      .filter(({ type }) => type === 'result')
      .map(({ value }) => value),
    [2, 4],
  );
  for (const [args, message] of [
    [['--local', '--allow-software-gpu', '--gpu-adapter', 'none', file], /requires WebGPU.*--gpu-adapter/],
    [['--allow-software-gpu', file], /^dcp-job: --allow-software-gpu: only with --local; for Workers /],
  ] as const) {
    const refused = await run(t, 'dcp-job', ['run', ...args]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, message);
  }
});
