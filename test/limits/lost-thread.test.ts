/**
 * A Slice that is stuck in a builtin of V8 takes a thread of its process with it, and nothing else: it is blamed, the thread is replaced,
 * and the process can still close its evaluator and end. (The child-process host kills the process instead: child-endings.test.ts.)
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { runProgram, type Ending } from '../evaluator/support.js';

/** Two seconds until a thread counts as stuck when the evaluator closes, and a busy machine. */
const END_MS = 15_000;

const run = (way: string): Promise<Ending> =>
  runProgram(new URL('./fixtures/stuck.js', import.meta.url), [way]);

const outcomeOf = ({ stdout }: Ending): Record<string, unknown> =>
  JSON.parse(stdout.slice(0, stdout.indexOf('\n'))) as Record<string, unknown>;

test('the Slice is blamed, its neighbours go on, and the evaluator closes', async () => {
  const ending = await run('close');
  const { delivered, unfinished, ...rest } = outcomeOf(ending);
  assert.deepEqual(rest, {
    failure: { code: 'ESLICETOOSLOW', message: 'the Slice ran longer than 0.2 s' },
    error: null,
    neighbour: [2, 3, 4],
    rerun: ['ok', 'ok', 'ok', 'ok'],
    warnings: ['DcpEvaluatorWarning: an evaluator thread is stuck in a builtin and is replaced'],
  });
  assert.deepEqual(
    [...(delivered as number[]), ...(unfinished as number[])].sort(),
    [1, 3, 4],
    'each of the others is delivered or named once',
  );
  assert.deepEqual([ending.code, ending.signal], [0, null]);
  assert.match(ending.stderr, /a builtin and is replaced/);
  assert.match(ending.stderr, /a builtin and is left behind/);
  assert.ok(ending.exitMs < END_MS, `closed and ended in ${ending.exitMs} ms`);
});

test('process.exit() ends the process with its code', async () => {
  const ending = await run('exit');
  assert.deepEqual([ending.code, ending.signal], [3, null]);
  assert.ok(ending.exitMs < END_MS, `ended in ${ending.exitMs} ms`);
});
