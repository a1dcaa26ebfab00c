/** The confined process of existing Workers' Jobs cannot start threads any more: what becomes of it when those that it has die, or none could begin. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { startClassic } from './classic-support.js';
import { noNamespaces } from './support.js';

const skip = noNamespaces;

/** For Node to run first, in the main thread and in each other. */
const hook = (code: string): string[] => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];

/** Ends all threads with the first answer. */
const ENDING = hook(`
  import { isMainThread } from 'node:worker_threads';
  if (isMainThread && process.argv.includes('--confined')) {
    const threads = [];
    process.on('worker', (thread) => threads.push(thread));
    const write = process.stdout.write;
    process.stdout.write = function (...args) {
      for (const thread of threads) void thread.terminate();
      return write.apply(this, args);
    };
  }`);

/** The one that ran the Sandbox, if one did just then, says so. */
const WHY =
  /^dcp-evaluator: (the last thread that ran Sandboxes has died, and none can be started any more: Error: it exited with code 1|connection 1: EEVALUATOR: the thread that ran the Sandbox was ended)$/m;

test('with the last thread the process ends, and says why', { skip }, async (t) => {
  const classic = startClassic(t, ['--threads', '2'], { node: ENDING });
  classic.child.stdin!.write('hello\n');
  assert.deepEqual(await classic.ended, [1, null]);
  assert.match(classic.printed(), WHY);
});

for (const [what, words] of [
  ['on standard streams', []],
  ['behind a port', ['-p', '0']],
] as const)
  test(`where no thread can begin the process does not serve, and says why: ${what}`, { skip }, async (t) => {
    const none = `import { isMainThread } from 'node:worker_threads'; if (!isMainThread) throw new Error('by intent');`;
    const classic = startClassic(t, words, { node: hook(none) });
    assert.deepEqual(await classic.ended, [1, null]);
    assert.match(
      classic.printed(),
      /^dcp-evaluator: there is no thread that could run Sandboxes: Error: by intent$/m,
    );
    assert.doesNotMatch(classic.printed(), /evaluators are confined|^Listening/m);
  });
