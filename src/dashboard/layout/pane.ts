import { fitLine, span, widthOf, type Line } from './styled-text.js';
import type { Theme } from './theme.js';

/** A part of the screen whose content scrolls. */
export interface Pane {
  readonly lines: readonly Line[];
  /** Entries that a page has, at least 1, and how far the pane can be scrolled, in entries. */
  readonly page: number;
  readonly furthest: number;
}

/** The rule above a pane, with its name. The pane that the arrow keys move has a mark and a name that stands out. */
export function paneTitle(name: string, note: string, focused: boolean, width: number, theme: Theme): Line {
  const { rule, focus } = theme.glyphs;
  const title = `${focused ? focus : rule} ${name} `;
  const behind = note === '' ? '' : `${note} `;
  const rest = Math.max(0, width - widthOf(title, theme) - widthOf(behind, theme));
  return fitLine(
    [span(title, focused ? 'strong' : 'plain'), span(behind, 'dim'), span(rule.repeat(rest), 'dim')],
    width,
    theme,
  );
}
