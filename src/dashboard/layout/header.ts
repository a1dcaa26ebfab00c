import { bytesText, countText, durationText, percentText, rateText } from '../../model/index.js';
import type { WorkerState, WorkerStatus } from '../../status/index.js';
import { bothEnds, span, type Line } from './styled-text.js';
import type { Style, Theme } from './theme.js';

const STATE_STYLES: Readonly<Record<WorkerState, Style>> = {
  starting: 'busy',
  created: 'busy',
  running: 'good',
  paused: 'warning',
  finishing: 'warning',
  stopping: 'warning',
  stopped: 'bad',
};

/** Narrower headers have no room for what was done since the start. */
const WIDTH_FOR_SUMS = 64;

/** Who this is, how it does, what it has done. */
export function headerLine(status: WorkerStatus, width: number, theme: Theme): Line {
  const { state, counts, rates } = status;
  const left = [
    span(' dcp-worker ', 'strong'),
    span(state, STATE_STYLES[state]),
    span(`  up ${durationText(Math.max(0, status.time - status.startedAt))}`),
    span(`  ${status.workerId ?? ''}`, 'dim'),
  ];
  const now = span(`  ${rateText(rates.slicesPerSecond)}/s `, 'strong');
  const sums = [
    span(`  ${countText(counts.done)} done`),
    span(`  ${countText(counts.failed)} failed`, counts.failed > 0 ? 'bad' : 'plain'),
  ];
  return bothEnds(left, width < WIDTH_FOR_SUMS ? [now] : [...sums, now], width, theme);
}

/** Where it works, and what it costs itself. */
export function machineLine(status: WorkerStatus, width: number, theme: Theme): Line {
  const { usage, places, adapters, rates } = status;
  const gpus = adapters.length === 0 ? '' : `  GPU ${adapters.join(', ')}`;
  const each = rates.sliceMs === null ? '' : `  ${durationText(rates.sliceMs)} a Slice`;
  const left = ` ${countText(places.all)} places${gpus}  Scheduler ${status.scheduler}`;
  const right = `${each}  own use ${percentText(usage.ownCores)}, ${bytesText(usage.residentBytes)} `;
  return bothEnds([span(left, 'dim')], [span(right, 'dim')], width, theme);
}
