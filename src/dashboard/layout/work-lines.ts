import { bytesText, countText, durationText, placesText } from '../../model/index.js';
import { furtherGates, gateText, type WorkerStatus } from '../../status/index.js';
import { bothEnds, fitLine, span, wrap, type Line } from './styled-text.js';
import type { Theme } from './theme.js';

/** Of the remedy, below what it is for. */
const INDENT = 7;
const REMEDY_ROWS = 2;
const GATE_ROWS = 3;

/** What is held and not done yet, and what was earned: an embedded Scheduler pays nobody. */
export function queueLine({ jobs }: WorkerStatus, width: number, theme: Theme): Line {
  const sum = (of: (job: WorkerStatus['jobs'][number]) => number) =>
    jobs.reduce((total, job) => total + of(job), 0);
  const queued = sum((job) => job.queued);
  const unsubmitted = sum((job) => job.unsubmittedBytes);
  const left = [
    span(
      ` Queue ${countText(queued)} ${queued === 1 ? 'Slice' : 'Slices'} of ${countText(jobs.length)} ${jobs.length === 1 ? 'Job' : 'Jobs'}`,
    ),
    span(`  results to submit ${bytesText(unsubmitted)}`, unsubmitted > 0 ? 'plain' : 'dim'),
  ];
  return bothEnds(left, [span(`  earnings ${theme.glyphs.none} `, 'dim')], width, theme);
}

/** What may not run because the machine is needed, a line for each; what `idleLines` says is not said again. */
export function gateLines({ gates, idle, time }: WorkerStatus, width: number, theme: Theme): Line[] {
  return furtherGates(gates, idle)
    .slice(0, GATE_ROWS)
    .map((gate) => fitLine([span(` ${gateText(gate, time)}`, 'warning')], width, theme));
}

/** Why places are free, and what can be done about it. */
export function idleLines({ idle, time }: WorkerStatus, width: number, theme: Theme): Line[] {
  if (idle === null) return [];
  const why = ` Idle: ${placesText(idle.places)} for ${durationText(time - idle.since)}, ${idle.text}`;
  const remedy = wrap(idle.remedy, Math.max(1, width - INDENT - 1), REMEDY_ROWS, theme);
  return [
    fitLine([span(why, 'warning')], width, theme),
    ...remedy.map((row) => fitLine([span(' '.repeat(INDENT) + row)], width, theme)),
  ];
}
