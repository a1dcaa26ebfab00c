/** What this machine really does: load, memory, processors, programs, pressure. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryDirectory } from '../cli/support.js';
import { Tree, WatchedManager } from './support.js';

const BUSY = 'while :; do :; done';
const NOW = { afterMs: 0, goneForMs: 0 };

/** A process that another one starts: it is a child of neither this one nor of what this one starts. */
function orphan(t: TestContext, script: string): Promise<number> {
  const shell = spawn('/bin/sh', ['-c', `setsid /bin/sh -c '${script}' >/dev/null 2>&1 & echo $!`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new Promise((resolve) => {
    shell.stdout.once('data', (text: Buffer) => {
      const pid = Number(text.toString());
      t.after(() => process.kill(pid, 'SIGKILL'));
      resolve(pid);
    });
  });
}

function child(t: TestContext, file: string, args: readonly string[]): ChildProcess {
  const started = spawn(file, args, { stdio: 'ignore' });
  t.after(() => started.kill('SIGKILL'));
  return started;
}

test('the load that a busy process makes holds new work back', async (t) => {
  const [before] = loadavg();
  // The kernel counts every 5 s: so many lift the average of a minute by more than 1 at a time, whatever else ends meanwhile.
  for (let i = 0; i < 20; i++) child(t, 'nice', ['-n', '19', '/bin/sh', '-c', BUSY]);
  const watched = new WatchedManager(t, { monitors: { load: { max: before! + 0.2, everyMs: 100 } } });
  await watched.untilAction('hold');
  assert.deepEqual(watched.codes, ['LOAD_HIGH']);
  assert.match(watched.manager.decision.cpu.reasons[0]!.text, /^the load \(short\) is [\d.]+, above [\d.]+$/);
});

test('each average of the load can be asked for, and one that wanders', async (t) => {
  const tree = new Tree(t, { 'proc/loadavg': '1.50 2.50 3.50 1/100 1000\n' });
  const textOf = (type: string): string =>
    new WatchedManager(t, { root: tree.root, monitors: { load: { type, max: 1 } } }).manager.decision.cpu
      .reasons[0]!.text;
  assert.deepEqual(['short', 'medium', 'long'].map(textOf), [
    'the load (short) is 1.5, above 1',
    'the load (medium) is 2.5, above 1',
    'the load (long) is 3.5, above 1',
  ]);
  const random = new WatchedManager(t, { monitors: { load: { type: 'random', max: 0, everyMs: 100 } } });
  const loads = new Set<string>();
  const deadline = performance.now() + 5_000;
  while (loads.size < 3 && performance.now() < deadline) {
    loads.add(random.manager.decision.cpu.reasons[0]!.text);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(loads.size >= 3, [...loads].join());
  for (const text of loads) assert.match(text, /^the load \(random\) is (0(\.\d\d?)?|1), above 0$/);
});

test('memory that is not available any more ends evaluators', (t) => {
  const none = new WatchedManager(t, { monitors: { memory: { minPercent: 0, ...NOW } } });
  assert.equal(none.action, 'run');
  const all = new WatchedManager(t, { monitors: { memory: { minPercent: 100, ...NOW } } });
  assert.deepEqual([all.action, ...all.codes], ['kill', 'MEMORY_LOW']);
  const MiB = Number(/MemTotal: +(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))![1]) / 1024;
  const more = new WatchedManager(t, {
    monitors: { memory: { minPercent: 0, minMiB: Math.ceil(MiB), ...NOW } },
  });
  assert.match(
    more.manager.decision.cpu.reasons[0]!.text,
    /^\d+ MiB of memory are available, fewer than \d+$/,
  );
});

test("other programs' use of processors counts, ours does not", async (t) => {
  const watch = (root: string): WatchedManager =>
    new WatchedManager(t, { root, monitors: { 'foreign-cpu': { maxPercent: 0, everyMs: 200, ...NOW } } });
  // A machine on which nothing but these processes is: the kernel's files of it, with figures of our own.
  const ticks = (user: number, idle: number): string => `cpu  ${user} 0 0 ${idle} 0 0 0 0 0 0\n`;
  const stat = (pid: number, name: string, parent: number, used: number): string =>
    `${pid} (${name}) S ${parent} 1 1 0 -1 0 0 0 0 0 ${used} 0 0 0 20 0 1 0 100 0 0\n`;
  const me = process.pid;
  const tree = new Tree(t, {
    'proc/stat': ticks(1_000, 9_000),
    [`proc/${me}/stat`]: stat(me, 'node', 1, 100),
    [`proc/${me}/task/${me}/children`]: '77 ',
    'proc/77/stat': stat(77, 'an (odd) name', me, 200),
    'proc/77/task/77/children': '',
  });
  const watched = watch(tree.root);
  tree.write({ 'proc/stat': ticks(1_100, 9_100), 'proc/77/stat': stat(77, 'an (odd) name', me, 300) });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(watched.action, 'run');
  tree.write({ 'proc/stat': ticks(1_150, 9_150) });
  await watched.untilAction('kill');
  assert.equal(
    watched.manager.decision.cpu.reasons[0]!.text,
    'other programs use 50% of the cores, more than 0%',
  );
});

test('a busy process of somebody else is seen, and one of ours is not', async (t) => {
  const settings = { maxPercent: 20, everyMs: 300, ...NOW };
  const watched = new WatchedManager(t, { monitors: { 'foreign-cpu': settings } });
  await orphan(t, BUSY);
  await watched.untilAction('kill');
  assert.deepEqual(watched.codes, ['FOREIGN_CPU_HIGH']);
  const percent = (): number =>
    Number(/use (\d+)%/.exec(watched.manager.decision.cpu.reasons[0]?.text ?? 'use 0%')![1]);
  // With so many of our own, others get less than nearly all of the cores.
  for (let i = 0; i < 8 * availableParallelism(); i++) child(t, '/bin/sh', ['-c', BUSY]);
  const deadline = performance.now() + 10_000;
  while (percent() > 90 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(percent() <= 90, `${percent()}%`);
});

test('evaluators stop while a program runs that wants the machine for itself', async (t) => {
  const folder = temporaryDirectory(t);
  // The kernel keeps 15 bytes of a name.
  const names = ['dcp-test-game', 'dcp-test-game-with-a-long-name', 'dcp-test-game-with-another'];
  for (const name of names) copyFileSync('/bin/sleep', path.join(folder, name));
  const [short, long, other] = names.map((name) => path.join(folder, name));
  const watched = new WatchedManager(t, {
    monitors: {
      program: [
        { names: names.slice(0, 2), ...NOW },
        { names: [other!], target: 'gpu', ...NOW },
      ],
    },
  });
  // Its first 15 bytes are those of one that is waited for.
  child(t, other!, ['60']);
  await watched.until(() => watched.manager.decision.anyGpu.action === 'kill');
  assert.equal(watched.action, 'run');
  for (const file of [short!, long!]) {
    const game = child(t, file, ['60']);
    await once(game, 'spawn');
    const tookMs = await watched.untilAction('kill');
    assert.ok(tookMs < 2_000, `after ${tookMs} ms`);
    const { text } = watched.manager.decision.cpu.reasons[0]!;
    assert.equal(text, `${path.basename(file)} runs (process ${game.pid})`);
    game.kill('SIGKILL');
    await watched.untilAction('run');
  }
});

test("of another user's program, whose file is hidden, the command line counts", async (t) => {
  const stat = (name: string): string => `5 (${name}) S 1 5 5 0 -1 0 0 0 0 0 1 1 1 1 20 0 1 0 100 0 0`;
  const tree = new Tree(t, { 'proc/5/stat': stat('render'), 'proc/5/cmdline': '/usr/bin/render\0-x\0' });
  const long = 'render-with-a-long-name';
  const watched = new WatchedManager(t, {
    root: tree.root,
    monitors: { program: { names: ['/opt/render/render', long], everyMs: 100, ...NOW } },
  });
  await sleep(300);
  assert.equal(watched.action, 'run');
  for (const [name, line] of [
    ['render', '/opt/render/render\0-x\0'],
    ['render', 'render\0'],
    [long.slice(0, 15), `/opt/${long}\0`],
  ] as const) {
    tree.write({ 'proc/5/stat': stat(name), 'proc/5/cmdline': line });
    await watched.untilAction('kill');
    assert.deepEqual(watched.codes, ['PROGRAM_RUNNING']);
    tree.remove('proc/5');
    await watched.untilAction('run');
  }
});

for (const [how, windowMs] of [
  // Every user may be told of a window of 2 s. One of 2.5 s is read, but for root.
  ['as the kernel tells', 2_000],
  ['as its counters say', 2_500],
] as const)
  test(
    `tasks that wait for a core are seen by pressure, ${how}`,
    { skip: !existsSync('/proc/pressure/cpu') && 'this kernel has no pressure stall information' },
    async (t) => {
      const watched = new WatchedManager(t, {
        monitors: { pressure: { cpu: 20, memory: null, windowMs, ...NOW } },
      });
      for (let i = 0; i < 3 * availableParallelism(); i++) child(t, '/bin/sh', ['-c', BUSY]);
      await watched.untilAction('kill');
      assert.deepEqual(watched.codes, ['PRESSURE_CPU']);
      assert.match(
        watched.manager.decision.cpu.reasons[0]!.text,
        /^tasks wait for a core (\d+% of the time, )?more than 20%( of the time)?$/,
      );
    },
  );

test('a kernel without pressure stall information is said', (t) => {
  const tree = new Tree(t, {});
  const watched = new WatchedManager(t, { root: tree.root, monitors: { pressure: true } });
  assert.match(
    watched.unavailable[0]![1],
    /pressure\/memory cannot be read \(ENOENT\): the kernel needs CONFIG_PSI/,
  );
});
