/** What people do: typing at terminals, signals. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryDirectory } from '../cli/support.js';
import { Tree, WatchedManager } from './support.js';

const NO_TERMINALS = !existsSync('/dev/pts/ptmx') && 'no pseudo terminals here';
/** Left from the kernel's note, which it takes every 8 s. */
const NOTED_MS = 8_000;

interface Terminal {
  /** A folder with this one terminal in it. */
  readonly folder: string;
  readonly typing: Writable;
}

/** A terminal with a program in it that reads what is typed, and prints without being asked when `prints`. */
async function openTerminal(t: TestContext, prints: boolean): Promise<Terminal> {
  const inside = prints ? 'tty; while :; do echo a line of a log; sleep 0.2; done' : 'tty; exec cat';
  const script: ChildProcessByStdio<Writable, Readable, null> = spawn(
    'script',
    ['-qfc', inside, '/dev/null'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  t.after(() => script.kill('SIGKILL'));
  const file = await new Promise<string>((resolve) => {
    script.stdout.on('data', (text: Buffer) => {
      const [name] = /\/dev\/pts\/\d+/.exec(text.toString()) ?? [];
      if (name !== undefined) resolve(name);
    });
  });
  const folder = temporaryDirectory(t);
  symlinkSync(file, path.join(folder, 'terminal'));
  return { folder, typing: script.stdin };
}

/** Watches this one terminal: others on this machine are other people's. */
function watch(t: TestContext, { folder }: Terminal): WatchedManager {
  return new WatchedManager(t, {
    monitors: { pts: { directory: folder, idleS: 1, consoles: false, everyMs: 100 } },
  });
}

test(
  'typing at a terminal stops evaluators within a second, until nobody types',
  { skip: NO_TERMINALS },
  async (t) => {
    const terminal = await openTerminal(t, false);
    const watched = watch(t, terminal);
    // Opening one is something that somebody does, too.
    await watched.untilAction('run');
    await sleep(NOTED_MS);
    assert.equal(watched.action, 'run');
    terminal.typing.write('x\n');
    const tookMs = await watched.untilAction('kill');
    assert.ok(tookMs < 1_000, `after ${tookMs} ms`);
    const { code, text } = watched.manager.decision.cpu.reasons[0]!;
    assert.deepEqual(
      [code, text],
      ['TERMINAL_ACTIVE', `somebody typed at ${terminal.folder}/terminal within the last 1 s`],
    );
    await watched.untilAction('run');
  },
);

test('a log that is followed is nobody at work', { skip: NO_TERMINALS }, async (t) => {
  const watched = watch(t, await openTerminal(t, true));
  await watched.untilAction('run');
  const before = watched.decisions.length;
  await sleep(NOTED_MS + 500);
  assert.equal(watched.decisions.length, before);
});

test('a folder of terminals that is not there is said', (t) => {
  const watched = new WatchedManager(t, { monitors: { pts: { directory: '/nowhere/pts' } } });
  assert.deepEqual(watched.unavailable, [['pts', '/nowhere/pts cannot be read (ENOENT)']]);
});

test('files that are no terminals are not looked at', (t) => {
  const tree = new Tree(t, { 'pts/0': '', 'dev/tty1': '' });
  const watched = new WatchedManager(t, {
    root: tree.root,
    monitors: { pts: { directory: `${tree.root}/pts` } },
  });
  assert.equal(watched.action, 'run');
});

test('a signal stops evaluators, and the next one lets them start', async (t) => {
  const watched = new WatchedManager(t, { stop: 'freeze', monitors: { signal: { signal: 'usr2' } } });
  for (const _ of [1, 2]) {
    process.kill(process.pid, 'SIGUSR2');
    assert.ok((await watched.untilAction('kill')) < 1_000);
    assert.deepEqual(watched.codes, ['SIGNAL_TOGGLE']);
    process.kill(process.pid, 'SIGUSR2');
    await watched.untilAction('run');
  }
});

test('a quick signal ends those that run, and no more', async (t) => {
  const watched = new WatchedManager(t, { monitors: { signal: { signal: '12', mode: 'quick' } } });
  process.kill(process.pid, 'SIGUSR2');
  await watched.until(() => watched.decisions.length === 2);
  assert.deepEqual(
    watched.decisions.map(({ cpu }) => [cpu.action, cpu.reasons[0]?.code]),
    [
      ['kill', 'SIGNAL_QUICK'],
      ['run', undefined],
    ],
  );
});
