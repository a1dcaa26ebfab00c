/** An evaluator that cannot start threads any more, as behind a filter of calls, makes do with those that it has, and says when it has none. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import type { Worker } from 'node:worker_threads';
import { openInProcessEvaluator } from '#src/evaluator/index.js';
import { slices, start } from '../evaluator/support.js';

test('threads that die are not replaced once it is sealed; with the last, it is told', async () => {
  const threads: Worker[] = [];
  process.on('worker', (thread: Worker) => threads.push(thread));
  const evaluator = await openInProcessEvaluator({ threads: 2, gpu: null });
  await evaluator.begun();
  assert.equal(threads.length, 2);
  const worn: string[] = [];
  evaluator.seal((cause) => worn.push(String(cause)));

  const end = async (thread: Worker): Promise<string> => {
    const warned = once(process, 'warning') as Promise<[Error]>;
    void thread.terminate();
    return (await warned)[0].message;
  };
  const DIED = 'an evaluator thread died and is not replaced: Error: it exited with code 1';
  assert.equal(await end(threads[0]!), DIED);
  const { sandbox, seen } = await start(evaluator, (x: number) => x + 1);
  sandbox.run(slices([1, 2, 3]));
  await seen.untilEnded(3);
  assert.deepEqual([...seen.values.values()], [2, 3, 4]);
  sandbox.dispose();
  await seen.until(() => seen.end !== null);
  assert.deepEqual(worn, []);

  assert.equal(await end(threads[1]!), DIED);
  assert.deepEqual(worn, ['Error: it exited with code 1']);
  assert.equal(threads.length, 2);
  await evaluator.close();
});
