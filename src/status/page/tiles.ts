import { countText, durationText, percentText, printable, rateText } from '../../model/index.js';
import type { WorkerHistory, WorkerStatus } from '../worker-status.js';
import { Chart, type ChartOptions, type Values } from './chart.js';
import { element, setText } from './elements.js';
import type { HistorySample } from './feed.js';

/** As long as the Worker's own (`HISTORY_LENGTH`). */
const LENGTH = 300;

/** One figure with its curve. */
class Tile {
  readonly element = element('article', 'tile');
  readonly #figure = element('p', 'figure');
  readonly #value = element('span', '');
  readonly #unit = element('small', '');
  readonly #most = element('span', 'most');
  readonly #note = element('p', 'note');
  readonly chart: Chart;

  constructor(title: string, options: Omit<ChartOptions, 'label'>) {
    const value = element('span', 'value');
    value.append(this.#value, ' ', this.#unit);
    this.#figure.append(value, this.#most);
    this.chart = new Chart({ ...options, label: title }, LENGTH, { note: this.#note, most: this.#most });
    this.element.append(element('h3', '', title), this.#figure, this.#note, this.chart.element);
  }

  /** `value` may end in a unit, which is set smaller. */
  show(value: string, note: string): void {
    const [, number = '', unit = ''] = /^([\d.\u202f]*)(.*)$/s.exec(value)!;
    setText(this.#value, number === '' ? value : number.trim());
    setText(this.#unit, number === '' ? '' : unit.trim());
    this.chart.resting = note;
  }
}

interface Series {
  slices: number[];
  failed: number[];
  sliceMs: (number | null)[];
  cpu: number[];
  gpu: number[];
}

/** The four figures that matter most, and what they were in the last five minutes. */
export class Tiles {
  readonly #series: Series = { slices: [], failed: [], sliceMs: [], cpu: [], gpu: [] };
  readonly #slices = new Tile('Slices per second', { most: null, text: rateText });
  readonly #time = new Tile('Mean time of a Slice', { most: null, text: durationText });
  readonly #cpu = new Tile('CPU', { most: 1, text: percentText });
  readonly #gpu = new Tile('GPU', { most: 1, text: percentText });

  constructor(place: HTMLElement) {
    place.append(...[this.#slices, this.#time, this.#cpu, this.#gpu].map((tile) => tile.element));
  }

  onHistory(history: WorkerHistory): void {
    for (const name of Object.keys(this.#series) as (keyof Series)[])
      this.#series[name] = history[name].slice(-LENGTH) as number[];
    this.#draw();
  }

  onSample(sample: HistorySample): void {
    for (const name of Object.keys(this.#series) as (keyof Series)[]) {
      this.#series[name].push(sample[name]!);
      if (this.#series[name].length > LENGTH) this.#series[name].shift();
    }
    this.#draw();
  }

  onStatus({ rates, counts, usage, adapters }: WorkerStatus): void {
    const failed = counts.failed === 0 ? '' : `, ${countText(counts.failed)} failed`;
    this.#slices.show(rateText(rates.slicesPerSecond), `${countText(counts.done)} done${failed}`);
    const { elapsedMs, cpuMs } = counts.metrics;
    const busy = elapsedMs === 0 ? '' : `${percentText(Math.min(1, cpuMs / elapsedMs))} of it on the CPU`;
    this.#time.show(rates.sliceMs === null ? '–' : durationText(rates.sliceMs), busy);
    const used = usage.cores.reduce((sum, part) => sum + part, 0);
    this.#cpu.show(
      percentText(used / Math.max(1, usage.cores.length)),
      `${used.toFixed(1)} of ${usage.cores.length} cores`,
    );
    if (usage.gpu === null) this.#gpu.show('none', 'Jobs get no GPU here');
    else this.#gpu.show(percentText(usage.gpu), printable(adapters.join(', ')));
    this.#draw();
  }

  #draw(): void {
    const { slices, failed, sliceMs, cpu, gpu } = this.#series;
    this.#slices.chart.show(means(slices), means(failed));
    this.#time.chart.show(bridged(sliceMs));
    this.#cpu.chart.show(cpu);
    this.#gpu.chart.show(gpu);
  }
}

/** Whole Slices end in whole seconds: over a few of them the curve shows how fast it goes. */
function means(counts: readonly number[], seconds = 5): number[] {
  return counts.map((_, index) => {
    const shown = counts.slice(Math.max(0, index + 1 - seconds), index + 1);
    return shown.reduce((sum, count) => sum + count, 0) / shown.length;
  });
}

/** Slices of some seconds leave seconds in which none ends: there the mean is what it was, for a while. */
function bridged(values: Values): Values {
  let last: number | null = null;
  let age = 0;
  return values.map((value) => {
    if (value !== null) {
      last = value;
      age = 0;
    } else if (++age > 30) last = null;
    return last;
  });
}
