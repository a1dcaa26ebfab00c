import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StatusClient } from '#src/cli/status-client.js';
import { createCompute } from '#src/compute/index.js';
import { start, temporaryDirectory } from './support.js';

const HOLDER = fileURLToPath(new URL('../scheduler/fixtures/holder.js', import.meta.url));
const SLICES = 200;

/** Whether a process stands still. */
const isStopped = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .startsWith('T');

test('a Scheduler that is held up until the clean-up time is over: results are in the spool before that', async (t) => {
  const directory = temporaryDirectory(t);
  const spool = path.join(temporaryDirectory(t), 'spool');
  const compute = createCompute({ scheduler: directory });
  const job = compute.for(
    1,
    SLICES,
    (n: number) => new Promise((resolve) => setTimeout(() => resolve(n * n), 20)),
  );
  const results = job.exec();
  await new Promise((resolve) => job.once('accepted', resolve));
  // It is ready before there is anything to hold up: the Job would not wait for it.
  const holder = fork(HOLDER, [directory, 'SIGSTOP']);
  t.after(() => holder.kill('SIGKILL'));
  await once(holder, 'message');

  const options = ['--scheduler', directory, '--cores', '2', '--no-gpu', '--lease', '1', '--spool', spool];
  const socket = path.join(temporaryDirectory(t), 'worker.sock');
  const worker = start(t, 'dcp-worker', [
    ...options,
    ...['--stop-timeout', '0.5', '--cleanup-timeout', '4', '--status-socket', socket],
  ]);
  await new Promise((resolve) => job.once('result', resolve));
  holder.send('go');
  while (!isStopped(holder.pid!)) await sleep(10);
  // Slices go on, and their results wait.
  const { done: recorded } = await compute.jobStatus(job.id!);
  assert.ok(recorded < SLICES, 'the Job is over too early');
  const status = new StatusClient([socket]);
  while ((await status.status()).counts.done <= recorded) await sleep(10);
  worker.child.kill('SIGTERM');
  const { code, stderr } = await worker.ended;
  assert.ok(code === 0 || code === 143, `${code}: ${stderr}`);
  const files = readdirSync(spool).filter((name) => name.endsWith('.results'));
  assert.ok(files.length > 0, 'results are kept');

  holder.kill('SIGKILL');
  const second = start(t, 'dcp-worker', [...options, '--json']);
  await second.printed(/"what":"submitted"/);
  const values = Array.from(await results, Number);
  second.child.kill('SIGKILL');
  assert.deepEqual(
    values,
    Array.from({ length: SLICES }, (_, i) => (i + 1) ** 2),
  );
});
