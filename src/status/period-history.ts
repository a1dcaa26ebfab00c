import { HISTORY_LENGTH, type WorkerHistory, type WorkerRates } from './worker-status.js';

/** What one period brought. */
export interface Period {
  /** How long it took: a process that had no time ends one late. */
  readonly ms: number;
  readonly slices: number;
  readonly failed: number;
  /** Wall time of all its Slices together, milliseconds. */
  readonly elapsedMs: number;
  readonly cpu: number;
  readonly gpu: number;
  readonly busy: number;
}

/** Rates are means over so many periods. */
const RATE_PERIODS = 10;

/** The last periods of a Worker, as long as `HISTORY_LENGTH`. */
export class PeriodHistory {
  readonly #periods: Period[] = [];
  #end = Date.now();

  constructor(private readonly periodMs: number) {}

  add(period: Period): void {
    this.#periods.push(period);
    if (this.#periods.length > HISTORY_LENGTH) this.#periods.shift();
    this.#end = Date.now();
  }

  rates(): WorkerRates {
    const last = this.#periods.slice(-RATE_PERIODS);
    const sum = (of: (period: Period) => number): number => last.reduce((all, period) => all + of(period), 0);
    const slices = sum((period) => period.slices);
    const seconds = sum((period) => period.ms) / 1000;
    return {
      slicesPerSecond: last.length === 0 ? 0 : slices / seconds,
      failedPerSecond: last.length === 0 ? 0 : sum((period) => period.failed) / seconds,
      sliceMs: slices === 0 ? null : sum((period) => period.elapsedMs) / slices,
    };
  }

  columns(): WorkerHistory {
    const column = <T>(of: (period: Period) => T): T[] => this.#periods.map(of);
    const perPeriod = (count: number, ms: number): number => (count * this.periodMs) / ms;
    return {
      end: this.#end,
      periodMs: this.periodMs,
      slices: column(({ slices, ms }) => perPeriod(slices, ms)),
      failed: column(({ failed, ms }) => perPeriod(failed, ms)),
      sliceMs: column(({ slices, elapsedMs }) => (slices === 0 ? null : elapsedMs / slices)),
      cpu: column((period) => period.cpu),
      gpu: column((period) => period.gpu),
      busy: column((period) => period.busy),
    };
  }
}
