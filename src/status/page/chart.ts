import { setText, svgElement } from './elements.js';

/** The chart's own units; the picture is stretched to where it is shown. */
const WIDTH = 300;
const HEIGHT = 60;
/** Room above the highest value, for the line's own thickness. */
const TOP = 4;

export interface ChartOptions {
  /** What is shown, for those who do not see it. */
  readonly label: string;
  /** The value at the top; null: the largest there is. */
  readonly most: number | null;
  readonly text: (value: number) => string;
}

/** What a curve shows: one value a second, the newest last; null where there is none. */
export type Values = readonly (number | null)[];

/**
 * A curve of five minutes. A pointer, or the arrow keys once it has the focus, read its values.
 */
export class Chart {
  readonly element = svgElement('svg', {
    class: 'chart',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img',
    tabindex: '0',
  });
  readonly #area = svgElement('path', { class: 'area' });
  readonly #curve = svgElement('path', { class: 'curve' });
  readonly #second = svgElement('path', { class: 'second' });
  readonly #cursor = svgElement('line', {
    class: 'cursor',
    y1: '0',
    y2: String(HEIGHT),
    visibility: 'hidden',
  });
  /** What the note says while nobody reads. */
  resting = '';
  #values: Values = [];
  /** How many seconds before the newest value is read; null: none is. */
  #ago: number | null = null;

  constructor(
    private readonly options: ChartOptions,
    private readonly length: number,
    /** Where what is read, and the highest value there is, are written. */
    private readonly captions: { readonly note: HTMLElement; readonly most: HTMLElement },
  ) {
    this.element.append(this.#area, this.#curve, this.#second, this.#cursor);
    this.element.addEventListener('pointermove', (event) => {
      const { left, width } = this.element.getBoundingClientRect();
      this.#read(Math.round((1 - (event.clientX - left) / width) * (length - 1)));
    });
    this.element.addEventListener('pointerleave', () => this.#read(null));
    this.element.addEventListener('blur', () => this.#read(null));
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** `second` is drawn over the first, in the same scale. */
  show(values: Values, second: Values = []): void {
    this.#values = values;
    const known = values.filter((value) => value !== null);
    const most = this.options.most ?? Math.max(...known, ...second.map((value) => value ?? 0), 0);
    const curve = this.#path(values, most);
    this.#curve.setAttribute('d', curve);
    this.#area.setAttribute('d', areaUnder(curve));
    this.#second.setAttribute(
      'd',
      second.some((value) => value !== null && value > 0) ? this.#path(second, most) : '',
    );
    const now = known.at(-1);
    const { label, text } = this.options;
    setText(this.captions.most, now === undefined ? '' : `max ${text(Math.max(...known))}`);
    const said =
      now === undefined ? 'no values yet' : `now ${text(now)}, at most ${text(Math.max(...known))}`;
    this.element.setAttribute('aria-label', `${label} over the last five minutes: ${said}`);
    this.#read(this.#ago);
  }

  #onKey(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: 1,
      ArrowRight: -1,
      PageUp: 30,
      PageDown: -30,
    };
    const step = steps[event.key];
    if (event.key === 'Escape') this.#read(null);
    if (step === undefined) return;
    event.preventDefault();
    this.#read(Math.min(this.#values.length - 1, Math.max(0, (this.#ago ?? -step) + step)));
  }

  #read(ago: number | null): void {
    const value = ago === null ? undefined : this.#values.at(-1 - ago);
    this.#ago = value === undefined ? null : ago;
    if (this.#ago === null) {
      this.#cursor.setAttribute('visibility', 'hidden');
      setText(this.captions.note, this.resting);
      return;
    }
    const x = this.#x(this.#ago);
    this.#cursor.setAttribute('x1', x);
    this.#cursor.setAttribute('x2', x);
    this.#cursor.setAttribute('visibility', 'visible');
    const shown = value === null || value === undefined ? '–' : this.options.text(value);
    setText(this.captions.note, `${shown}, ${this.#ago === 0 ? 'now' : `${this.#ago} s ago`}`);
  }

  #x(ago: number): string {
    return (WIDTH * (1 - ago / (this.length - 1))).toFixed(2);
  }

  /** Gaps where there is no value; a value alone is a short stroke. */
  #path(values: Values, most: number): string {
    const scale = most > 0 ? (HEIGHT - TOP) / most : 0;
    let path = '';
    let open = false;
    values.forEach((value, index) => {
      if (value === null) {
        open = false;
        return;
      }
      const x = this.#x(values.length - 1 - index);
      const y = (HEIGHT - 1 - Math.min(value, most) * scale).toFixed(2);
      path += open ? `L${x} ${y}` : `M${x} ${y}h0.01`;
      open = true;
    });
    return path;
  }
}

/** Closes each piece of a curve along the bottom. */
function areaUnder(curve: string): string {
  return curve
    .split('M')
    .filter((piece) => piece !== '')
    .map((piece) => {
      const first = /^[\d.]+/.exec(piece)![0];
      const last = /.*L([\d.]+) [\d.]+$/.exec(piece)?.[1] ?? first;
      return `M${piece}L${last} ${HEIGHT}L${first} ${HEIGHT}Z`;
    })
    .join('');
}
