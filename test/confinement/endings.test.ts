/** How a confined process ends, and everything around it with it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LayerName } from '#src/evaluator/confinement/layers.js';
import { programBesideAddon } from '#src/system/index.js';
import { temporaryDirectory } from '../cli/support.js';
import { childrenOf, evaluatorsBelow, isAlive } from './processes.js';
import { attempts, noNamespaces, startConfined, until } from './support.js';

const skip = noNamespaces;
const LAUNCHER = programBesideAddon('dcp-confine')!;
const NO_NAMESPACES: LayerName[] = [
  'user-namespace',
  'mount-namespace',
  'network-namespace',
  'pid-namespace',
  'ipc-namespace',
];

for (const without of [[], NO_NAMESPACES]) {
  const name = without.length === 0 ? 'behind its launcher' : 'in place of its launcher';
  test(`exit codes and signals are the program's: ${name}`, { skip }, async () => {
    assert.equal((await attempts('process.exit(7)', { without })).code, 7);
    assert.equal((await attempts('process.abort()', { without })).signal, 'SIGABRT');
    assert.equal((await attempts("process.kill(process.pid, 'SIGKILL')", { without })).signal, 'SIGKILL');
  });

  test(`a signal that is sent to it arrives: ${name}`, { skip }, async () => {
    const { child } = startConfined(
      ['-e', "process.on('SIGTERM', () => process.exit(9)); console.log('on'); setInterval(() => 0, 1000)"],
      { without },
    );
    await once(child.stdout!, 'data');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'close'), [9, null]);
  });

  test(`when its Supervisor is killed, nothing is left: ${name}`, { skip }, async () => {
    const support = fileURLToPath(new URL('./support.js', import.meta.url));
    const supervisor = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `import { startConfined } from ${JSON.stringify(support)};
       const { child } = startConfined(['-e', 'console.log(1); setInterval(() => 0, 1000)'], ${JSON.stringify({ without })});
       child.stdout.once('data', () => console.log(child.pid));`,
    ]);
    const [pid] = (await once(supervisor.stdout, 'data')) as [Buffer];
    const launcher = Number(pid.toString());
    const all = [launcher, ...childrenOf(launcher)];
    assert.equal(all.length, without.length === 0 ? 3 : 1);
    assert.deepEqual(evaluatorsBelow(supervisor.pid!), [all.at(-1)]);
    supervisor.kill('SIGKILL');
    await until('all of it ends', () => !all.some(isAlive));
  });
}

test('whichever of its processes is killed, the others end', { skip }, async () => {
  for (const which of ['launcher', 'init', 'program'] as const) {
    const { child } = startConfined(['-e', 'console.log(1); setInterval(() => 0, 1000)']);
    await once(child.stdout!, 'data');
    const [init, program] = childrenOf(child.pid!) as [number, number];
    process.kill({ launcher: child.pid!, init, program }[which], 'SIGKILL');
    assert.deepEqual(await once(child, 'close'), [null, 'SIGKILL'], which);
    await until(`they end with the ${which}`, () => ![init, program].some(isAlive));
  }
});

test('what it has started and left is reaped, and ends with it', { skip }, async () => {
  // A child of a child that is gone belongs to the init of the namespace.
  const orphan =
    "require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => 0, 60000)'], { detached: true, stdio: 'ignore' }).unref()";
  const { child } = startConfined([
    '-e',
    `require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(orphan)}]);
     console.log(require('fs').readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length);
     setInterval(() => 0, 1000)`,
  ]);
  const [count] = (await once(child.stdout!, 'data')) as [Buffer];
  assert.equal(Number(count.toString()), 3);
  const [init] = childrenOf(child.pid!) as [number];
  const [left] = childrenOf(init) as [number];
  assert.ok(isAlive(left));
  child.kill('SIGQUIT');
  assert.deepEqual(await once(child, 'close'), [null, 'SIGKILL']);
  // By then, not some time later.
  assert.ok(![left, init].some((pid) => existsSync(`/proc/${pid}`)));
});

test('stopped, it is killed nevertheless', { skip }, async () => {
  const process_ = startConfined(['-e', 'console.log(1); setInterval(() => 0, 1000)']);
  const { child } = process_;
  await once(child.stdout!, 'data');
  const [, program] = childrenOf(child.pid!) as [number, number];
  process.kill(program, 'SIGSTOP');
  process.kill(child.pid!, 'SIGSTOP');
  process_.settle();
  assert.equal(process_.pid, program);
  process_.kill();
  assert.deepEqual(await once(child, 'close'), [null, 'SIGKILL']);
  await until('the program ends', () => !isAlive(program));
});

test('descriptors that nobody named are closed, and the standard ones are what they were', { skip }, () => {
  const list =
    "console.log(fs.readdirSync('/proc/self/fd').filter((fd) => { try { return /passwd|hosts/.test(fs.readlinkSync('/proc/self/fd/' + fd)) } catch { return false } }).join())";
  const words = ['--report=3', '--keep=5', '--without=mount-namespace', '--', process.execPath, '-e', list];
  // The shell opens three: 4 and 6 are not for the program.
  const { stdout, stderr } = spawnSync(
    '/bin/sh',
    ['-c', 'exec "$@" 3>/dev/null 4</etc/passwd 5</etc/hosts 6</etc/passwd', 'sh', LAUNCHER, ...words],
    { encoding: 'utf8', env: {} },
  );
  assert.equal(stdout.trim(), '5', stderr);
});

test('a command line that is wrong is refused, with the option and the value', () => {
  const cases: [string[], string][] = [
    [['--profile=gpu'], "--profile: expected cpu, software-gpu, nvidia or mesa, got 'gpu'"],
    [['--read=etc'], "--read: expected an absolute path without .., got 'etc'"],
    [['--read=/a/../etc'], "--read: expected an absolute path without .., got '/a/../etc'"],
    [['--keep=2'], "--keep: expected a descriptor from 3, got '2'"],
    [['--memory=1k'], "--memory: expected bytes from 1048576, got '1k'"],
    [['--user=me'], '--user: no such option'],
    [['--require=yes'], '--require: no such option'],
    [['word'], 'word: expected --option=value'],
    [[], '--report: missing'],
    [['--report=9', '--', '/bin/true'], "--report: expected an open descriptor, got '9'"],
    [['--report=3', '--'], 'behind --: expected a program and its arguments'],
    [['--report=3', '--', 'node'], "the program: expected an absolute path, got 'node'"],
  ];
  for (const [words, message] of cases) {
    const { status, stderr } = spawnSync(LAUNCHER, words, { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [64, `dcp-confine: ${message}\n`]);
  }
});

test('a program that is not there is told as such', { skip }, (t) => {
  const missing = path.join(temporaryDirectory(t), 'missing');
  const words = ['--report=3', '--', missing];
  const { status, output } = spawnSync(LAUNCHER, words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  assert.equal(status, 127);
  const last = JSON.parse(output[3]!.trim().split('\n').at(-1)!) as { failure: string };
  assert.equal(last.failure, `${missing}: No such file or directory`);
});
