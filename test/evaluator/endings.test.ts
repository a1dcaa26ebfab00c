/** Processes that end while work of all sorts is pending: at once, quietly, and with the exit code Node gives. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { MAX_EXIT_MS, median, runFixture, type Ending } from './support.js';

const MOMENTS = [0, 3, 40];

/** Runs the program several times, and asserts how it ends at each of some random moments. */
async function ends(
  t: TestContext,
  fixture: string,
  way: string,
  expected: { code: number | null; signal?: NodeJS.Signals; stderr?: RegExp; stdout?: RegExp },
  meet?: Parameters<typeof runFixture>[2],
): Promise<void> {
  const endings: Ending[] = [];
  for (const moment of MOMENTS) {
    const ending = await runFixture(fixture, [way, String(moment + Math.random() * 10)], meet);
    endings.push(ending);
    assert.deepEqual([ending.code, ending.signal], [expected.code, expected.signal ?? null], ending.stderr);
    if (expected.stderr) assert.match(ending.stderr, expected.stderr);
    else assert.equal(ending.stderr, '');
    if (expected.stdout) assert.match(ending.stdout, expected.stdout);
  }
  if (meet) return;
  const took = endings.map(({ exitMs }) => exitMs);
  const inWords = `ended in ${took.map((ms) => ms.toFixed(0)).join(', ')} ms`;
  t.diagnostic(inWords);
  // One may meet what else the machine does; a wait that nothing ends is longer.
  assert.ok(median(took) < MAX_EXIT_MS && Math.max(...took) < 5 * MAX_EXIT_MS, inWords);
}

/** How Node reports what nobody caught. */
const UNCAUGHT = /^file:.*\n[^]*\nError: on purpose\n[^]*\n\nNode\.js v[\d.]+\n$/;

test('close(), then the natural end', (t) => ends(t, 'ending', 'close', { code: 0 }));

test('process.exit()', (t) => ends(t, 'ending', 'exit', { code: 3 }));

test('process.exit() while close() is on its way', (t) =>
  ends(t, 'ending', 'exit while closing', { code: 4 }));

test('an uncaught exception', (t) => ends(t, 'ending', 'throw', { code: 1, stderr: UNCAUGHT }));

test('an unhandled rejection', (t) => ends(t, 'ending', 'reject', { code: 1, stderr: UNCAUGHT }));

test('SIGTERM', (t) =>
  ends(t, 'ending', 'wait', { code: null, signal: 'SIGTERM' }, (child) => child.kill('SIGTERM')));

test('terminate() of a worker that owns the evaluator', (t) => ends(t, 'owner', 'terminate', { code: 0 }));

test('process.exit() of the process, the evaluator being a worker’s', (t) =>
  ends(t, 'owner', 'exit', { code: 5 }));

test('process.exit() in the worker that owns the evaluator', (t) =>
  ends(t, 'owner', 'worker exit', { code: 0 }));

test('an uncaught exception in the worker that owns the evaluator', (t) =>
  ends(t, 'owner', 'throw', { code: 0, stdout: /^worker: on purpose$/m }));
