/** The panes that the arrow keys move, in the order in which Tab goes from one to the next. */
const PANES = ['sandboxes', 'log'] as const;
export type PaneName = (typeof PANES)[number];

/** Something that is done only when its key is pressed once more. */
export type Question = 'stop' | 'drain';

/** What the person in front of the terminal has chosen to see, and what they are told. */
export interface View {
  readonly focus: PaneName;
  /** Entries above the first one shown, or behind the last one: Sandboxes from the top, records from the end. */
  readonly scrolled: Readonly<Record<PaneName, number>>;
  readonly logIsLarge: boolean;
  /** Rows of the help that are scrolled away; null: it is not shown. */
  readonly help: number | null;
  readonly question: Question | null;
  /** A line for the person: what a key brought about. */
  readonly notice: string | null;
  /** How often they told the Worker to stop. */
  readonly stops: number;
}

export const FIRST_VIEW: View = {
  focus: 'log',
  scrolled: { sandboxes: 0, log: 0 },
  logIsLarge: false,
  help: null,
  question: null,
  notice: null,
  stops: 0,
};

/** How far things can be scrolled, as the last frame has it. */
export interface Extents {
  readonly page: Readonly<Record<PaneName, number>>;
  readonly furthest: Readonly<Record<PaneName, number>>;
  readonly helpFurthest: number;
}

export type Scroll = 'up' | 'down' | 'pageUp' | 'pageDown' | 'first' | 'last';

/** The next pane, or the help, moved. The log begins at its end: up leads to older records. */
export function scroll(view: View, to: Scroll, extents: Extents): View {
  if (view.help !== null)
    return { ...view, help: moved(view.help, to, extents.helpFurthest, extents.helpFurthest) };
  const { focus, scrolled } = view;
  const [page, furthest] = [extents.page[focus], extents.furthest[focus]];
  const next =
    focus === 'log'
      ? moved(scrolled.log, OPPOSITE[to], page, furthest)
      : moved(scrolled.sandboxes, to, page, furthest);
  return { ...view, scrolled: { ...scrolled, [focus]: next } };
}

const OPPOSITE: Readonly<Record<Scroll, Scroll>> = {
  up: 'down',
  down: 'up',
  pageUp: 'pageDown',
  pageDown: 'pageUp',
  first: 'last',
  last: 'first',
};

function moved(from: number, to: Scroll, page: number, furthest: number): number {
  const steps: Readonly<Record<Scroll, number>> = {
    up: -1,
    down: 1,
    pageUp: -page,
    pageDown: page,
    first: -Infinity,
    last: Infinity,
  };
  return Math.max(0, Math.min(furthest, Math.min(furthest, from) + steps[to]));
}

export function nextPane(view: View): View {
  return { ...view, focus: PANES[(PANES.indexOf(view.focus) + 1) % PANES.length]! };
}

/** The log has one more record: who reads an older one keeps it in front of them. */
export function withNewRecord(view: View): View {
  const { scrolled } = view;
  return scrolled.log === 0 ? view : { ...view, scrolled: { ...scrolled, log: scrolled.log + 1 } };
}
