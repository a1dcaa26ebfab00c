import { charactersOf, type Character } from './characters.js';
import type { Style, Theme } from './theme.js';

/** A piece of text that looks the same throughout. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A row of a terminal, from its first column. */
export type Line = readonly Span[];

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style };
}

/** Columns that a text takes. */
export function widthOf(text: string, { unicode }: Theme): number {
  return charactersOf(text, unicode).reduce((sum, { width }) => sum + width, 0);
}

function lineWidth(line: Line, theme: Theme): number {
  return line.reduce((sum, { text }) => sum + widthOf(text, theme), 0);
}

/** A text in exactly so many columns: filled up with spaces, or cut with an ellipsis. */
export function fit(text: string, width: number, theme: Theme, align: 'left' | 'right' = 'left'): string {
  const { characters, width: taken } = cut(charactersOf(text, theme.unicode), width, theme);
  const space = ' '.repeat(Math.max(0, width - taken));
  const shown = characters.map(({ text }) => text).join('');
  return align === 'left' ? shown + space : space + shown;
}

/** A line in exactly so many columns. */
export function fitLine(line: Line, width: number, theme: Theme): Line {
  const fitted: Span[] = [];
  let left = width;
  for (const { text, style } of line) {
    const needed = widthOf(text, theme);
    const taken = Math.min(left, needed);
    if (taken > 0) fitted.push({ text: fit(text, taken, theme), style });
    left -= taken;
    if (needed > taken) break;
  }
  if (left > 0) fitted.push(span(' '.repeat(left)));
  return fitted;
}

/** One line at both ends of a row. The right one stays as it is as long as the left one keeps `atLeast` columns. */
export function bothEnds(left: Line, right: Line, width: number, theme: Theme, atLeast = 20): Line {
  const rightWidth = lineWidth(right, theme);
  if (width - rightWidth < atLeast + 1) return fitLine(left, width, theme);
  return [...fitLine(left, width - rightWidth, theme), ...fitLine(right, rightWidth, theme)];
}

/** A text in rows of `width` columns, broken between words where there are any; at most `maxRows`, the last one cut. */
export function wrap(text: string, width: number, maxRows: number, theme: Theme): string[] {
  const rows: string[] = [];
  let rest = charactersOf(text, theme.unicode);
  while (rows.length < maxRows - 1) {
    const end = rowEnd(rest, width);
    if (end === rest.length) break;
    rows.push(textOf(rest.slice(0, end)).trimEnd());
    rest = rest.slice(end);
    while (rest[0]?.text === ' ') rest = rest.slice(1);
  }
  rows.push(textOf(cut(rest, width, theme).characters).trimEnd());
  return rows;
}

/** How many characters a row takes, at least one. */
function rowEnd(characters: readonly Character[], width: number): number {
  let taken = 0;
  let afterSpace = 0;
  for (let i = 0; i < characters.length; i++) {
    taken += characters[i]!.width;
    if (taken > width) return afterSpace > 0 ? afterSpace : Math.max(1, i);
    if (characters[i]!.text === ' ') afterSpace = i + 1;
  }
  return characters.length;
}

function cut(
  characters: readonly Character[],
  width: number,
  { glyphs }: Theme,
): { characters: readonly Character[]; width: number } {
  let taken = 0;
  let fits = 0;
  /** Of those that leave a column for the ellipsis. */
  let kept = 0;
  let keptWidth = 0;
  for (const { width: more } of characters) {
    if (taken + more > width) {
      if (width < 1) return { characters: [], width: 0 };
      const ellipsis: Character = { text: glyphs.ellipsis, width: 1, certain: true };
      return { characters: [...characters.slice(0, kept), ellipsis], width: keptWidth + 1 };
    }
    taken += more;
    fits++;
    if (taken < width) {
      kept = fits;
      keptWidth = taken;
    }
  }
  return { characters, width: taken };
}

function textOf(characters: readonly Character[]): string {
  return characters.map(({ text }) => text).join('');
}
