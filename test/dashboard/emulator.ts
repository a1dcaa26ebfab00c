import { eastAsianWidth } from 'get-east-asian-width';

/** As much of a terminal as the dashboard uses to draw, with a say in how wide characters are. */
export class Emulator {
  readonly cells: string[][];
  readonly styles: string[][];
  #x = 0;
  #y = 0;
  #style = '0';

  constructor(
    private readonly columns: number,
    rows: number,
    private readonly widthOf: (char: string) => 0 | 1 | 2 = usualWidth,
  ) {
    this.cells = Array.from({ length: rows }, () => Array<string>(columns).fill(' '));
    this.styles = Array.from({ length: rows }, () => Array<string>(columns).fill('0'));
  }

  get rows(): string[] {
    return this.cells.map((row) => row.join(''));
  }

  write(text: string): void {
    let at = 0;
    while (at < text.length) {
      const sequence = /^\x1b\[([\d;]*)([HJm])/.exec(text.slice(at, at + 40));
      if (sequence !== null) {
        this.#obey(sequence[1]!, sequence[2]!);
        at += sequence[0].length;
        continue;
      }
      const char = String.fromCodePoint(text.codePointAt(at)!);
      if (/[\x00-\x1f\x7f-\x9f]/.test(char))
        throw new Error(`control character in ${JSON.stringify(text.slice(at, at + 20))}`);
      this.#put(char);
      at += char.length;
    }
  }

  #obey(parameters: string, command: string): void {
    if (command === 'm') {
      this.#style = parameters;
    } else if (command === 'H') {
      const [y = 1, x = 1] = parameters.split(';').map(Number);
      [this.#y, this.#x] = [y - 1, x - 1];
    } else {
      for (const row of this.cells) row.fill(' ');
      for (const row of this.styles) row.fill('0');
    }
  }

  /** At the right edge it stays, as a terminal does that does not wrap. A wide character overwritten by half is gone. */
  #put(char: string): void {
    const row = this.cells[this.#y]!;
    const width = this.widthOf(char);
    if (width === 0) {
      const base = row[this.#x - 1] === '' ? this.#x - 2 : this.#x - 1;
      if (base >= 0) row[base] += char;
      return;
    }
    if (this.#x + width > this.columns) return;
    for (let x = this.#x; x < this.#x + width; x++) {
      if (row[x] === '' && x === this.#x) row[x - 1] = ' ';
      if (row[x + 1] === '') row[x + 1] = ' ';
      row[x] = x === this.#x ? char : '';
      this.styles[this.#y]![x] = this.#style;
    }
    this.#x += width;
  }
}

export function usualWidth(char: string): 0 | 1 | 2 {
  if (/^[\p{Mn}\p{Me}]$/u.test(char)) return 0;
  return eastAsianWidth(char.codePointAt(0)!) === 2 ? 2 : 1;
}
