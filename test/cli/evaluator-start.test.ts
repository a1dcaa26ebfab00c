/** `dcp-evaluator-start`: what the evaluator is given, how it ends, and what is said of mistakes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fakeEvaluator, tinyClient, tinyFiles } from './evaluator-start-support.js';
import { programFile, run, start, temporaryDirectory } from './support.js';

const PROGRAM = 'dcp-evaluator-start';

/** What the fake evaluator was given. */
async function given(
  t: TestContext,
  args: readonly string[],
  cwd?: string,
): Promise<{ args: string[]; cwd: string }> {
  const { code, stdout, stderr } = await run(t, PROGRAM, args, {}, cwd);
  assert.equal(code, 0, stderr);
  return JSON.parse(/^\{.*\}$/m.exec(stdout)![0]) as { args: string[]; cwd: string };
}

test('the evaluator gets the startup files, the port, the level, and what follows "--" as it is', async (t) => {
  const client = tinyClient(t);
  const evaluator = fakeEvaluator(t, '');
  const common = ['--dcp-client', client, '-e', evaluator];
  const files = tinyFiles(client);
  assert.deepEqual((await given(t, common)).args, [...files, '-p', '9000']);
  assert.deepEqual((await given(t, [...common, '-p', '0'])).args, [...files, '-p', '0'], 'any port');
  const passed = ['--options=--max-old-space-size=2048', '-p', '--dump', '1e3', '007', '', 'ü b'];
  assert.deepEqual((await given(t, [...common, '-p', '9001', '-d', 'debug', '--', ...passed])).args, [
    ...files,
    ...['-p', '9001', '-d', '7'],
    ...passed,
  ]);
  assert.deepEqual((await given(t, [...common, '-s', '-p', '9001', 'more.js'])).args, [...files, 'more.js']);
});

test('it runs in --prefix, and its paths are those of the current directory', async (t) => {
  const client = tinyClient(t);
  const prefix = realpathSync(temporaryDirectory(t));
  mkdirSync(path.join(prefix, 'bin'));
  copyFileSync(fakeEvaluator(t, ''), path.join(prefix, 'bin/dcp-evaluator'));
  chmodSync(path.join(prefix, 'bin/dcp-evaluator'), 0o755);
  const args = [
    ...['--prefix', path.basename(prefix), '--dcpClient', path.relative(path.dirname(prefix), client)],
    ...['--sandboxLibexecDir', path.relative(path.dirname(prefix), path.join(client, 'libexec/sandbox'))],
  ];
  const { cwd, args: words } = await given(t, args, path.dirname(prefix));
  assert.equal(cwd, prefix);
  assert.deepEqual(words, [...tinyFiles(client), '-p', '9000']);
});

test('the dcp-client of the current directory is found, links resolved', async (t) => {
  const client = tinyClient(t);
  const project = temporaryDirectory(t);
  mkdirSync(path.join(project, 'node_modules'));
  mkdirSync(path.join(project, 'below/here'), { recursive: true });
  symlinkSync(client, path.join(project, 'node_modules/dcp-client'));
  const { args } = await given(t, ['-e', fakeEvaluator(t, '')], path.join(project, 'below/here'));
  assert.deepEqual(args, [...tinyFiles(realpathSync(client)), '-p', '9000']);
});

test('an evaluator that is a module, or JavaScript that is not executable, runs under this Node', async (t) => {
  const client = tinyClient(t);
  const evaluator = fakeEvaluator(t, '');
  const project = temporaryDirectory(t);
  mkdirSync(path.join(project, 'node_modules/fake'), { recursive: true });
  const module = path.join(project, 'node_modules/fake/index.js');
  copyFileSync(evaluator, module);
  chmodSync(module, 0o644);
  const args = ['--dcp-client', client, '--r-evaluator', 'fake'];
  assert.deepEqual((await given(t, args, project)).args, [...tinyFiles(client), '-p', '9000']);
  assert.equal((await given(t, ['--dcp-client', client, '-e', module])).args.length, 6);
});

