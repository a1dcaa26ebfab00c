/** The process that existing Workers' Jobs run in is confined, however it was started; and how it ends. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tinyClient } from '../cli/evaluator-start-support.js';
import { jsonLines, programFile, start } from '../cli/support.js';
import { ATTEMPTS, makeTargets } from './broken-evaluator.js';
import {
  askOn,
  confinedOf,
  connect,
  echoFile,
  folderOf,
  portOf,
  startClassic,
  treeOf,
  watch,
  type Classic,
} from './classic-support.js';
import { childrenOf, isAlive } from './processes.js';
import { noNamespaces, until } from './support.js';
import { cannotBe, runThere } from './surroundings.js';
import { filtersOf } from './threads.js';

const skip = noNamespaces;
const HOOK = fileURLToPath(new URL('broken-classic.cjs', import.meta.url));
/** What must succeed without confinement, for the test to say anything. */
const LEAST = 40;

interface Attempted {
  readonly names: readonly string[];
  readonly attempted: readonly ({ readonly thread: number; readonly errors: readonly number[] } | null)[];
}

/** Has code that has broken out of V8 make its attempts in the process that serves the first connection. */
async function attemptsOf(t: TestContext, words: readonly string[], socket: number): Promise<Attempted> {
  const folder = folderOf(t);
  for (const file of [HOOK, ATTEMPTS]) copyFileSync(file, path.join(folder, path.basename(file)));
  const targets = [...(await makeTargets(t))];
  targets[3] = socket;
  writeFileSync(path.join(folder, 'targets.json'), JSON.stringify(targets));
  const before = process.env['LD_LIBRARY_PATH'];
  const classic = startClassic(t, ['-d', '6', ...words], {
    env: { LD_LIBRARY_PATH: before === undefined ? folder : `${before}:${folder}` },
    node: ['--require', path.join(folder, path.basename(HOOK))],
  });
  if (words.includes('-p')) connect(t, await portOf(classic)).write('hello\n');
  const [, said] = await classic.until(/^ATTEMPTS (.*)$/m);
  const found = JSON.parse(said!) as Attempted;
  const threads = found.attempted.map((each) => each?.thread);
  assert.equal(new Set(threads).size, 4, `four threads: ${threads.join()}`);
  return found;
}

const succeeded = ({ names, attempted }: Attempted, thread: number): string[] =>
  names.filter((_, index) => attempted[thread]!.errors[index] === 0);

for (const [what, words, socket] of [
  ['on standard streams', [], 0],
  ['behind a port', ['-p', '0'], 3],
] as const)
  test(`every attempt to break out fails on every kind of thread: ${what}`, { skip }, async (t) => {
    const free = await attemptsOf(t, ['--confinement=off', ...words], 0);
    const count = succeeded(free, 0).length;
    t.diagnostic(`${count} of ${free.names.length} attempts succeed without confinement`);
    assert.ok(count >= LEAST);
    const confined = await attemptsOf(t, ['--confinement=require', ...words], socket);
    for (const thread of confined.attempted.keys()) assert.deepEqual(succeeded(confined, thread), []);
  });

test(
  'it says by what it is confined, serves, and has no variable but those it needs',
  { skip },
  async (t) => {
    const SAID =
      /^dcp-evaluator: evaluators are confined: user-namespace, .*landlock, descriptors, seccomp on; cgroup off/m;
    for (const words of [[], ['-p', '0']]) {
      const classic = startClassic(t, ['-d', '5', ...words], { env: { DCP_TEST_SECRET: 'secret' } });
      if (words.length === 0) assert.equal(await classic.ask('hello'), 'hello');
      else assert.equal(await askOn(connect(t, await portOf(classic)), 'hello'), 'hello');
      await classic.until(SAID);
      const pid = confinedOf(classic.child.pid!);
      assert.deepEqual([...new Set(filtersOf(pid))], [2]);
      assert.ok(!readFileSync(`/proc/${pid}/environ`, 'latin1').includes('secret'));
      assert.equal(treeOf(classic.child.pid!).length, words.length === 0 ? 3 : 4);
    }
  },
);

test('off: it says so, and the process is the one that was started', async (t) => {
  const classic = startClassic(t, ['--confinement=off']);
  assert.equal(await classic.ask('hello'), 'hello');
  assert.match(classic.printed(), /^dcp-evaluator: evaluators are not confined: --confinement=off$/m);
  assert.deepEqual(treeOf(classic.child.pid!), [classic.child.pid]);
});

