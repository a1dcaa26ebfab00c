import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { openStatusServer, type WorkerStatus } from '#src/status/index.js';
import type { Supervisor } from '#src/supervisor/index.js';
import { openMachine, upTo } from '../supervisor/support.js';
import { ask, boardOf, RecordingControl, temporaryDirectory } from './support.js';

test('what a Worker at work does is what its socket says', async (t) => {
  const machine = await openMachine(t);
  const parts: { supervisor: Supervisor | null } = { supervisor: null };
  const board = boardOf(t, () => ({ supervisor: parts.supervisor?.status() ?? null }));
  const socket = path.join(temporaryDirectory(t), 'worker.sock');
  const server = await openStatusServer({
    source: board,
    control: new RecordingControl(),
    socket,
    http: null,
    onError: assert.fail,
  });
  t.after(() => server.close());
  const statusNow = async (): Promise<WorkerStatus> =>
    JSON.parse((await ask(socket, '/status')).body) as WorkerStatus;

  assert.equal((await statusNow()).state, 'starting');
  parts.supervisor = machine.work({ sandboxes: 2, observer: board });
  const job = machine.compute.for(upTo(3), (n: number) => {
    const end = Date.now() + 200;
    while (Date.now() < end) progress(n / 4);
    return n;
  });
  job.public.name = 'counts slowly';
  const results = job.exec();
  let seen = false;
  while (!seen) {
    const { sandboxes } = await statusNow();
    seen = sandboxes.some(
      ({ jobName, slice, progress }) => jobName === 'counts slowly' && slice !== null && progress !== null,
    );
  }
  await results;
  while ((await statusNow()).counts.done < 3);
  const { counts, jobs } = await statusNow();
  assert.deepEqual([counts.done, counts.failed, jobs[0]?.name], [3, 0, 'counts slowly']);
  assert.match((await ask(socket, '/metrics')).body, /^dcp_worker_slices_total\{outcome="completed"\} 3$/m);
  assert.match((await ask(socket, '/report')).body, /counts slowly/);
});

declare function progress(fraction: number): void;
