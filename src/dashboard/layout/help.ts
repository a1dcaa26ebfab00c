import { KEY_HELP } from '../keys.js';
import { fit, fitLine, span, wrap, type Line } from './styled-text.js';
import type { Theme } from './theme.js';

const KEYS = 11;
const LEGEND: readonly string[] = [
  'Curves show the last five minutes. In the upper one, red marks time in which Slices failed.',
  'A Slice has a bar once it has said how far it is. A Slice that is over in some milliseconds shows as one of those ' +
    'that ran lately.',
  'Earnings: an embedded Scheduler pays nobody.',
];

/** The help, `from` that row on, in exactly `rows` rows, and how far it can be scrolled. */
export function helpLines(from: number, rows: number, width: number, theme: Theme) {
  const all: Line[] = [fitLine([], width, theme)];
  for (const { keys, text } of KEY_HELP) {
    wrap(text, Math.max(1, width - KEYS - 1), 4, theme).forEach((row, i) =>
      all.push(
        fitLine([span(fit(i === 0 ? ` ${keys}` : '', KEYS, theme), 'strong'), span(row)], width, theme),
      ),
    );
  }
  for (const text of LEGEND) {
    all.push(fitLine([], width, theme));
    for (const row of wrap(text, Math.max(1, width - 2), 5, theme))
      all.push(fitLine([span(` ${row}`)], width, theme));
  }
  const furthest = Math.max(0, all.length - rows);
  const first = Math.min(from, furthest);
  const lines = Array.from({ length: rows }, (_, i) => all[first + i] ?? fitLine([], width, theme));
  return { lines, furthest };
}