test('output that is redirected to a file comes there, whole', { skip }, (t) => {
  const folder = folderOf(t);
  const [input, output, errors] = ['in', 'out', 'err'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n}\n`).join('');
  writeFileSync(input, lines);
  const stdio = [openSync(input, 'r'), openSync(output, 'w'), openSync(errors, 'w')];
  const words = [programFile('dcp-evaluator'), '--no-gpu', '-d', '5', echoFile(t)];
  const { status } = spawnSync(process.execPath, words, { stdio });
  stdio.forEach((fd) => closeSync(fd));
  assert.deepEqual([status, readFileSync(errors, 'utf8').includes('seccomp on')], [0, true]);
  assert.equal(readFileSync(output, 'utf8'), lines);
});

test('behind a port a thread that is stuck is replaced: its code can still be read', { skip }, async (t) => {
  const classic = startClassic(t, ['-p', '0', '-d', '6', '--spare', '0']);
  const port = await portOf(classic);
  const stuck = connect(t, port);
  const begun = once(stuck, 'data');
  stuck.write(`!writeln('begun'), Array.prototype.includes.call({ length: Number.MAX_SAFE_INTEGER }, 1)\n`);
  await begun;
  stuck.destroy();
  await classic.until(/an evaluator thread is stuck in a builtin and is replaced/);
  assert.equal(await askOn(connect(t, port), 'hello'), 'hello');
});

for (const [signal, ends] of [
  ['SIGTERM', [null, 'SIGTERM']],
  ['SIGINT', [null, 'SIGINT']],
  ['SIGKILL', [null, 'SIGKILL']],
] as const)
  test(
    `on standard streams, ${signal} ends it as it does any program, and nothing is left`,
    { skip },
    async (t) => {
      const classic = startClassic(t, []);
      await classic.ask('hello');
      const all = treeOf(classic.child.pid!);
      assert.equal(all.length, 3);
      classic.child.kill(signal);
      assert.deepEqual(await classic.ended, ends);
      await until('all of it ends', () => !all.some(isAlive));
    },
  );

for (const [signal, ends] of [
  ['SIGTERM', [0, null]],
  ['SIGINT', [130, null]],
  ['SIGKILL', [null, 'SIGKILL']],
] as const)
  test(`behind a port, ${signal} ends it and all connections`, { skip }, async (t) => {
    const classic = startClassic(t, ['-p', '0']);
    const socket = connect(t, await portOf(classic));
    await askOn(socket, 'hello');
    const all = treeOf(classic.child.pid!);
    assert.equal(all.length, 4);
    const closed = once(socket, 'close');
    classic.child.kill(signal);
    assert.deepEqual(await classic.ended, ends);
    await closed;
    await until('all of it ends', () => !all.some(isAlive));
  });

test('it ends when the program that started it is killed, frozen or not', { skip }, async (t) => {
  for (const words of [['-p', '0'], ['-s']])
    for (const isFrozen of [false, true]) {
      const args = [programFile('dcp-evaluator-start'), '--dcp-client', tinyClient(t), ...words];
      const child = spawn(process.execPath, [...args, '-d', 'debug', '--', '--no-gpu']);
      const starter: Classic = watch(t, child);
      await starter.until(words.includes('-s') ? /connection 1: open/ : /^Listening on/m);
      const all = treeOf(child.pid!).slice(1);
      assert.equal(all.length, words.includes('-s') ? 3 : 4);
      if (isFrozen) all.forEach((pid) => process.kill(pid, 'SIGSTOP'));
      child.kill('SIGKILL');
      await until(`all of it ends: ${words.join(' ')}`, () => !all.some(isAlive));
    }
});

test(
  'the process of the Sandboxes that crashes is replaced: connections to come are served',
  { skip },
  async (t) => {
    const classic = startClassic(t, ['-p', '0', '-d', '3']);
    const port = await portOf(classic);
    const first = connect(t, port);
    await askOn(first, 'hello');
    const closed = once(first, 'close');
    process.kill(confinedOf(classic.child.pid!), 'SIGSEGV');
    await closed;
    await classic.until(
      /^dcp-evaluator: the process of the Sandboxes was ended by SIGSEGV, and all connections with it; another is started$/m,
    );
    assert.equal(await askOn(connect(t, port), 'again'), 'again');
  },
);

test('a replacement that is killed before it is ready is replaced, too', { skip }, async (t) => {
  const classic = startClassic(t, ['-p', '0', '-d', '3']);
  const port = await portOf(classic);
  const pid = classic.child.pid!;
  process.kill(confinedOf(pid), 'SIGKILL');
  await classic.until(/; another is started$/m);
  await until('it has begun to start', () => childrenOf(pid).length > 0);
  process.kill(childrenOf(pid)[0]!, 'SIGKILL');
  await classic.until(/; another is started in 0\.1 s$/m);
  await until('the next has begun to start', () => childrenOf(pid).length > 0);
  assert.equal(await askOn(connect(t, port), 'hello'), 'hello');
});

const REFUSED =
  /--confinement=require: no evaluator, for layers are missing: user-namespace \(no more of them may be made \(user\.max_user_namespaces\); sysctl -w user\.max_user_namespaces=10000\), mount-namespace \(/;
const NO_NAMESPACES = 'no user namespaces';

test(
  'require: every program refuses to start, and says what is missing',
  { skip: cannotBe(NO_NAMESPACES) },
  (t) => {
    const file = echoFile(t);
    const client = tinyClient(t);
    for (const [name, ...words] of [
      ['dcp-evaluator', file],
      ['dcp-evaluator', file, '-p', '0'],
      ['dcp-evaluator-start', '--dcp-client', client, '-p', '0'],
      ['dcp-evaluator-start', '--dcp-client', client, '-s'],
      ['dcp-evaluator-manager', '-p', '0', '-a', '--', '--dcp-client', client],
    ] as const) {
      const command = [process.execPath, programFile(name), '--confinement=require', ...words];
      const { status, stderr } = runThere(NO_NAMESPACES, command);
      assert.match(stderr, REFUSED, words.join(' '));
      assert.equal(status, 1);
    }
  },
);

test(
  'best-effort: what is missing is a warning, and the rest holds',
  { skip: cannotBe(NO_NAMESPACES) },
  (t) => {
    const script = `echo hello | "$0" "$@"`;
    const command = [
      'sh',
      '-c',
      script,
      process.execPath,
      programFile('dcp-evaluator'),
      '--no-gpu',
      echoFile(t),
    ];
    const { status, stdout, stderr } = runThere(NO_NAMESPACES, command);
    assert.deepEqual([status, stdout], [0, 'hello\n'], stderr);
    assert.match(
      stderr,
      /evaluators are confined: rlimits, .*landlock, descriptors, seccomp on; user-namespace missing/,
    );
  },
);

test(
  'dcp-evaluator-manager says it once, as JSON too, and its evaluators are confined',
  { skip },
  async (t) => {
    const client = tinyClient(t);
    writeFileSync(path.join(client, 'libexec/sandbox/one.js'), readFileSync(echoFile(t)));
    const words = ['-p', '0', '-a', '--json', '--', '--dcp-client', client, '-d', 'info', '--', '--no-gpu'];
    const manager = start(t, 'dcp-evaluator-manager', words);
    const [, port] = await manager.printed(/"event":"listening","where":"127\.0\.0\.1:(\d+)"/);
    const socket = connect(t, Number(port));
    assert.equal(await askOn(socket, 'hello'), 'hello');
    const [evaluator] = treeOf(manager.child.pid!).filter((pid) => pid === confinedOf(manager.child.pid!));
    assert.deepEqual([...new Set(filtersOf(evaluator!))], [2]);
    socket.end();
    await manager.printed(/"event":"end"/);
    manager.child.kill('SIGTERM');
    const lines = jsonLines((await manager.ended).stdout);
    const [first] = lines;
    assert.deepEqual([first!['event'], first!['mode']], ['confinement', 'best-effort']);
    const states = (first!['layers'] as { name: string; state: string }[]).map(
      ({ name, state }) => `${name} ${state}`,
    );
    assert.ok(states.includes('landlock on') && states.includes('seccomp on'), states.join());
    assert.ok(!lines.some(({ event, line }) => event === 'log' && String(line).includes('confined')));
  },
);

test('--confinement for an evaluator that is not this one is refused', (t) => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      programFile('dcp-evaluator-start'),
      '--dcp-client',
      tinyClient(t),
      '-e',
      '/bin/cat',
      '--confinement',
      'off',
    ],
    { encoding: 'utf8' },
  );
  assert.equal(status, 2);
  assert.match(stderr, /--confinement: \/bin\/cat is not the evaluator of this package/);
});
