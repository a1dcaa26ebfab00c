/** What is written to a terminal so that it shows other lines than before. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { fitLine, span, type Line } from '#src/dashboard/layout/styled-text.js';
import { themeFor, type Style } from '#src/dashboard/layout/theme.js';
import { Screen } from '#src/dashboard/terminal/screen.js';
import { Emulator, usualWidth } from './emulator.js';

const UTF8 = themeFor(4, true);

test('nothing is written for lines that are shown already', () => {
  const screen = new Screen(UTF8);
  const lines = (): Line[] => [[span('one'), span('two', 'bad')], []];
  assert.notEqual(screen.update(lines(), 20), '');
  assert.equal(screen.update(lines(), 20), '');
  screen.forget();
  assert.notEqual(screen.update(lines(), 20), '');
});

test('of a long row the part that has changed is written, with its style alone', () => {
  const screen = new Screen(UTF8);
  const line = (n: string): Line[] => [[span('x'.repeat(60)), span(n, 'good'), span('y'.repeat(30))]];
  screen.update(line('1'), 100);
  assert.equal(screen.update(line('2'), 100), '\x1b[1;61H\x1b[0;32m2\x1b[0m');
});

test('after a character that terminals do not agree about the place is said anew, and stale columns are emptied', () => {
  const screen = new Screen(UTF8);
  assert.equal(screen.update([[span('a☂b')]], 3), '\x1b[0m\x1b[2J\x1b[1;1Ha \x1b[1;2H☂\x1b[1;3Hb');
});

const STYLES: readonly Style[] = ['plain', 'dim', 'bad', 'inverse'];
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    '分散',
    'a界b',
    '👩\u200d💻x',
    'e\u0301\u0302',
    '\x1b[31m',
    '한',
    '☂',
    ' '.repeat(9),
    'text',
  ),
);
const lines = fc.array(
  fc.array(fc.record({ text: texts, style: fc.constantFrom(...STYLES) }), { maxLength: 5 }),
  { minLength: 3, maxLength: 3 },
);

test('whatever was shown before, the terminal shows the lines, as one that shows nothing else does', () => {
  fc.assert(
    fc.property(
      fc.array(lines, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 24 }),
      (frames, columns) => {
        const screen = new Screen(UTF8);
        const terminal = new Emulator(columns, 3);
        for (const frame of frames) {
          terminal.write(screen.update(frame, columns));
          const fresh = new Emulator(columns, 3);
          fresh.write(new Screen(UTF8).update(frame, columns));
          assert.deepEqual(terminal.cells, fresh.cells);
          assert.deepEqual(terminal.styles, fresh.styles);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a terminal that takes an umbrella for wide, or for nothing, shows what is behind it in its place', () => {
  for (const width of [0, 2] as const) {
    const terminal = new Emulator(20, 1, (char) => (char === '☂' ? width : usualWidth(char)));
    const screen = new Screen(UTF8);
    for (const name of ['☂☂☂', 'abc', 'a☂c', '']) {
      const line = [...fitLine([span(name)], 8, UTF8), span('|end')];
      terminal.write(screen.update([line], 20));
      assert.equal(terminal.rows[0]!.replaceAll('☂', '').slice(-12).trimEnd().slice(-4), '|end');
      assert.equal(terminal.cells[0]![8], '|');
    }
  }
});

test('a larger or smaller terminal is drawn anew', () => {
  const screen = new Screen(UTF8);
  screen.update([[span('one')], [span('two')]], 10);
  assert.match(screen.update([[span('one')]], 10), /^\x1b\[0m\x1b\[2J/);
  assert.match(screen.update([[span('one')]], 12), /^\x1b\[0m\x1b\[2J/);
});
