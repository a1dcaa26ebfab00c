import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createCompute } from '#src/compute/index.js';
import { jsonLines, run, temporaryDirectory } from './support.js';

// What operators and developers allow: dcp-worker --allowedOrigins, localExec and its option.

async function serveText(t: TestContext, text: string): Promise<string> {
  const server = createServer((_, response) => response.end(text));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const work = async (_: number, url: string): Promise<string> => (await fetch(url)).text();

test('a Worker fetches for Jobs that require it, from where it is told, and says how much', async (t) => {
  const origin = await serveText(t, 'served');
  const directory = temporaryDirectory(t);
  const compute = createCompute({ scheduler: directory });
  const job = compute.for(1, 3, work, [origin]);
  job.requirements = { environment: { fetch: [origin] } };
  const results = job.exec();
  await new Promise((resolve) => job.once('accepted', resolve));
  const worker = ['--scheduler', directory, '--exit-when-idle', '--cores', '1', '--json'];
  await run(t, 'dcp-worker', [...worker, '--allowedOrigins', 'https://elsewhere.example']);
  assert.equal(
    (await compute.jobStatus(job.id!)).state,
    'open',
    'not for a Worker that allows something else',
  );
  const { code, stdout, stderr } = await run(t, 'dcp-worker', [...worker, '-a', `https://*,${origin}`]);
  assert.equal(code, 0, stderr);
  assert.deepEqual([...(await results)], ['served', 'served', 'served']);
  const sums = jsonLines(stdout).filter((line) => line['type'] === 'results');
  const sum = (key: string): number => sums.reduce((total, line) => total + Number(line[key]), 0);
  assert.deepEqual([sum('fetches'), sum('fetchedBytes'), sum('sentBytes')], [3, 18, 0]);
});

test('an origin that is none is an error of the command line', async (t) => {
  const { code, stderr } = await run(t, 'dcp-worker', [
    '--scheduler',
    temporaryDirectory(t),
    '-a',
    'https://a.example/x',
  ]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /--allowedOrigins: worker\.allowOrigins\.any\[0\]: expected an origin .*, got "https:\/\/a\.example\/x"/,
  );
});

test('localExec fetches from the origins it is given, and says so when the Job needs others', async (t) => {
  const origin = await serveText(t, 'local');
  const compute = createCompute({ scheduler: temporaryDirectory(t) });
  const job = compute.for(1, 2, work, [origin]);
  job.requirements = { environment: { fetch: true } };
  await assert.rejects(job.localExec(1), {
    code: 'EINVAL',
    message: /^allowedOrigins: expected at least one origin, which the Job requires .*, got \[\]$/,
  });
  await assert.rejects(job.localExec(1, { allowedOrigins: ['nowhere'] }), { field: 'allowedOrigins[0]' });
  assert.deepEqual([...(await job.localExec(1, { allowedOrigins: [origin] }))], ['local', 'local']);
});
