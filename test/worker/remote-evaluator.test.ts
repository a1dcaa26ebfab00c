/** A Worker whose evaluator is somebody else's: it waits for it, loses it, and goes on when it is back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type TestContext } from 'node:test';
import { createCompute } from '#src/compute/index.js';
import { askForGpus } from '#src/evaluator/index.js';
import { EvaluatorUnavailableError, InvalidArgumentError } from '#src/model/index.js';
import { openEmbeddedScheduler } from '#src/scheduler/index.js';
import { Worker, type WorkerOptions } from '#src/worker/index.js';
import { startListening } from '../evaluator/support.js';

async function openMachine(t: TestContext) {
  const directory = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  const scheduler = await openEmbeddedScheduler(directory);
  const workers: Worker[] = [];
  t.after(async () => {
    await Promise.all(workers.map((worker) => worker.stop({ finish: 'now' })));
    await scheduler.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    compute: createCompute({ scheduler }),
    async work(options: Partial<WorkerOptions>): Promise<Worker> {
      const worker = new Worker({ scheduler, cores: 2, ...options });
      workers.push(worker);
      await worker.start();
      return worker;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a Worker that is started before its evaluator says so once, takes no Slices, and works when it is there', async (t) => {
  const { compute, work } = await openMachine(t);
  const port = await freePort();
  const troubles: unknown[] = [];
  let tasks = 0;
  await work({
    evaluator: { host: 'localhost', port },
    observer: {
      onTrouble: (_subject, error) => troubles.push(error),
      onTask: () => tasks++,
    },
  });
  while (troubles.length === 0) await sleep(10);
  const job = compute.for(1, 50, (n: number) => n * n);
  const results = job.exec();
  // Some tries to connect.
  await sleep(1500);
  assert.equal(troubles.length, 1);
  assert.ok(troubles[0] instanceof EvaluatorUnavailableError);
  assert.equal(
    troubles[0].message,
    `no evaluator at localhost:${port}: nobody listens there. To start one: dcp-evaluator --frames --port ${port}`,
  );
  assert.equal(tasks, 0);
  const { child } = await startListening(['--port', String(port), '--threads', '2']);
  t.after(() => child.kill('SIGKILL'));
  assert.deepEqual(
    [...(await results)],
    Array.from({ length: 50 }, (_, i) => (i + 1) ** 2),
  );
});

test('the evaluator is killed and started again under load: nothing is lost, doubled, or blamed', async (t) => {
  const { compute, work } = await openMachine(t);
  const port = await freePort();
  const listen = () => startListening(['--port', String(port), '--threads', '2']);
  let { child } = await listen();
  t.after(() => child.kill('SIGKILL'));
  const outages: unknown[] = [];
  const worker = await work({
    evaluator: { host: '127.0.0.1', port },
    observer: { onTrouble: (_subject, error) => outages.push(error) },
  });
  const count = 120;
  const job = compute.for(1, count, async (n: number) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return n;
  });
  const seen: number[] = [];
  job.on('result', ({ sliceNumber }) => seen.push(sliceNumber));
  const results = job.exec();
  for (let kills = 1; kills <= 4; kills++) {
    const wanted = (kills * count) / 6;
    while (worker.status()!.counts.done < wanted) await sleep(5);
    // The first and the third give no warning.
    child.kill(kills % 2 === 1 ? 'SIGKILL' : 'SIGTERM');
    await once(child, 'exit');
    ({ child } = await listen());
  }
  assert.deepEqual(
    [...(await results)],
    Array.from({ length: count }, (_, i) => i + 1),
  );
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    Array.from({ length: count }, (_, i) => i + 1),
  );
  assert.equal(worker.status()!.counts.failed, 0);
  assert.ok(outages.length <= 8, `${outages.length} troubles for 4 outages`);
});

test('a Worker without an evaluator stops when it is told to', async (t) => {
  const { work } = await openMachine(t);
  const worker = await work({ evaluator: { path: '/nowhere/evaluator.sock' } });
  await worker.stop();
  assert.equal(worker.status()!.state, 'stopped');
});

test('which adapters there are is for the evaluator to say', async (t) => {
  const { compute, work } = await openMachine(t);
  const location = { host: '127.0.0.1', port: 9 };
  for (const gpu of [{ adapters: ['nvidia'] }, { bannedAdapters: ['intel'] }, { allowSoftware: true }])
    await assert.rejects(
      work({ evaluator: location, gpu }),
      (error) =>
        error instanceof InvalidArgumentError &&
        /^gpu: .* 127\.0\.0\.1:9 .*give these options to dcp-evaluator$/.test(error.message),
    );
  const here = await askForGpus({ allowSoftware: true });
  const { child, port } = await startListening(['--port', '0', '--threads', '1', '--allow-software-gpu']);
  t.after(() => child.kill('SIGKILL'));
  const worker = await work({ evaluator: { host: '127.0.0.1', port } });
  while (worker.gpu.adapters.length + worker.gpu.problems.length === 0) await sleep(10);
  assert.deepEqual(
    worker.gpu.adapters,
    here.adapters.map(({ name }) => name),
  );
  if (here.adapters.length === 0) return t.diagnostic('no WebGPU here');
  const job = compute.for(1, 2, async (n: number) => {
    const { gpu } = (globalThis as unknown as { navigator: { gpu: { requestAdapter(): Promise<unknown> } } })
      .navigator;
    return (await gpu.requestAdapter()) === null ? -1 : n;
  });
  job.requirements = { environment: { webgpu: true } };
  assert.deepEqual([...(await job.exec())], [1, 2]);
});
