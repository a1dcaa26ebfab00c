/** Colours and glyphs for the terminals there are. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { FIXED_COLOURS, STYLES, showsUnicode, themeFor } from '#src/dashboard/layout/theme.js';

/** Red, green and blue of the fixed part of the 256 colours, 0 to 255. */
function rgbOf(index: number): number[] {
  if (index >= 232) return Array<number>(3).fill(8 + 10 * (index - 232));
  const level = (step: number): number => (step === 0 ? 0 : 55 + 40 * step);
  const cube = index - 16;
  return [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level);
}

/** WCAG 2.2, "relative luminance". */
function luminanceOf(index: number): number {
  const [r, g, b] = rgbOf(index).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test('every colour has a contrast of four to one with black and with white', () => {
  for (const [name, index] of Object.entries(FIXED_COLOURS)) {
    const luminance = luminanceOf(index);
    assert.ok((luminance + 0.05) / 0.05 >= 4, `${name} on black`);
    assert.ok(1.05 / (luminance + 0.05) >= 4, `${name} on white`);
  }
});

test('without colours (NO_COLOR, a monochrome terminal) there is bold and inverse alone', () => {
  const { sgr } = themeFor(1, true);
  assert.deepEqual(new Set(STYLES.map((style) => sgr[style])), new Set(['', '1', '7']));
});

test('sixteen colours are those of the user, never yellow, white or a bright one; a background is never set', () => {
  const parameters = STYLES.flatMap((style) => themeFor(4, true).sgr[style].split(';').map(Number));
  for (const parameter of parameters)
    assert.ok([0, 1, 2, 7, 31, 32, 35, 36].includes(parameter), `${parameter}`);
  for (const depth of [8, 24])
    for (const style of STYLES) assert.match(themeFor(depth, true).sgr[style], /^(|7|1|(1;)?38;5;\d+)$/);
});

test('the locale says whether there is more than ASCII, in the order that POSIX has', () => {
  assert.equal(showsUnicode({ LANG: 'de_DE.UTF-8' }), true);
  assert.equal(showsUnicode({ LANG: 'C.utf8' }), true);
  assert.equal(showsUnicode({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' }), false);
  assert.equal(showsUnicode({ LANG: 'C', LC_CTYPE: 'en_US.UTF-8', LC_ALL: '' }), true);
  assert.equal(showsUnicode({}), false);
  assert.equal(showsUnicode({ LANG: 'C.UTF-8', TERM: 'linux' }), false);
});

test('without Unicode every glyph is one ASCII character', () => {
  const { spark, ...others } = themeFor(8, false).glyphs;
  for (const glyph of [...spark, ...Object.values(others)]) assert.match(glyph, /^[\x20-\x7e]$/);
  assert.equal(spark.length, themeFor(8, true).glyphs.spark.length);
});
