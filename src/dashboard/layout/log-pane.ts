import { countText } from '../../model/index.js';
import type { LogLevel, LogRecord } from '../../logging/index.js';
import { paneTitle, type Pane } from './pane.js';
import type { PaneOptions } from './sandbox-pane.js';
import { fitLine, span, wrap, type Line } from './styled-text.js';
import type { Style } from './theme.js';

const LEVEL_STYLES: Readonly<Record<LogLevel, Style>> = {
  error: 'bad',
  warning: 'warning',
  notice: 'strong',
  info: 'plain',
  debug: 'dim',
};

/** Rows that one record gets at most. */
const RECORD_ROWS = 4;
/** Narrower panes leave out the time, and indent by less. */
const WIDTH_FOR_TIME = 34;
const TIME = 10;

/** The end of the log, or where it is `back` records before its end. `rows` is at least 2. */
export function logPane(records: readonly LogRecord[], back: number, options: PaneOptions): Pane {
  const { rows, width, focused, theme } = options;
  const room = rows - 1;
  const furthest = Math.max(0, records.length - 1);
  const newer = Math.min(back, furthest);
  let lines: Line[] = [];
  let shown = 0;
  for (let i = records.length - 1 - newer; i >= 0 && lines.length < room; i--) {
    lines = [...recordRows(records[i]!, options), ...lines];
    shown++;
  }
  const note = newer === 0 ? '' : `${countText(newer)} newer below`;
  const title = paneTitle('Log', note, focused, width, theme);
  const visible = lines.slice(-room);
  const empty = Array.from({ length: room - visible.length }, () => fitLine([], width, theme));
  return { lines: [title, ...visible, ...empty], page: Math.max(1, shown), furthest };
}

function recordRows({ time, level, text }: LogRecord, { width, theme }: PaneOptions): Line[] {
  const withTime = width >= WIDTH_FOR_TIME;
  const indent = withTime ? TIME : 3;
  const first = withTime ? ` ${timeOfDay(time)} ` : ' ';
  const style = LEVEL_STYLES[level];
  return wrap(text, Math.max(1, width - indent - 1), RECORD_ROWS, theme).map((row, i) =>
    fitLine([span(i === 0 ? first : ' '.repeat(indent), 'dim'), span(row, style)], width, theme),
  );
}

/** Here, `07:05:09`. */
function timeOfDay(time: number): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((value) => String(value).padStart(2, '0'))
    .join(':');
}