test('the banner, the command with -v, and the end of the evaluator are told on standard output', async (t) => {
  const client = tinyClient(t);
  const evaluator = fakeEvaluator(t, '');
  const { stdout, stderr } = await run(t, PROGRAM, [
    '--dcp-client',
    client,
    '-e',
    evaluator,
    '-v',
    '-p',
    '9001',
  ]);
  assert.equal(stderr, '');
  const files = tinyFiles(client);
  const words = [evaluator, ...files, '-p', '9001'];
  assert.equal(
    stdout.replace(/^\{.*\n/m, '').replace(/^\. cwd: .*/m, '. cwd:'),
    [
      'Starting DCP Evaluator -- ',
      `. Evaluator program at:\t\t ${evaluator}`,
      '. Listening on:      \t\t 9001',
      '. Worker environment type:\t native',
      '. Worker environment:  \t',
      ...files.map((file) => `\t${file}`),
      '',
      '. cwd:',
      `. run: ${words.map((word) => `"${word}"`).join(' ')}`,
      'Evaluator server process exited, status 0',
      '',
    ].join('\n'),
  );
});

test("with --stdio, input and output are the evaluator's alone", (t) => {
  const args = [
    '-s',
    '-v',
    '--dcp-client',
    tinyClient(t),
    '-e',
    fakeEvaluator(t, 'process.stdin.pipe(process.stdout)'),
  ];
  const ended = spawnSync(process.execPath, [programFile(PROGRAM), ...args], {
    input: 'a line\n',
    encoding: 'utf8',
  });
  assert.equal(ended.status, 0);
  assert.match(ended.stdout, /^\{.*\}\na line\n$/);
  assert.match(ended.stderr, /^\. cwd: .*\n\. run: .*\n$/);
});

test('it ends with the exit code of the evaluator, or 128 and the number of the signal that ended it', async (t) => {
  const client = tinyClient(t);
  const codes: [string, number][] = [
    ['process.exit(0)', 0],
    ['process.exit(1)', 1],
    ['process.exit(77)', 77],
  ];
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGABRT'] as const)
    codes.push([
      `process.kill(process.pid, '${signal}'); setInterval(() => {}, 1000)`,
      128 + constants.signals[signal],
    ]);
  for (const [code, expected] of codes) {
    const args = ['--dcp-client', client, '-e', fakeEvaluator(t, code)];
    const ended = await run(t, PROGRAM, args);
    assert.equal(ended.code, expected, code);
    assert.match(
      ended.stdout,
      expected < 128
        ? new RegExp(`Evaluator server process exited, status ${expected}\n$`)
        : /Evaluator server caught signal SIG\w+\n$/,
    );
    assert.equal((await run(t, PROGRAM, [...args, '-s'])).code, expected, `${code} with -s`);
  }
});

test('signals are passed on, and the evaluator ends by its own rules', async (t) => {
  const client = tinyClient(t);
  const evaluator = fakeEvaluator(
    t,
    `let got = '';
     for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
       process.on(signal, () => {
         got += signal;
         console.log('got', got);
         if (got === 'SIGHUPSIGINTSIGTERM') process.exit(5);
       });
     setInterval(() => {}, 1000);
     console.log('ready');`,
  );
  const { child, printed, ended } = start(t, PROGRAM, ['-s', '--dcp-client', client, '-e', evaluator]);
  await printed(/^ready/m);
  child.kill('SIGHUP');
  await printed(/got SIGHUP$/m);
  child.kill('SIGINT');
  await printed(/got SIGHUPSIGINT$/m);
  child.kill('SIGTERM');
  assert.equal((await ended).code, 5);
});

test('a mistake is one line that names option and value', async (t) => {
  const client = tinyClient(t);
  const nowhere = path.join(client, 'nowhere');
  const text = path.join(client, 'list.txt');
  writeFileSync(text, '["one"]');
  const broken = path.join(client, 'broken.json');
  writeFileSync(broken, '{');
  const incomplete = path.join(client, 'incomplete.json');
  writeFileSync(incomplete, '{"native": ["none/at-all.js"], "other": ["missing"]}');
  const c = ['--dcp-client', client];
  const cases: [string[], number, string | RegExp][] = [
    [
      ['-p', '65536'],
      2,
      /^dcp-evaluator-start: option '-p, --port <port>' argument '65536' is invalid\. expected a whole number/,
    ],
    [['--port=https'], 2, /argument 'https' is invalid/],
    [['--sandbox-typ', 'native'], 2, /unknown option '--sandbox-typ'\n\(Did you mean --sandbox-type\?\)/],
    [['--sandboxDefinition', text], 2, /\(Did you mean --sandbox-definitions\?\)/],
    // What needs no dcp-client is checked first: there may be none.
    [['--dcp-client', nowhere, '-d', 'loud'], 2, 'got loud'],
    [['--dcp-client', nowhere, '-e', nowhere], 2, `--evaluator: no file ${nowhere}`],
    [['--dcp-client', nowhere], 2, `--dcp-client: expected the directory of a dcp-client, got ${nowhere}, `],
    [[...c, '-t', 'nativ'], 2, '--sandbox-type: expected one of node, native, which are in '],
    [
      [...c, '-t', 'node'],
      2,
      '--sandbox-type: node can be dumped, not run: its startup files need what a Node',
    ],
    [
      [...c, '-d', 'loud'],
      2,
      '--debugLogLevel: expected emerg, alert, crit, error, warn, notice, info or debug, got loud',
    ],
    [[...c, '-d', '8'], 2, 'got 8'],
    [[...c, '-e', nowhere], 2, `--evaluator: no file ${nowhere}`],
    [[...c, '-e', text], 2, `--evaluator: ${text} is not executable`],
    [[...c, '-e', client], 2, `--evaluator: ${client} is not executable`],
    [[...c, '-r', 'no-such-module'], 2, '--rEvaluator: no module no-such-module is installed for '],
    [[...c, '--prefix', nowhere], 2, `--prefix: no directory ${nowhere}`],
    [[...c, '--prefix', client], 2, `--prefix: no file ${client}/bin/dcp-evaluator`],
    [[...c, '--sandbox-libexec-dir', nowhere], 2, `--sandbox-libexec-dir: there is no one.js in ${nowhere}`],
    [[...c, '--sandbox-definitions', nowhere], 2, `--sandbox-definitions: ${nowhere}: no such file`],
    [[...c, '--sandbox-definitions', broken], 2, `--sandbox-definitions: ${broken}: `],
    [
      [...c, '--sandbox-definitions', text],
      2,
      `${text}: expected lists of file names by type of sandbox, as JSON`,
    ],
    [[...c, '--', '--bogus'], 2, "for dcp-evaluator: unknown option '--bogus'"],
    [[...c, '--', '--spare', 'x'], 2, "for dcp-evaluator: option '--spare <n>' argument 'x' is invalid"],
    [[...c, '--', '--frames'], 2, 'for dcp-evaluator: --frames and startup files: one or the other'],
    [[...c, '--', '--options=--bogus'], 2, 'for dcp-evaluator: --options: V8 knows no option --bogus'],
    [[...c, '--sandbox-definitions', incomplete], 1, 'none/at-all.js: not installed for '],
    [
      [...c, '--sandbox-definitions', incomplete, '-t', 'other'],
      2,
      '--sandbox-libexec-dir: there is no missing.js in ',
    ],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stdout, stderr } = await run(t, PROGRAM, args);
    assert.equal(code, expected, `${args.join(' ')}: ${stderr}`);
    assert.equal(stdout, '');
    if (typeof message !== 'string') assert.match(stderr, message);
    else {
      assert.ok(stderr.startsWith('dcp-evaluator-start: ') && stderr.includes(message), stderr);
      assert.match(stderr, /^.*\n$/, 'one line');
    }
  }
});

