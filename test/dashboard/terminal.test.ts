/** The dashboard in a real terminal: keys, sizes and colours. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openTerminal, PROGRAM } from './opened-terminal.js';
import { withoutTmux } from './tmux.js';

const skip = withoutTmux;

test('80x24: it is shown, follows the size of its terminal, and leaves by q, q', { skip }, async (t) => {
  const { terminal, start, isBack } = await openTerminal(t);
  const first = await start('--gpu', '--sandboxes', '12', '--history', '100', '--idle', 'NO_WORK');
  const rows = first.split('\n');
  assert.match(rows[0]!, /^ dcp-worker running {2}up .* done {2}2 failed/);
  for (const pattern of [
    /^ Slices\/s .*[▁▂▃▄▅▆▇█]{5}/m,
    /^ GPU .*25 %/m,
    /and \d+ more/,
    /^ {7}deploy a Job/m,
  ])
    assert.match(first, pattern);
  assert.match(rows[23]!, /^ q quit .*\? help/);

  await terminal.resize(120, 40);
  const wide = await terminal.shows(/─│▸ Log ─/);
  assert.match(wide, /^ +12 .*│$/m);
  assert.match(wide.split('\n')[39]!, /^ q quit/);

  await terminal.resize(40, 10);
  const small = await terminal.shows(/^ q quit {2}p pause {2}d drain {2}.*help$/m);
  assert.doesNotMatch(small, /CPU|│/);
  assert.match(small, /and 10 more/);

  await terminal.resize(30, 8);
  await terminal.shows(/^30x8 is too small/);
  await terminal.resize(80, 24);
  await terminal.shows(/^ CPU /m);

  await terminal.press('q');
  await terminal.shows(/Press q again to stop/);
  await terminal.press('q');
  await isBack(/^stopped after stop$/m);
});

test('keys: help, pause and resume, drain, reload, panes', { skip }, async (t) => {
  const { terminal, start, isBack } = await openTerminal(t);
  await start('--sandboxes', '30', '--history', '3', '--ending', '100000');
  await terminal.press('?');
  await terminal.shows(/^ Ctrl-Z +suspend/m);
  await terminal.press('Escape');
  await terminal.shows(/Sandboxes/);
  await terminal.press('p');
  await terminal.shows(/dcp-worker paused.*[^]* p resume/);
  await terminal.press('p');
  await terminal.shows(/dcp-worker running[^]* p pause/);
  await terminal.press('r');
  await terminal.shows(/^ reportInterval is 5 s now/m);
  await terminal.press('Tab');
  await terminal.shows(/^▸ Sandboxes/m);
  await terminal.press('Down', 'Down', 'NPage');
  await terminal.shows(/and \d\d above, \d+ below/);
  await terminal.press('Home');
  await terminal.shows(/^ +1 Squares/m);
  await terminal.press('l');
  await terminal.shows(/and 29 more/);
  await terminal.press('d');
  await terminal.shows(/Press d again to finish/);
  await terminal.press('x', 'Down');
  await terminal.shows(/q quit/);
  await terminal.press('d', 'd');
  await terminal.shows(/dcp-worker stopping/);
  await terminal.press('p');
  await terminal.shows(/The Worker is stopping/);
  // Ctrl-C asks nothing: a soft stop, one at once.
  await terminal.press('C-c');
  await terminal.shows(/worker is stopping/);
  await terminal.press('q');
  await terminal.shows(/Press q again to end the running Slices at once/);
  await terminal.press('C-c');
  await isBack(/^stopped after pause, resume, reload, drain, stop, stop now$/m);
});

test('pasted text is no key', { skip }, async (t) => {
  const { terminal, start, isBack } = await openTerminal(t);
  await start('--ending', '0');
  await terminal.paste('qqpdd');
  await terminal.press('l', 'p');
  await terminal.shows(/dcp-worker paused/);
  await terminal.press('C-c');
  await isBack(/^stopped after pause, stop$/m);
});

test('without a terminal it says why', { skip }, async (t) => {
  const { terminal } = await openTerminal(t, [100, 30]);
  assert.match(await terminal.output(`${PROGRAM} < /dev/null`), /standard input is not a terminal/);
  assert.match(await terminal.output(`${PROGRAM} | cat`), /standard output is not a terminal/);
  assert.match(await terminal.output(`TERM=dumb ${PROGRAM}`), /TERM is "dumb"/);
});

test(
  'colours: as many as the terminal has, none with NO_COLOR; ASCII where the locale is not UTF-8',
  { skip },
  async (t) => {
    const { terminal, start, isBack } = await openTerminal(t);
    await start('--history', '60');
    assert.match(await terminal.screen(true), /\x1b\[38;5;28m(\x1b\[49m)?running/);
    await terminal.press('C-c');
    await isBack(/^stopped after stop$/m);

    await terminal.type('export NO_COLOR=1 LC_ALL=C');
    const plain = await start('--history', '60');
    assert.match(plain, /^ Slices\/s .*[_.:=+*#-]{8}/m);
    assert.match(plain, /^[\x00-\x7f]*$/);
    assert.doesNotMatch(await terminal.screen(true), /\x1b\[[\d;]*3[0-8]/);
  },
);
