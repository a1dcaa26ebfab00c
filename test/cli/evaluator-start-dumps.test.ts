/** What `dcp-evaluator-start` prints beside what the published program does, and its dumps. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StartupFiles } from '#src/evaluator/index.js';
import { fakeEvaluator, tinyClient, tinyFiles } from './evaluator-start-support.js';
import { programFile, run, temporaryDirectory } from './support.js';

const PROGRAM = 'dcp-evaluator-start';
const COMPAT = fileURLToPath(new URL('../../test/compat/', import.meta.url));
const WORKER = path.join(COMPAT, 'dcp-4/node_modules/dcp-worker');
const PUBLISHED = path.join(WORKER, 'bin/dcp-evaluator-start');

interface Output {
  readonly stdout: string;
  readonly code: number | null;
}

/** Both programs are run in the published one's folder, whose dcp-client both find. */
async function published(args: readonly string[]): Promise<Output & { stderr: string }> {
  const child = spawn(process.execPath, [PUBLISHED, ...args], {
    cwd: WORKER,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: (await ended)[0], stdout: sameName(stdout), stderr };
}

async function ours(t: TestContext, args: readonly string[]): Promise<Output> {
  const { code, stdout } = await run(t, PROGRAM, args, {}, WORKER);
  return { code, stdout: sameName(stdout) };
}

async function assertSame(t: TestContext, args: readonly string[], code = 0): Promise<void> {
  const [expected, actual] = await Promise.all([published(args), ours(t, args)]);
  assert.equal(expected.code, code, `${args.join(' ')}: ${expected.stderr}`);
  assert.deepEqual(actual, { code, stdout: expected.stdout }, args.join(' '));
}

/** What the programs say of their own names. */
function sameName(text: string): string {
  return text.replace(/("\$0":"|'\$0': ')[^"']*/, '$1');
}

async function missing(): Promise<string | false> {
  if (!existsSync(PUBLISHED)) return 'test/compat/dcp-4 is not installed';
  const { stderr } = await published(['-T']);
  return stderr.includes('insecure')
    ? 'dcp-client refuses to run in a folder that everybody may write to'
    : false;
}

const skip = await missing();

test('the same bytes as from the published program', { skip }, async (t) => {
  const prefix = ['--prefix', '/usr'];
  const client = path.join(COMPAT, 'dcp-4/node_modules/dcp-client');
  const named = [
    ...['--sandboxLibexecDir', path.join(client, 'libexec/sandbox')],
    ...['--sandboxDefinitions', path.join(client, 'generated/sandbox-definitions.json')],
  ];
  const types = ['browser', 'node', 'native', 'nodeTesting', 'testing'];
  const commands = [
    ['-T'],
    ['-TJ'],
    ['--dumpTypes', '--json'],
    ...types.map((type) => ['-DJ', '-t', type, ...prefix]),
    ['-F'],
    ['--dump-files', '-J', '--sandboxType=browser'],
    ['-D', ...prefix],
    ['-J', '-D', '-e', './some/evaluator', '--prefix=/usr'],
    ['-DJ', '-p', '9001', '-s', ...prefix],
    ['-DJv', '-p9001', '-d', 'debug', '-f', ...prefix],
    ['-DJ', '--debug-log-level', '', '--pid-file=some.pid', ...prefix],
    ['-DJ', '-d', 'emergency', '--pidFile', 'some.pid', ...prefix],
    ['-DJ', '-d', '5', ...prefix],
    ['-D', '--rEvaluator', 'dcp-client', '-e', '/bin/ls', ...prefix],
    ['-DJ', '--r-evaluator', 'dcp-client', ...prefix],
    ['-DJ', ...named, ...prefix],
    ['-FJ', ...named],
    ['-DTFJ', ...prefix],
    ['-TFJ'],
    ['-DJ', '-p', '9001', ...prefix, '--', '--options=--max-old-space-size=2048', '-p', '7', '007', 'x'],
    ['-DJ', '-p', '9001', 'extra', ...prefix],
  ];
  for (const args of commands) await assertSame(t, args);
});

test('the same banner, command and last line', { skip }, async (t) => {
  const evaluator = fakeEvaluator(t, 'process.exit(Number(process.argv.at(-1)))');
  for (const code of [0, 3])
    await assertSame(t, ['-e', evaluator, '-v', '-p', '9001', '--prefix', '/usr', '--', String(code)], code);
});

for (const version of ['dcp-4', 'dcp-5']) {
  const client = path.join(COMPAT, version, 'node_modules/dcp-client');
  const absent = existsSync(client) ? false : `test/compat/${version} is not installed`;

  test(`every type of the client of ${version} has its files, in order`, { skip: absent }, async (t) => {
    const index = path.join(client, 'generated/sandbox-definitions.json');
    const definitions = JSON.parse(readFileSync(index, 'utf8')) as Record<string, string[]>;
    const { stdout } = await run(t, PROGRAM, ['-TJ', '--dcp-client', client]);
    assert.deepEqual(JSON.parse(stdout), Object.keys(definitions));
    for (const [type, names] of Object.entries(definitions)) {
      const { stdout: list } = await run(t, PROGRAM, ['-FJ', '--dcp-client', client, '-t', type]);
      const files = JSON.parse(list) as string[];
      assert.deepEqual(
        files.map((file) => path.basename(file, '.js')),
        names.map((name) => path.basename(name, '.js')),
      );
      for (const file of files) assert.ok(existsSync(file), file);
    }
  });
}

test('dumps need no evaluator, and start none', async (t) => {
  const client = tinyClient(t);
  const args = ['--dcp-client', client, '-DJ', '-t', 'node', '-e'];
  for (const evaluator of ['/nowhere/at/all', fakeEvaluator(t, '')]) {
    const { code, stdout } = await run(t, PROGRAM, [...args, evaluator]);
    assert.equal(code, 0);
    const { files, evaluator: shown } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([files, shown], [[path.join(client, 'libexec/sandbox/one.js')], evaluator]);
  }
});

test('unless told otherwise it is the evaluator of this package, in the folder of this package', async (t) => {
  const { stdout } = await run(t, PROGRAM, ['-DJ', '--dcp-client', tinyClient(t)]);
  const { evaluator, options } = JSON.parse(stdout) as {
    evaluator: string;
    options: Record<string, unknown>;
  };
  assert.equal(evaluator, programFile('dcp-evaluator'));
  assert.equal(options['prefix'], path.resolve(path.dirname(evaluator), '../..'));
  assert.equal(options['evaluator'], evaluator);
});

test('folder and index make a dcp-client unnecessary', async (t) => {
  const client = tinyClient(t);
  const args = [
    ...['--sandbox-libexec-dir', path.join(client, 'libexec/sandbox')],
    ...['--sandbox-definitions', path.join(client, 'generated/sandbox-definitions.json')],
  ];
  const { code, stdout } = await run(t, PROGRAM, ['-FJ', ...args], {}, temporaryDirectory(t));
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), tinyFiles(client));
});

test('no dcp-client anywhere', (t) => {
  const folders = [temporaryDirectory(t), temporaryDirectory(t)];
  assert.throws(() => new StartupFiles({ folders }), {
    code: 'ENOCLIENT',
    message: `dcp-client: not installed for ${folders.join(', nor for ')}; npm install dcp-client`,
  });
});
