/** Python: the worktime `pyodide`, whose interpreter and standard library come with the startup files of DCP 5. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { GENERATION } from './support/generation.js';
import { TRANSPORTS, type Message, type Sandbox } from './support/sandbox.js';

const skip = GENERATION === 4 && 'DCP 4 brings another release of it, 0.26.0';

const WORKTIME = { name: 'pyodide', version: '0.28.0' };

/** What a Job's arguments begin with: how many of them, itself included, are for the worktime. */
const NONE = 1;

async function open(t: TestContext): Promise<Sandbox> {
  const sandbox = await TRANSPORTS.TCP(t);
  await sandbox.describe();
  await sandbox.applyRequirements({ worktime: 'pyodide' });
  return sandbox;
}

async function assigned(t: TestContext, source: string, args: readonly unknown[] = [NONE]): Promise<Sandbox> {
  const sandbox = await open(t);
  sandbox.postAssign(source, { arguments: args, worktime: WORKTIME });
  await sandbox.next('assigned');
  return sandbox;
}

const EVALUATE = `
import dcp, json, math, os, sys
from fractions import Fraction
def handle(expression):
    dcp.progress()
    return eval(expression)
dcp.set_slice_handler(handle)
`;

const asked = (sandbox: Sandbox): Message[] =>
  sandbox.messages.filter(({ request }) => request === 'dependency' || request === 'fetch');

test('a sandbox says that it has Python', { skip }, async (t) => {
  const { worktimes } = await (await TRANSPORTS.TCP(t)).describe();
  const found = (worktimes as { name: string; version: string }[]).find(({ name }) => name === 'pyodide');
  assert.deepEqual({ ...found }, WORKTIME);
});

test('Python does Slices with its standard library, and asks for nothing', { skip }, async (t) => {
  const sandbox = await assigned(t, EVALUATE, [3, 'env', 'COLOUR=green=blue', 'one', 'two']);
  for (const [expression, value] of [
    ['6 * 7', 42],
    ['2 ** 70', 2n ** 70n],
    ['str(Fraction(1, 3) + Fraction(1, 6))', '1/2'],
    ['json.loads("[1, [2.5, true]]")', [1, [2.5, true]]],
    ['[math.factorial(20), None, "\u{1F600}"]', [2432902008176640000n, undefined, '\u{1F600}']],
    ['bytes([1, 2, 255])', new Uint8Array([1, 2, 255])],
    ['list(sys.version_info[:2])', [3, 13]],
    ['os.environ["COLOUR"]', 'green=blue'],
    ['sys.argv[-2:]', ['one', 'two']],
  ] as const)
    assert.deepEqual(await sandbox.result(expression), value, expression);
  assert.deepEqual(asked(sandbox), []);

  const ending = (await sandbox.run('1 // 0')).at(-1)!;
  assert.equal(ending.request, 'workError');
  assert.match((ending['error'] as Error).message, /Traceback[^]*ZeroDivisionError/);
  assert.equal(await sandbox.result('1'), 1);

  // What Pyodide makes of it is of a class that KVIN writes and cannot read; json.dumps is the way.
  await sandbox.begin('{"a": 1}');
  await sandbox.until(() => sandbox.errors.length > 0);
  assert.match(String(sandbox.errors[0]), /LiteralMap is not defined/);
});

test('typed arrays arrive as memory views', { skip }, async (t) => {
  const sandbox = await assigned(t, EVALUATE.replace('eval(expression)', 'sum(expression)'));
  assert.equal(await sandbox.result(new Uint8Array([1, 2, 255])), 258);
});

test('a Work Function without a handler is a workError that says so', { skip }, async (t) => {
  const sandbox = await assigned(t, 'import math\n');
  const ending = (await sandbox.run(0)).at(-1)!;
  assert.equal(ending.request, 'workError');
  assert.match((ending['error'] as Error).message, /ENOSLICEHANDLER/);
});

/** The startup files throw while they report why a Job cannot be: see endings.test.ts. */
async function assertEnds(sandbox: Sandbox): Promise<void> {
  await sandbox.closed;
  assert.match(sandbox.death ?? '', /^DIE: .*(metrics|is not available|unsupported package)/);
}

test(
  'a package is asked for as a module, and the sandbox ends where it does not come',
  { skip },
  async (t) => {
    const sandbox = await open(t);
    sandbox.postAssign(`import numpy\n${EVALUATE}`, { arguments: [NONE], worktime: WORKTIME });
    const { data, id } = await sandbox.next('dependency');
    assert.deepEqual(data, ['pyodide-0.28.2-numpy/pyodide-0.28.2-numpy.js']);
    sandbox.post({ request: 'moduleGroup', data: {}, id });
    await assertEnds(sandbox);
  },
);

test('a package that is none ends the sandbox, and nothing is asked for', { skip }, async (t) => {
  const sandbox = await open(t);
  sandbox.postAssign(`import no_such_package\n${EVALUATE}`, { arguments: [NONE], worktime: WORKTIME });
  await assertEnds(sandbox);
  assert.deepEqual(asked(sandbox), []);
});
