/** What a piece of text means; a theme says how it looks. */
export const STYLES = ['plain', 'dim', 'strong', 'good', 'busy', 'gpu', 'warning', 'bad', 'inverse'] as const;
export type Style = (typeof STYLES)[number];

export interface Glyphs {
  /** From little to much. */
  readonly spark: readonly string[];
  readonly barFull: string;
  readonly barEmpty: string;
  readonly rule: string;
  readonly divider: string;
  readonly ellipsis: string;
  /** Where there is no value. */
  readonly none: string;
  readonly focus: string;
}

const BLOCKS: Glyphs = {
  spark: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  barFull: '█',
  barEmpty: '░',
  rule: '─',
  divider: '│',
  ellipsis: '…',
  none: '—',
  focus: '▸',
};

const ASCII: Glyphs = {
  spark: ['_', '.', ':', '-', '=', '+', '*', '#'],
  barFull: '#',
  barEmpty: '.',
  rule: '-',
  divider: '|',
  ellipsis: '~',
  none: '-',
  focus: '>',
};

export interface Theme {
  /** Anything but ASCII may be shown. */
  readonly unicode: boolean;
  readonly glyphs: Glyphs;
  /** The parameters of SGR (ECMA-48, section 8.3.117) that follow a reset; empty: none. */
  readonly sgr: Readonly<Record<Style, string>>;
}

const MONOCHROME: Theme['sgr'] = {
  plain: '',
  dim: '',
  strong: '1',
  good: '',
  busy: '',
  gpu: '',
  warning: '1',
  bad: '1',
  inverse: '7',
};

/** The user's own sixteen colours. No yellow and no bright ones, which light backgrounds swallow. */
const SIXTEEN: Theme['sgr'] = {
  ...MONOCHROME,
  dim: '2',
  good: '32',
  busy: '36',
  gpu: '35',
  warning: '1;35',
  bad: '1;31',
};

/**
 * Colours of the fixed part of the 256: each is as far from black as from white, four to one and better, because no
 * terminal says what its background is. Terminals with 16 million colours get the same.
 */
export const FIXED_COLOURS = { dim: 243, good: 28, busy: 30, gpu: 27, warning: 130, bad: 161 } as const;

const FIXED: Theme['sgr'] = {
  ...MONOCHROME,
  dim: `38;5;${FIXED_COLOURS.dim}`,
  good: `38;5;${FIXED_COLOURS.good}`,
  busy: `38;5;${FIXED_COLOURS.busy}`,
  gpu: `38;5;${FIXED_COLOURS.gpu}`,
  warning: `1;38;5;${FIXED_COLOURS.warning}`,
  bad: `1;38;5;${FIXED_COLOURS.bad}`,
};

/** `colorDepth` in bits, as `tty.WriteStream.getColorDepth()` has it: 1, 4, 8 or 24. */
export function themeFor(colorDepth: number, unicode: boolean): Theme {
  const sgr = colorDepth >= 8 ? FIXED : colorDepth >= 4 ? SIXTEEN : MONOCHROME;
  return { unicode, glyphs: unicode ? BLOCKS : ASCII, sgr };
}

/** Whether a terminal shows more than ASCII: its locale is one of UTF-8, and it is not the console with its 512 glyphs. */
export function showsUnicode(env: NodeJS.ProcessEnv): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value) ?? '';
  return /utf-?8/i.test(locale) && env['TERM'] !== 'linux';
}
