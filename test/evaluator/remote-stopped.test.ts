/** A process of a standing evaluator that stands still when its Worker goes: it cannot see that, and is ended. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'node:test';
import { openRemoteEvaluator } from '#src/evaluator/index.js';
import { evaluatorsBelow, isAlive } from '../confinement/processes.js';
import { slices, start, startListening } from './support.js';

/** One that has ended may stay in the table for as long as nobody looks. */
async function untilGone(pid: number): Promise<void> {
  for (const end = Date.now() + 60_000; isAlive(pid); await sleep(10))
    if (Date.now() > end) assert.fail(`process ${pid}: ${readFileSync(`/proc/${pid}/stat`, 'latin1')}`);
}

/** One that is still a copy of the standing evaluator has that one wait: whoever forks does until the other program is there. */
const isItself = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('--accepted');

test('stopped, with what it has not read, it is ended when its connection is; one whose Worker is there is not', async (t) => {
  const { child, port } = await startListening(['--port', '0', '--threads', '1']);
  t.after(() => child.kill('SIGKILL'));
  const before = new Set(evaluatorsBelow(child.pid!));
  const evaluator = openRemoteEvaluator({ host: '127.0.0.1', port, hangTimeoutMs: 60_000 });
  t.after(() => evaluator.close());
  const { sandbox, seen } = await start(evaluator, (n: number) => n + 1);
  sandbox.run(slices([1]));
  await seen.untilEnded(1);
  const processes = evaluatorsBelow(child.pid!).filter((pid) => !before.has(pid) && isItself(pid));
  assert.ok(processes.length > 0);
  for (const pid of processes) process.kill(pid, 'SIGSTOP');
  sandbox.run(slices([2]));
  // Longer than one has whose Worker is gone.
  await sleep(6_000);
  for (const pid of processes) assert.ok(isAlive(pid), 'its Worker is there');
  await evaluator.close();
  await Promise.all(processes.map(untilGone));
});
