/** A process of a standing evaluator that stands still when its Worker goes: it cannot see that, and is ended. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'node:test';
import { openRemoteEvaluator } from '#src/evaluator/index.js';
import { evaluatorsBelow } from '../confinement/processes.js';
import { slices, start, startListening } from './support.js';

async function untilGone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`)) await sleep(10);
}

test('stopped, with what it has not read, it is ended when its connection is; one whose Worker is there is not', async (t) => {
  const { child, port } = await startListening(['--port', '0', '--threads', '1']);
  t.after(() => child.kill('SIGKILL'));
  const before = new Set(evaluatorsBelow(child.pid!));
  const evaluator = openRemoteEvaluator({ host: '127.0.0.1', port, hangTimeoutMs: 60_000 });
  t.after(() => evaluator.close());
  const { sandbox, seen } = await start(evaluator, (n: number) => n + 1);
  sandbox.run(slices([1]));
  await seen.untilEnded(1);
  const processes = evaluatorsBelow(child.pid!).filter((pid) => !before.has(pid));
  assert.ok(processes.length > 0);
  for (const pid of processes) process.kill(pid, 'SIGSTOP');
  sandbox.run(slices([2]));
  // Longer than one has whose Worker is gone.
  await sleep(6_000);
  for (const pid of processes) assert.ok(existsSync(`/proc/${pid}`), 'its Worker is there');
  await evaluator.close();
  await Promise.all(processes.map(untilGone));
});
