/** Evaluators of which the processes are made up here: how many are started, and what is told of those that do not come or do not stay. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type TestContext } from 'node:test';
import { EvaluatorError } from '#src/model/index.js';
import { MadeUpEvaluator, type MadeUpLink } from './made-up-peers.js';
import { Recorder, jobOf } from './support.js';

function open(t: TestContext, meet: (link: MadeUpLink) => void): MadeUpEvaluator {
  const evaluator = new MadeUpEvaluator(meet);
  t.after(() => evaluator.close());
  return evaluator;
}

test('an evaluator that does not come is nobody’s doing', async (t) => {
  let comes = true;
  const evaluator = open(t, (link) => {
    if (comes) link.begin();
    else link.die('there is no process');
  });
  const sandbox = await evaluator.createSandbox(new Recorder());
  comes = false;
  evaluator.links[0]!.kill();
  while (evaluator.links.length < 2) await sleep(2);
  await assert.rejects(sandbox.assign(jobOf('() => 1')), (error) => {
    assert.ok(error instanceof EvaluatorError);
    assert.deepEqual([error.message, error.suspects], ['there is no process', 0]);
    return true;
  });
});

test('Sandboxes that are lost while they load have one loss in common', async (t) => {
  const evaluator = open(t, (link) => link.begin());
  const sandboxes = await Promise.all([1, 2, 3].map(() => evaluator.createSandbox(new Recorder())));
  const ended = sandboxes.map((sandbox) => sandbox.assign(jobOf('() => 1')).catch((error: unknown) => error));
  await evaluator.untilLoading(3);
  evaluator.links[0]!.die('it was killed');
  const errors = (await Promise.all(ended)) as EvaluatorError[];
  assert.deepEqual(
    errors.map(({ message, suspects }) => [message, suspects]),
    Array(3).fill(['it was killed', 1]),
  );
  assert.equal(new Set(errors.map(({ loss }) => loss)).size, 1);
});
