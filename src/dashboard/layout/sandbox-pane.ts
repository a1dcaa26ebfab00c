import { countText, durationText, percentText } from '../../model/index.js';
import { busySandboxes, type WorkerStatus } from '../../status/index.js';
import { paneTitle, type Pane } from './pane.js';
import { fit, fitLine, span, type Line, type Span } from './styled-text.js';
import type { Theme } from './theme.js';

type Sandbox = WorkerStatus['sandboxes'][number];

/** Columns of the table, with the space before each; the Job's name gets the rest. */
const ID = 6;
const SLICE = 10;
const PROGRESS = 18;
const TIME = 12;
const RUN = 10;
/** A name is cut to this before a column is left out. */
const NAME_AT_LEAST = 10;
/** From so many rows on the columns are named, and where all rows fit anyway. */
const ROWS_FOR_HEADING = 5;

/** Which columns fit. */
interface Columns {
  readonly name: number;
  readonly slice: boolean;
  readonly progress: boolean;
  readonly run: boolean;
}

export interface PaneOptions {
  readonly rows: number;
  readonly width: number;
  readonly focused: boolean;
  readonly theme: Theme;
}

/** Rows that the whole table would take. */
export function sandboxPaneNeeds({ sandboxes }: WorkerStatus): number {
  return 2 + Math.max(1, sandboxes.length);
}

/** The Sandboxes that have a Job, `from` the one at that place on. `rows` is at least 2. */
export function sandboxPane(status: WorkerStatus, from: number, options: PaneOptions): Pane {
  const { rows, width, focused, theme } = options;
  const sandboxes = [...status.sandboxes].sort((a, b) => a.id - b.id);
  const busy = busySandboxes(sandboxes);
  const note = `${countText(busy)} of ${countText(status.places.all)} places at work`;
  const lines: Line[] = [paneTitle('Sandboxes', note, focused, width, theme)];
  const columns = columnsFor(width);
  if (sandboxes.length === 0) {
    lines.push(fitLine([span(' no Sandbox has a Job', 'dim')], width, theme));
    return { lines: filled(lines, options), page: 1, furthest: 0 };
  }
  if (rows >= Math.min(ROWS_FOR_HEADING, sandboxPaneNeeds(status))) lines.push(heading(columns, theme));
  const room = rows - lines.length;
  const page = sandboxes.length <= room ? room : Math.max(1, room - 1);
  const furthest = Math.max(0, sandboxes.length - page);
  const first = Math.min(from, furthest);
  const shown = sandboxes.slice(first, first + page);
  for (const sandbox of shown) lines.push(fitLine(sandboxRow(sandbox, columns, theme), width, theme));
  const below = sandboxes.length - first - shown.length;
  if (lines.length < rows && (first > 0 || below > 0))
    lines.push(fitLine([span(` ${elsewhere(first, below)}`, 'dim')], width, theme));
  return { lines: filled(lines, options), page, furthest };
}

function elsewhere(above: number, below: number): string {
  if (above === 0) return `and ${countText(below)} more`;
  return `and ${countText(above)} above${below === 0 ? '' : `, ${countText(below)} below`}`;
}

function columnsFor(width: number): Columns {
  let name = width - ID - TIME - 1;
  const take = (columns: number): boolean => {
    const fits = name - columns >= NAME_AT_LEAST;
    if (fits) name -= columns;
    return fits;
  };
  // In the order of what is missed most.
  const [slice, progress, run] = [take(SLICE), take(PROGRESS), take(RUN)];
  return { name: Math.max(1, name), slice, progress, run };
}

function heading({ name, slice, progress, run }: Columns, theme: Theme): Line {
  const titles = [
    fit('id', ID, theme, 'right'),
    ` ${fit('Job', name, theme)}`,
    slice ? fit('Slice', SLICE, theme, 'right') : '',
    progress ? `  ${fit('progress', PROGRESS - 2, theme)}` : '',
    fit('time', TIME, theme, 'right'),
    run ? fit('done', RUN, theme, 'right') : '',
  ];
  return [span(titles.join(''), 'dim')];
}

function sandboxRow(sandbox: Sandbox, { name, slice, progress, run }: Columns, theme: Theme): Line {
  const { none } = theme.glyphs;
  const number = sandbox.slice === null ? none : String(sandbox.slice);
  const time = sandbox.sinceMs === null ? none : durationText(sandbox.sinceMs);
  const spans: Span[] = [span(fit(String(sandbox.id), ID, theme, 'right'), 'dim'), span(' ')];
  const tag = sandbox.usesGpu && name > 8 ? ' GPU' : '';
  spans.push(span(fit(sandbox.jobName, name - tag.length, theme)), span(tag, 'gpu'));
  if (slice) spans.push(span(fit(number, SLICE, theme, 'right')));
  if (progress) spans.push(span('  '), ...progressBar(sandbox, PROGRESS - 2, theme));
  spans.push(span(fit(time, TIME, theme, 'right')));
  if (run) spans.push(span(fit(countText(sandbox.slices), RUN, theme, 'right'), 'dim'));
  return spans;
}

/** A bar where the Slice has said how far it is, else what the Sandbox does. */
function progressBar({ state, slice, progress }: Sandbox, width: number, theme: Theme): Span[] {
  if (slice === null || state !== 'ready') {
    const words = state === 'ready' ? 'waits for Slices' : state === 'assigning' ? 'gets its Job' : state;
    return [span(fit(words, width, theme), 'dim')];
  }
  if (progress === null) return [span(fit('runs', width, theme), 'good')];
  const { barFull, barEmpty } = theme.glyphs;
  const columns = width - 6;
  const full = Math.round(Math.min(1, Math.max(0, progress)) * columns);
  return [
    span(barFull.repeat(full), 'good'),
    span(barEmpty.repeat(columns - full), 'dim'),
    span(fit(percentText(progress), 6, theme, 'right')),
  ];
}

function filled(lines: readonly Line[], { rows, width, theme }: PaneOptions): Line[] {
  return Array.from({ length: rows }, (_, i) => lines[i] ?? fitLine([], width, theme));
}
