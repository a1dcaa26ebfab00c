import {
  bytesText,
  countText,
  durationText,
  percentText,
  placesText,
  printable,
  rateText,
} from '../model/index.js';
import { busySandboxes } from './busy-sandboxes.js';
import { furtherGates, gateText } from './gate-text.js';
import type { WorkerHistory, WorkerStatus } from './worker-status.js';

/** Periods of the history that a report shows. */
const SHOWN_PERIODS = 60;
/** Running Slices and Jobs that are listed; the rest are counted. */
const MAX_ROWS = 40;
const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** A Worker at one moment as text for people: what `--reportInterval` and `dcp-worker report` print. Ends with a line break. */
export function reportText(status: WorkerStatus, history: WorkerHistory): string {
  return [
    headline(status),
    ...facts(status, history),
    ...section('Running', runningRows(status)),
    ...section('Jobs', jobRows(status)),
  ]
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** The beginning of a report: what `dcp-worker status` prints. */
export function summaryText(status: WorkerStatus, history: WorkerHistory): string {
  return [headline(status), ...facts(status, history)].map((line) => `${line.trimEnd()}\n`).join('');
}

/** `running, up 2 h 5 min · worker 1a2b · 2026-01-01 10:00:00 UTC` */
function headline({ state, startedAt, time, workerId }: WorkerStatus): string {
  const parts = [
    `${state}, up ${durationText(time - startedAt)}`,
    ...(workerId === null ? [] : [`worker ${printable(workerId)}`]),
    `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
  ];
  return parts.join(' · ');
}

function facts(status: WorkerStatus, history: WorkerHistory): string[] {
  const { counts, rates, usage, idle, places, jobs } = status;
  const sum = (what: 'queued' | 'running'): number => jobs.reduce((total, job) => total + job[what], 0);
  const used = busySandboxes(status.sandboxes);
  const mean = rates.sliceMs === null ? '' : `, ${durationText(rates.sliceMs)} each`;
  const gpu = usage.gpu === null ? '' : `, GPU ${percentText(usage.gpu)}`;
  const cores = usage.cores.reduce((total, part) => total + part, 0) / Math.max(1, usage.cores.length);
  const rows: [string, string][] = [
    ['Sandboxes', `${used} of ${places.all} at work${byState(status)}`],
    [
      'Slices',
      `${countText(sum('running'))} with Sandboxes, ${countText(sum('queued'))} queued, ${countText(counts.done)} done` +
        `${counts.failed > 0 ? ` (${countText(counts.failed)} failed)` : ''}` +
        `${counts.returned > 0 ? `, ${countText(counts.returned)} given back` : ''}`,
    ],
    ['Rate', `${rateText(rates.slicesPerSecond)} Slices/s${mean}  ${sparkline(history.slices)}`],
    [
      'Machine',
      `CPU ${percentText(cores)} of ${usage.cores.length} cores${gpu}, Worker ${bytesText(usage.residentBytes)}`,
    ],
  ];
  const profile = profileRow(status.profile);
  if (profile !== null) rows.push(['Profile', profile]);
  for (const gate of furtherGates(status.gates, idle)) rows.push(['Gated', gateText(gate, status.time)]);
  if (status.confinement !== null) rows.push(['Confined', confinementRow(status.confinement)]);
  if (idle !== null)
    rows.push(
      ['Idle', `${placesText(idle.places)}, ${idle.code}: ${printable(idle.text, 200)}`],
      ['', `→ ${idle.remedy}`],
    );
  return rows.map(([heading, text]) => `${heading.padEnd(11)}${text}`);
}

const CHOSEN_BY: Readonly<Record<WorkerStatus['profile']['chosenBy'], string>> = {
  configuration: 'as the configuration says',
  command: 'as dcp-worker profile said',
  presence: 'for who uses the machine',
};

/** `inUse, as dcp-worker profile said`; null: there is none, and nobody has said so. */
function profileRow({ name, chosenBy }: WorkerStatus['profile']): string | null {
  return name === null && chosenBy === 'configuration' ? null : `${name ?? 'none'}, ${CHOSEN_BY[chosenBy]}`;
}

/** `by 12 layers of 14; missing: landlock`; `dcp-worker doctor` says why. */
function confinementRow({ mode, layers }: NonNullable<WorkerStatus['confinement']>): string {
  if (mode === 'off') return 'not at all, as the configuration says';
  const missing = layers.filter(({ state }) => state === 'missing').map(({ name }) => name);
  const on = layers.filter(({ state }) => state === 'on').length;
  return `by ${on} layers of ${layers.length}${missing.length > 0 ? `; missing: ${missing.join(', ')}` : ''}`;
}

/** ` (2 ready, 1 assigning)`, when there is more to say than that they work. */
function byState({ sandboxes }: WorkerStatus): string {
  const states = new Map<string, number>();
  for (const { state } of sandboxes) states.set(state, (states.get(state) ?? 0) + 1);
  const text = [...states].map(([state, number]) => `${number} ${state}`).join(', ');
  return text === '' ? '' : ` (${text})`;
}

function runningRows({ sandboxes }: WorkerStatus): string[][] {
  const rows = sandboxes
    .filter(({ slice }) => slice !== null)
    .map(({ id, jobName, slice, sinceMs, progress }) => [
      String(id),
      printable(jobName, 40),
      `Slice ${slice}`,
      sinceMs === null ? '' : durationText(sinceMs),
      progress === null ? '' : `${progressBar(progress)} ${percentText(progress)}`,
    ]);
  return limited([['SANDBOX', 'JOB', 'SLICE', 'TIME', 'PROGRESS'], ...rows]);
}

function jobRows({ jobs }: WorkerStatus): string[][] {
  const rows = jobs.map(({ name, sandboxes, running, queued, done, failed, sliceMs }) => [
    printable(name, 40),
    String(sandboxes),
    countText(running),
    countText(queued),
    countText(done),
    countText(failed),
    sliceMs === null ? '–' : durationText(sliceMs),
  ]);
  return limited([['JOB', 'SANDBOXES', 'RUNNING', 'QUEUED', 'DONE', 'FAILED', 'SLICE TIME'], ...rows]);
}

function limited(rows: string[][]): string[][] {
  const more = rows.length - 1 - MAX_ROWS;
  return more > 0 ? [...rows.slice(0, MAX_ROWS + 1), [`… and ${more} more`]] : rows;
}

/** A table under a heading; nothing at all when it has no row. */
function section(heading: string, rows: string[][]): string[] {
  if (rows.length < 2) return [];
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.slice(0, MAX_ROWS + 1).map((row) => width(row[column]))),
  );
  const lines = rows.map((row) =>
    row.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)))).join('  '),
  );
  return ['', heading, ...lines.map((line) => `  ${line}`)];
}

function width(cell: string | undefined): number {
  return Array.from(cell ?? '').length;
}

function progressBar(progress: number): string {
  const full = Math.round(Math.min(1, Math.max(0, progress)) * 10);
  return '█'.repeat(full) + '░'.repeat(10 - full);
}

function sparkline(values: readonly number[]): string {
  const shown = values.slice(-SHOWN_PERIODS);
  const most = Math.max(...shown, 0);
  if (most === 0) return '';
  return shown.map((value) => BARS[Math.min(7, Math.floor((value / most) * 8))]).join('');
}
