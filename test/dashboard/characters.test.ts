/** Text from Jobs and logs is hostile: what of it reaches a terminal, and how wide that is. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { charactersOf } from '#src/dashboard/layout/characters.js';
import { fit, fitLine, span, widthOf, wrap } from '#src/dashboard/layout/styled-text.js';
import { themeFor } from '#src/dashboard/layout/theme.js';

const UTF8 = themeFor(8, true);
const ASCII = themeFor(8, false);
const shown = (text: string, unicode = true): string =>
  charactersOf(text, unicode)
    .map((character) => character.text)
    .join('');

test('escape sequences are taken out, and so is what is left of broken ones', () => {
  assert.equal(shown('\x1b[31mred\x1b[0m'), 'red');
  assert.equal(shown('a\x1b]0;title\x07b'), 'ab');
  assert.equal(shown('\x9b2Jx'), 'x');
  assert.equal(shown('a\x1b'), 'a\ufffd');
  assert.equal(shown('\x07\x08\x7f'), '\ufffd\ufffd\ufffd');
});

test('line breaks and tabs become one space', () => {
  assert.equal(shown('a\r\n\tb\u2028c'), 'a b c');
});

test('nothing invisible passes: joiners, variation selectors, marks of direction, lone surrogates', () => {
  assert.equal(shown('a\u200b\u202eb\u2066\ufe0f\u00ad'), 'ab');
  assert.equal(shown('👩\u200d💻'), '👩💻');
  assert.equal(shown('a\ud800b'), 'a\ufffdb');
});

test('a character keeps two combining marks, and a mark alone is left out', () => {
  assert.equal(shown('e\u0301\u0302\u0303\u0304!'), 'e\u0301\u0302!');
  assert.equal(shown('\u0301a'), 'a');
  assert.equal(widthOf('e\u0301\u0302\u0303', UTF8), 1);
});

test('a terminal of another locale gets ASCII', () => {
  assert.equal(shown('Größe → 大きさ e\u0301', false), 'Gr??e ? ??? e');
  assert.equal(widthOf('大', ASCII), 1);
});

test('a wide character takes two columns and is never cut in half', () => {
  assert.equal(widthOf('分散', UTF8), 4);
  assert.equal(fit('分散計算', 8, UTF8), '分散計算');
  assert.equal(fit('分散計算', 7, UTF8), '分散計…');
  assert.equal(fit('分散計算', 6, UTF8), '分散… ');
  assert.equal(fit('分', 1, UTF8), '…');
  assert.equal(fit('分', 0, UTF8), '');
});

test('what is aligned to the right is filled up on the left', () => {
  assert.equal(fit('7', 3, UTF8, 'right'), '  7');
  assert.equal(fit('12345', 3, ASCII, 'right'), '12~');
});

test('any text fits any width exactly, whatever is in it, and fits as it is the second time', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.string({ unit: 'binary-ascii', maxLength: 40 }),
  );
  fc.assert(
    fc.property(text, fc.nat(30), fc.boolean(), (text, width, unicode) => {
      const theme = unicode ? UTF8 : ASCII;
      const fitted = fit(text, width, theme);
      assert.equal(widthOf(fitted, theme), width);
      assert.equal(fit(fitted, width, theme), fitted);
      assert.doesNotMatch(fitted, /[\x00-\x1f\x7f-\x9f]/);
      const line = fitLine([span(text), span(text, 'bad')], width, theme);
      assert.equal(
        line.reduce((sum, part) => sum + widthOf(part.text, theme), 0),
        width,
      );
      for (const row of wrap(text, Math.max(2, width), 3, theme))
        assert.ok(widthOf(row, theme) <= Math.max(2, width));
    }),
    { numRuns: 300 },
  );
});

test('a text is broken between words, and in a word that is longer than a row', () => {
  assert.deepEqual(wrap('one two three', 8, 4, UTF8), ['one two', 'three']);
  assert.deepEqual(wrap('abcdefghij', 4, 4, UTF8), ['abcd', 'efgh', 'ij']);
  assert.deepEqual(wrap('one two three four', 5, 2, UTF8), ['one', 'two …']);
  assert.deepEqual(wrap('', 5, 2, UTF8), ['']);
});

test('of a megabyte of text nothing is looked at but its beginning', () => {
  assert.ok(charactersOf('\x1b[31m界'.repeat(200_000), true).length < 1_000);
});
