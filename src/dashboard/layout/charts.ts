import { percentText, rateText } from '../../model/index.js';
import { HISTORY_LENGTH, type WorkerHistory, type WorkerStatus } from '../../status/index.js';
import { fit, span, type Line, type Span } from './styled-text.js';
import type { Style, Theme } from './theme.js';

/** Columns of what stands before and behind a curve. */
const LABEL = 10;
const VALUE = 20;

/** One column of a curve: what some periods brought, on average. */
interface Bucket {
  readonly value: number;
  readonly failed: boolean;
}

/**
 * The history as curves, the last five minutes from left to right, one row each: throughput, CPU, and the GPU where
 * there is one.
 */
export function chartLines(
  status: WorkerStatus,
  history: WorkerHistory,
  width: number,
  theme: Theme,
): readonly Line[] {
  const columns = Math.max(1, width - LABEL - VALUE);
  const perSecond = (values: readonly number[]) => values.map((n) => (n * 1000) / history.periodMs);
  const throughput = bucketsOf(perSecond(history.slices), history, columns);
  const most = Math.max(0, ...throughput.map(({ value }) => value));
  const now = rateText(status.rates.slicesPerSecond);
  const { cores, gpu } = status.usage;
  const cpu = cores.length === 0 ? 0 : cores.reduce((sum, core) => sum + core, 0) / cores.length;
  const lines = [
    chart('Slices/s', throughput, most, 'good', `${now}, most ${rateText(most)}`, columns, theme),
    chart(
      'CPU',
      bucketsOf(history.cpu, history, columns),
      1,
      'busy',
      `${percentText(cpu)} of ${cores.length} cores`,
      columns,
      theme,
    ),
  ];
  if (gpu !== null)
    lines.push(
      chart('GPU', bucketsOf(history.gpu, history, columns), 1, 'gpu', percentText(gpu), columns, theme),
    );
  return lines;
}

/**
 * At most `columns` buckets of as many periods each. Where one begins depends on the clock alone, so that a curve moves
 * as a whole and keeps its shape.
 */
function bucketsOf(values: readonly number[], history: WorkerHistory, columns: number): Bucket[] {
  const size = Math.max(1, Math.ceil(HISTORY_LENGTH / columns));
  const last = Math.round(history.end / history.periodMs);
  const buckets: Bucket[] = [];
  for (let to = values.length; to > 0 && buckets.length < columns;) {
    const index = last - (values.length - to);
    const from = Math.max(0, to - (index % size) - 1);
    const part = values.slice(from, to);
    buckets.unshift({
      value: part.reduce((sum, value) => sum + value, 0) / part.length,
      failed: history.failed.slice(from, to).some((failed) => failed > 0),
    });
    to = from;
  }
  return buckets;
}

function chart(
  label: string,
  buckets: readonly Bucket[],
  most: number,
  style: Style,
  value: string,
  columns: number,
  theme: Theme,
): Line {
  const curve: Span[] = buckets.map((bucket) => {
    const colour = bucket.value <= 0 ? 'dim' : style === 'good' && bucket.failed ? 'bad' : style;
    return span(sparkOf(bucket.value, most, theme), colour);
  });
  return [
    span(fit(` ${label}`, LABEL, theme)),
    span(' '.repeat(columns - curve.length)),
    ...joined(curve),
    span(fit(` ${value}`, VALUE, theme), 'strong'),
  ];
}

/** The lowest stands for nothing and next to nothing, the highest for `most`. */
function sparkOf(value: number, most: number, { glyphs: { spark } }: Theme): string {
  const part = most > 0 ? Math.min(1, Math.max(0, value / most)) : 0;
  return spark[Math.round(part * (spark.length - 1))]!;
}

/** Neighbours of one style become one span. */
function joined(spans: readonly Span[]): Span[] {
  const runs: Span[] = [];
  for (const next of spans) {
    const run = runs.at(-1);
    if (run?.style === next.style) runs[runs.length - 1] = span(run.text + next.text, run.style);
    else runs.push(next);
  }
  return runs;
}
