import { charactersOf } from '../layout/characters.js';
import type { Line } from '../layout/styled-text.js';
import type { Style, Theme } from '../layout/theme.js';

/** One column. The second column of a wide character has the empty text. */
interface Cell {
  readonly text: string;
  readonly style: Style;
  readonly certain: boolean;
}

interface Row {
  readonly line: Line;
  readonly cells: readonly Cell[];
}

const BLANK: Cell = { text: ' ', style: 'plain', certain: true };
/** So many unchanged columns in a row are skipped; fewer are cheaper to write than to skip. */
const WORTH_SKIPPING = 8;
const CSI = '\x1b[';

/**
 * What a terminal shows, cell by cell, and what to write so that it shows something else. Whatever the texts hold, no
 * control character of theirs passes, and a character whose width the terminal sees differently moves no other.
 */
export class Screen {
  #rows: Row[] = [];
  #columns = 0;
  /** Nothing is known of what is shown: all is written anew. */
  #unknown = true;

  constructor(private readonly theme: Theme) {}

  /** Somebody else may have written to the terminal, or its size is another. */
  forget(): void {
    this.#unknown = true;
  }

  /** What to write so that the terminal shows these lines, each cut at `columns`; empty when it shows them already. */
  update(lines: readonly Line[], columns: number): string {
    let text = '';
    if (this.#unknown || columns !== this.#columns || lines.length !== this.#rows.length) {
      const blank = { line: [], cells: Array<Cell>(columns).fill(BLANK) };
      this.#rows = Array.from(lines, () => blank);
      this.#columns = columns;
      this.#unknown = false;
      text = `${CSI}0m${CSI}2J`;
    }
    lines.forEach((line, y) => {
      const before = this.#rows[y]!;
      if (isSame(before.line, line)) return;
      const cells = cellsOf(line, columns, this.theme);
      this.#rows[y] = { line, cells };
      text += this.#difference(before.cells, cells, y);
    });
    return text;
  }

  #difference(before: readonly Cell[], after: readonly Cell[], y: number): string {
    let text = '';
    for (let from = nextChange(before, after, 0); from < after.length;) {
      let to = from + 1;
      let next = nextChange(before, after, to);
      while (next < after.length && next - to < WORTH_SKIPPING) {
        to = next + 1;
        next = nextChange(before, after, to);
      }
      // A wide character is written as a whole.
      while (from > 0 && after[from]!.text === '') from--;
      text += this.#run(after, from, to, y);
      from = next;
    }
    return text;
  }

  #run(cells: readonly Cell[], from: number, to: number, y: number): string {
    const at = (x: number): string => `${CSI}${y + 1};${x + 1}H`;
    let text = at(from);
    let style: Style = 'plain';
    for (let x = from; x < to; x++) {
      const cell = cells[x]!;
      if (cell.text === '') continue;
      if (cell.style !== style) text += this.#sgr(cell.style);
      style = cell.style;
      if (cell.certain) {
        text += cell.text;
        continue;
      }
      const width = cells[x + 1]?.text === '' ? 2 : 1;
      text += ' '.repeat(width) + at(x) + cell.text + at(x + width);
    }
    return style === 'plain' ? text : text + this.#sgr('plain');
  }

  #sgr(style: Style): string {
    const parameters = this.theme.sgr[style];
    return `${CSI}0${parameters === '' ? '' : `;${parameters}`}m`;
  }
}

function nextChange(before: readonly Cell[], after: readonly Cell[], from: number): number {
  let x = from;
  while (x < after.length && before[x]!.text === after[x]!.text && before[x]!.style === after[x]!.style) x++;
  return x;
}

function isSame(before: Line, after: Line): boolean {
  return (
    before.length === after.length &&
    after.every(({ text, style }, i) => text === before[i]!.text && style === before[i]!.style)
  );
}

function cellsOf(line: Line, columns: number, { unicode }: Theme): Cell[] {
  const cells: Cell[] = [];
  for (const { text, style } of line) {
    for (const { text: shown, width, certain } of charactersOf(text, unicode)) {
      if (cells.length + width > columns) break;
      cells.push({ text: shown, style, certain });
      if (width === 2) cells.push({ text: '', style, certain });
    }
  }
  while (cells.length < columns) cells.push(BLANK);
  return cells;
}
