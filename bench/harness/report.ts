/** What every benchmark says at its end: tables for people, JSON for programs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Figures, Spread } from './measure.js';

type Row = Record<string, string | number>;

/** A standing figure of the project, as this run found it. Nothing passes or fails by it. */
export interface Standing {
  readonly figure: string;
  readonly target: string;
  readonly measured: string;
  /** Null when there is no target. */
  readonly met: boolean | null;
}

/** Collects the tables of one benchmark, prints them, and writes everything to the file that `--json FILE` names. */
export class Report {
  readonly #tables: { title: string; rows: Row[] }[] = [];
  readonly #data: Record<string, unknown> = {};
  readonly #standing: Standing[] = [];

  constructor(
    readonly bench: string,
    readonly conditions: Record<string, unknown> = {},
  ) {}

  table(title: string, rows: Row[]): void {
    this.#tables.push({ title, rows });
  }

  /** One line per subject: wall and CPU time apart, and how many times the wall time of `base` it takes. */
  figures(title: string, figures: Readonly<Record<string, Figures>>, base?: string): void {
    this.#data[title] = figures;
    const reference = base === undefined ? undefined : figures[base]?.wallUs.median;
    this.table(
      title,
      Object.entries(figures).map(([subject, { wallUs, cpuUs }]) => ({
        subject,
        'wall µs': digits(wallUs.median),
        spread: range(wallUs),
        'CPU µs': digits(cpuUs.median),
        'per s': Math.round(1e6 / wallUs.median),
        ...(reference !== undefined && { [`÷ ${base}`]: digits(wallUs.median / reference) }),
      })),
    );
  }

  data(name: string, value: unknown): void {
    this.#data[name] = value;
  }

  standing(figure: string, target: string, measured: string, met: boolean | null = null): void {
    this.#standing.push({ figure, target, measured, met });
  }

  finish(): void {
    const { values } = parseArgs({ options: { json: { type: 'string' } }, strict: false });
    const where = {
      node: process.version,
      v8: process.versions.v8,
      cpu: cpus()[0]?.model,
      cores: cpus().length,
    };
    print(`${this.bench}   Node ${process.version}, ${where.cores} × ${where.cpu}`);
    if (Object.keys(this.conditions).length > 0) print(JSON.stringify(this.conditions));
    for (const { title, rows } of this.#tables) print(`\n${title}\n${format(rows)}`);
    for (const { figure, target, measured, met } of this.#standing) {
      const verdict = met === null ? '      ' : met ? 'met   ' : 'missed';
      print(`\n${verdict}  ${figure}: ${measured} (target: ${target})`);
    }
    if (typeof values['json'] !== 'string') return;
    const file = path.resolve(values['json']);
    mkdirSync(path.dirname(file), { recursive: true });
    const { bench, conditions } = this;
    const document = { bench, ...where, conditions, standing: this.#standing, data: this.#data };
    writeFileSync(file, `${JSON.stringify(document, null, 1)}\n`);
  }
}

/** Three significant digits, without an exponent. */
export function digits(value: number): number {
  return Number(value.toPrecision(3));
}

function range({ quartiles: [low, high] }: Spread): string {
  return `${digits(low)} – ${digits(high)}`;
}

function format(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (row: Row, column: string): string => String(row[column] ?? '');
  const widths = columns.map((column) =>
    Math.max(column.length, ...rows.map((row) => cell(row, column).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join('   ');
  return [
    line(columns),
    widths.map((width) => '─'.repeat(width)).join('───'),
    ...rows.map((row) => line(columns.map((column) => cell(row, column)))),
  ].join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
