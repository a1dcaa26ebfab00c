import { durationText } from '../model/index.js';

const WIDTH = 30;
/** Redrawn at most this often, milliseconds. */
const PERIOD_MS = 100;

/** One line on a terminal that says how far a Job is. On anything but a terminal it says nothing. */
export class ProgressBar {
  readonly #started = performance.now();
  #drawnAt = -Infinity;
  #line = '';
  #shown = false;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  update(computed: number, total: number | null, failed: number): void {
    if (!this.stream.isTTY) return;
    this.#line = this.#format(computed, total, failed);
    const now = performance.now();
    if (now - this.#drawnAt < PERIOD_MS && computed !== total) return;
    this.#drawnAt = now;
    this.#draw();
  }

  /** Writes a line above the bar. */
  print(line: string): void {
    this.clear();
    this.stream.write(`${line}\n`);
    if (this.#line !== '') this.#draw();
  }

  clear(): void {
    if (this.#shown) this.stream.write('\r\x1b[K');
    this.#shown = false;
  }

  /** The bar is taken away for good. */
  end(): void {
    this.clear();
    this.#line = '';
  }

  #draw(): void {
    if (!this.stream.isTTY) return;
    this.stream.write(`\r\x1b[K${this.#line.slice(0, Math.max(20, this.stream.columns - 1))}`);
    this.#shown = true;
  }

  #format(computed: number, total: number | null, failed: number): string {
    const failures = failed === 0 ? '' : `, ${failed} failed`;
    if (total === null || total === 0) return `${computed} Slices done${failures}`;
    const filled = Math.round((computed / total) * WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    const percent = Math.floor((computed / total) * 100);
    const elapsedMs = performance.now() - this.#started;
    const left = computed === 0 ? '' : `, ${durationText((elapsedMs / computed) * (total - computed))} left`;
    return `${bar} ${percent}%  ${computed}/${total} Slices${failures}${left}`;
  }
}
