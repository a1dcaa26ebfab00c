/** A terminal is given back as it was, whatever ends the dashboard or puts it aside. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openTerminal, PROGRAM } from './opened-terminal.js';
import { withoutTmux } from './tmux.js';

const skip = withoutTmux;

test(
  'Ctrl-Z gives the terminal back; fg takes it again, in a terminal of another size',
  { skip },
  async (t) => {
    const { terminal, start, isBack } = await openTerminal(t);
    await start();
    for (let i = 0; i < 2; i++) {
      await terminal.press('C-z');
      await isBack(/Stopped .*show/);
      await terminal.resize(100, 30);
      await terminal.type('clear; echo above; fg');
      await terminal.shows(/^ dcp-worker .{80,}/m);
      assert.match(await terminal.modes(), /alternate_on=1 cursor_flag=0 wrap_flag=0/);
      await terminal.resize(80, 24);
      await terminal.shows(/^ CPU .{60,76}$/m);
    }
    await terminal.press('C-c');
    await isBack(/^stopped after stop$/m);
  },
);

test('in the background it goes on unseen, and may end there', { skip }, async (t) => {
  const { terminal, start, isBack } = await openTerminal(t);
  await start('--chatter', 'tick');
  await terminal.press('C-z');
  await terminal.shows(/Stopped .*show/);
  await terminal.type('clear; echo above; bg');
  await isBack(/^\[1\]\+ .*show.* &$/m);
  await terminal.type('fg');
  await terminal.shows(/^ dcp-worker running[^]*tick/);
  await terminal.press('C-z');
  await terminal.shows(/Stopped .*show/);
  await terminal.type('clear; echo above; bg; sleep 0.3; kill %1; wait; jobs');
  await isBack(/Done .*show/);
});

test('started in the background it waits for the terminal', { skip }, async (t) => {
  const { terminal, isBack } = await openTerminal(t);
  await terminal.type(`clear; echo above; ${PROGRAM} --chatter tick & sleep 1; jobs`);
  await terminal.shows(/^\[1\]\+ +Running/m);
  await terminal.type('fg');
  await terminal.shows(/^ dcp-worker running[^]*tick/);
  await terminal.press('C-c');
  await isBack(/^stopped after stop$/m);
});

test('kill -STOP and fg: it takes the terminal again', { skip }, async (t) => {
  const { terminal, start, isBack } = await openTerminal(t);
  await start();
  process.kill(await terminal.foregroundProcess(), 'SIGSTOP');
  await terminal.shows(/Stopped .*show/);
  await terminal.type('fg');
  await terminal.shows(/^ CPU .*cores/m);
  await terminal.press('p');
  await terminal.shows(/dcp-worker paused/);
  await terminal.press('C-c');
  await isBack(/^stopped after pause, stop$/m);
});

for (const [how, signals, args, pattern] of [
  ['kill -TERM', ['SIGTERM'], [], /^stopped after stop$/m],
  ['a second signal', ['SIGTERM', 'SIGINT'], ['--ending', '100000'], /^stopped after stop, stop now$/m],
  [
    'the third signal, which exits',
    ['SIGTERM', 'SIGINT', 'SIGQUIT'],
    ['--ending', '100000', '--slow'],
    /^\$$/m,
  ],
  ['a signal that nobody listens to', ['SIGTERM'], ['--deaf'], /^Terminated/m],
  ['hanging up', ['SIGHUP'], [], /^Hangup/m],
  ['SIGQUIT', ['SIGQUIT'], ['--deaf'], /^Quit/m],
  ['an uncaught exception', ['SIGUSR2'], [], /^Error: thrown by the test$/m],
  ['an uncaught exception that somebody tells of', ['SIGUSR2'], ['--tell'], /^told of: thrown by the test$/m],
] as const) {
  test(`the terminal is given back after ${how}`, { skip }, async (t) => {
    const { terminal, start, isBack } = await openTerminal(t, [100, 30]);
    await start(...args);
    const pid = await terminal.foregroundProcess();
    for (const signal of signals) process.kill(pid, signal);
    await isBack(pattern);
  });
}

test('a terminal that is gone stops the Worker', { skip }, async (t) => {
  const { terminal, start } = await openTerminal(t);
  await start('--listens-to-hangup');
  const pid = await terminal.foregroundProcess();
  await terminal.killPane();
  const end = performance.now() + 30_000;
  while (isAlive(pid)) assert.ok(performance.now() < end, 'it runs on');
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
