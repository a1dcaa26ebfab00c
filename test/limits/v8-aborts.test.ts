/**
 * What V8 itself ends the process for, and no limit of ours comes before (docs/LIMITS.md): the in-process host dies as said there; the
 * child-process host loses one process, says which Slice it was, and goes on.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { runProgram, type Ending } from '../evaluator/support.js';

const run = (host: 'in-process' | 'child', statement: string): Promise<Ending> =>
  runProgram(new URL('./fixtures/abort.js', import.meta.url), [host, statement]);

/** An array longer than V8's longest, made in one go: no limit of the heap is asked, no exception is thrown. */
const TOO_LONG = `'x'.repeat(2 ** 29 - 24).split('');`;

/** A builtin that fills a table of its own and never looks up: beyond the heap's limit, then beyond its slack. */
const ENDLESS = 'new Array(2 ** 32 - 1).fill(0);';

/** V8's compiler of regular expressions goes as deep as the expression does, without a look at how much stack is left; that of Node 24 has a bound. */
const DEEP_EXPRESSION = `new RegExp('(?='.repeat(5e4) + ')'.repeat(5e4)).test('b');`;

const BLAMED = {
  failure: 'EMEMORYLIMIT',
  error: null,
  suspects: null,
  unfinished: [2],
  next: ['ok', 'ok'],
  neighbour: 200,
};

const LOST = {
  failure: null,
  // Both were in the process: the Supervisor runs them again one by one.
  suspects: 2,
  unfinished: [1, 2],
  next: ['ok', 'ok'],
  neighbour: 200,
};

test('one array beyond the longest: the in-process host dies of SIGTRAP', async () => {
  const { code, signal, stdout, stderr } = await run('in-process', TOO_LONG);
  assert.deepEqual([code, signal, stdout], [null, 'SIGTRAP', 'ready\n']);
  assert.match(stderr, /^# Fatal JavaScript invalid (array length|size error) ?\d*/m);
});

test('one array beyond the longest: the child-process host names the Slices, and both Jobs go on', async () => {
  const { code, signal, stdout, stderr } = await run('child', TOO_LONG);
  assert.deepEqual([code, signal, stderr], [0, null, '']);
  const { error, logged, ...rest } = JSON.parse(stdout.replace('ready\n', '')) as Record<string, string>;
  assert.deepEqual(rest, LOST);
  assert.match(error!, /^the evaluator process was ended by SIGTRAP/);
  assert.match(logged!, /# Fatal JavaScript invalid/);
});

test('a regular expression nested too deeply: the in-process host dies of SIGSEGV, or SIGTRAP', async () => {
  const { code, signal, stdout } = await run('in-process', DEEP_EXPRESSION);
  assert.deepEqual([code, stdout], [null, 'ready\n']);
  assert.match(signal!, /^SIG(SEGV|TRAP)$/);
});

test('a regular expression nested too deeply: the child-process host names the Slices, and both Jobs go on', async () => {
  const { code, signal, stdout, stderr } = await run('child', DEEP_EXPRESSION);
  assert.deepEqual([code, signal, stderr], [0, null, '']);
  const { error, logged, ...rest } = JSON.parse(stdout.replace('ready\n', '')) as Record<string, string>;
  assert.deepEqual(rest, LOST);
  assert.match(
    error!,
    /^the evaluator process was ended by (SIGSEGV|SIGTRAP: Fatal process out of memory: Reg)/,
  );
  assert.match(logged!, error!.includes('SIGTRAP') ? /Fatal process out of memory/ : /^$/);
});

test('a builtin that fills the heap: the in-process host blames the Slice and loses a thread; it may go on while the slack lasts', async () => {
  const { code, signal, stdout, stderr } = await run('in-process', ENDLESS);
  assert.deepEqual([code, signal], [0, null], stderr);
  const { logged, ...rest } = JSON.parse(stdout.replace('ready\n', '')) as Record<string, unknown>;
  assert.deepEqual([rest, logged], [BLAMED, '']);
  assert.match(stderr, /a builtin and is replaced/);
});

test('a builtin that fills the heap: the child-process host blames the Slice and kills the process', async () => {
  const { code, signal, stdout, stderr } = await run('child', ENDLESS);
  assert.deepEqual([code, signal, stderr], [0, null, '']);
  const { logged, ...rest } = JSON.parse(stdout.replace('ready\n', '')) as Record<string, unknown>;
  assert.deepEqual(rest, BLAMED);
  // Its last words may die with it.
  assert.match(String(logged), /^$|stuck in a builtin/);
});
