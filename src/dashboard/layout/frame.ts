import type { LogRecord } from '../../logging/index.js';
import type { WorkerHistory, WorkerStatus } from '../../status/index.js';
import type { Extents, View } from '../view.js';
import { chartLines } from './charts.js';
import { footerLine } from './footer.js';
import { headerLine, machineLine } from './header.js';
import { helpLines } from './help.js';
import { logPane } from './log-pane.js';
import type { Pane } from './pane.js';
import { sandboxPane, sandboxPaneNeeds } from './sandbox-pane.js';
import { fitLine, span, type Line } from './styled-text.js';
import type { Theme } from './theme.js';
import { gateLines, idleLines, queueLine } from './work-lines.js';

/** Of a terminal, in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** All that a frame is made of. */
export interface Scene {
  readonly status: WorkerStatus;
  readonly history: WorkerHistory;
  readonly records: readonly LogRecord[];
  readonly view: View;
  readonly size: Size;
  readonly theme: Theme;
}

export interface Frame {
  /** One for each row of the terminal, as wide as it is. */
  readonly lines: readonly Line[];
  readonly extents: Extents;
}

/** Below this there is one line that says so. */
const SMALLEST: Size = { columns: 40, rows: 10 };
/** From so many columns on, the panes are side by side. */
const SIDE_BY_SIDE_COLUMNS = 120;
/** From so many rows on there are curves, and those below the first; fewer have one line about the Worker, and no remedy. */
const ROWS_FOR_CHART = 14;
const ROWS_FOR_ALL_CHARTS = 20;
/** A pane has its title and one row at least. */
const PANE_ROWS = 2;
const NO_EXTENTS: Extents = {
  page: { sandboxes: 1, log: 1 },
  furthest: { sandboxes: 0, log: 0 },
  helpFurthest: 0,
};

/** What a terminal of that size shows of a Worker. */
export function layOut(scene: Scene): Frame {
  const { status, view, size, theme } = scene;
  const { columns, rows } = size;
  if (columns < SMALLEST.columns || rows < SMALLEST.rows)
    return { lines: tooSmall(size, theme), extents: NO_EXTENTS };
  const header = [headerLine(status, columns, theme)];
  const footer = footerLine(view, status.state, columns, theme);
  if (view.help !== null) {
    const help = helpLines(view.help, rows - 2, columns, theme);
    const extents = { ...NO_EXTENTS, helpFurthest: help.furthest };
    return { lines: [...header, ...help.lines, footer], extents };
  }
  const idle = idleLines(status, columns, theme);
  if (rows < ROWS_FOR_CHART) {
    idle.splice(1);
  } else {
    header.push(machineLine(status, columns, theme));
    const charts = chartLines(status, scene.history, columns, theme);
    header.push(...(rows < ROWS_FOR_ALL_CHARTS ? charts.slice(0, 1) : charts));
  }
  const gates = rows < ROWS_FOR_CHART ? [] : gateLines(status, columns, theme);
  const work = [queueLine(status, columns, theme), ...gates, ...idle];
  const room = rows - header.length - work.length - 1;
  const { lines, sandboxes, log } = (columns >= SIDE_BY_SIDE_COLUMNS ? sideBySide : stacked)(scene, room);
  return {
    lines: [...header, ...lines, ...work, footer],
    extents: {
      page: { sandboxes: sandboxes.page, log: log.page },
      furthest: { sandboxes: sandboxes.furthest, log: log.furthest },
      helpFurthest: 0,
    },
  };
}

interface Panes {
  readonly lines: readonly Line[];
  readonly sandboxes: Pane;
  readonly log: Pane;
}

/** The log below has a third of the rows at least, and what the Sandboxes leave; if it is large, all but three. */
function stacked(scene: Scene, rows: number): Panes {
  const { status, view, size } = scene;
  const least = view.logIsLarge ? rows - PANE_ROWS - 1 : Math.floor(rows / 3);
  const logRows = Math.max(PANE_ROWS, least, rows - sandboxPaneNeeds(status));
  const sandboxes = sandboxesOf(scene, rows - logRows, size.columns);
  const log = logOf(scene, logRows, size.columns);
  return { lines: [...sandboxes.lines, ...log.lines], sandboxes, log };
}

/** The log to the right has a half of the columns, three quarters if it is large. */
function sideBySide(scene: Scene, rows: number): Panes {
  const { view, size, theme } = scene;
  const left = Math.floor((size.columns - 1) * (view.logIsLarge ? 0.25 : 0.5));
  const sandboxes = sandboxesOf(scene, rows, left);
  const log = logOf(scene, rows, size.columns - 1 - left);
  const divider = span(theme.glyphs.divider, 'dim');
  const lines = sandboxes.lines.map((line, i) => [...line, divider, ...log.lines[i]!]);
  return { lines, sandboxes, log };
}

function sandboxesOf({ status, view, theme }: Scene, rows: number, width: number): Pane {
  const focused = view.focus === 'sandboxes';
  return sandboxPane(status, view.scrolled.sandboxes, { rows, width, focused, theme });
}

function logOf({ records, view, theme }: Scene, rows: number, width: number): Pane {
  return logPane(records, view.scrolled.log, { rows, width, focused: view.focus === 'log', theme });
}

function tooSmall({ columns, rows }: Size, theme: Theme): Line[] {
  const text = `${columns}x${rows} is too small, ${SMALLEST.columns}x${SMALLEST.rows} is needed; the Worker goes on`;
  const empty = Array.from({ length: Math.max(0, rows - 1) }, () => fitLine([], columns, theme));
  return rows < 1 ? [] : [fitLine([span(text, 'strong')], columns, theme), ...empty];
}