test('the evaluator may be asked for its help', async (t) => {
  const { code, stdout, stderr } = await run(t, PROGRAM, ['--dcp-client', tinyClient(t), '--', '--help']);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^Usage: dcp-evaluator /m);
});

test('levels that are numbers are taken, and said to be deprecated', async (t) => {
  const client = tinyClient(t);
  const args = ['-s', '--dcp-client', client, '-e', fakeEvaluator(t, ''), '--debug-log-level', '3'];
  const { code, stdout, stderr } = await run(t, PROGRAM, args);
  assert.equal(code, 0);
  assert.match(stdout, /"-d","3"\]/);
  assert.match(stderr, /^dcp-evaluator-start: --debugLogLevel: 3: numbers are deprecated, use a name\n$/);
});

test('--help tells every option', async (t) => {
  const { code, stdout } = await run(t, PROGRAM, ['--help']);
  assert.equal(code, 0);
  const long =
    'prefix port stdio evaluator rEvaluator dcp-client sandbox-libexec-dir sandbox-definitions sandbox-type';
  const more = 'dump dump-types dump-files json verbose pidFile debugLogLevel';
  for (const name of `${long} ${more}`.split(' ')) assert.match(stdout, new RegExp(`--${name}\\b`));
  for (const short of 'psertDTFJvfd') assert.match(stdout, new RegExp(` -${short}, --`));
});
