import type { Scroll } from './view.js';

/** A key as `readline.emitKeypressEvents` has it. */
export interface Key {
  readonly name?: string;
  readonly sequence?: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
}

export type Action =
  | { readonly do: 'quit' | 'interrupt' | 'quitNow' | 'pause' | 'drain' | 'reload' }
  | { readonly do: 'suspend' | 'redraw' | 'nextPane' | 'logSize' | 'help' | 'dismiss' }
  | { readonly do: 'scroll'; readonly to: Scroll };

/** What there is to press, for the help. The footer shows those with a short name. */
export interface KeyHelp {
  readonly keys: string;
  readonly text: string;
  readonly short: string | null;
}

export const KEY_HELP: readonly KeyHelp[] = [
  { keys: 'q', text: 'stop when the Slices that run have ended; then: end them; then: exit', short: 'quit' },
  { keys: 'p', text: 'pause: ask for nothing more; again: resume', short: 'pause' },
  { keys: 'd', text: 'drain: finish what is held, then stop', short: 'drain' },
  { keys: 'r', text: 'read the configuration again', short: 'reload' },
  { keys: 'Tab', text: 'the pane that the arrow keys move', short: 'pane' },
  { keys: 'Up Down', text: 'scroll by one', short: null },
  { keys: 'PgUp PgDn', text: 'scroll by a page', short: null },
  { keys: 'Home End', text: 'to the beginning, to the end', short: null },
  { keys: 'l', text: 'more room for the log, or less', short: 'log' },
  { keys: '?', text: 'this help', short: 'help' },
  { keys: 'Ctrl-L', text: 'draw everything anew', short: null },
  { keys: 'Ctrl-C', text: 'as q, without a question', short: null },
  { keys: 'Ctrl-\\', text: 'end the Slices that run and stop', short: null },
  { keys: 'Ctrl-Z', text: 'suspend; fg comes back, bg lets the Worker go on unseen', short: null },
];

const CONTROL: Readonly<Record<string, Action>> = {
  '\x03': { do: 'interrupt' },
  '\x1c': { do: 'quitNow' },
  '\x1a': { do: 'suspend' },
  '\x0c': { do: 'redraw' },
  '\x1b': { do: 'dismiss' },
};

const LETTERS: Readonly<Record<string, Action>> = {
  q: { do: 'quit' },
  p: { do: 'pause' },
  d: { do: 'drain' },
  r: { do: 'reload' },
  l: { do: 'logSize' },
  '?': { do: 'help' },
  h: { do: 'help' },
  k: { do: 'scroll', to: 'up' },
  j: { do: 'scroll', to: 'down' },
};

const NAMED: Readonly<Record<string, Action>> = {
  tab: { do: 'nextPane' },
  up: { do: 'scroll', to: 'up' },
  down: { do: 'scroll', to: 'down' },
  pageup: { do: 'scroll', to: 'pageUp' },
  pagedown: { do: 'scroll', to: 'pageDown' },
  home: { do: 'scroll', to: 'first' },
  end: { do: 'scroll', to: 'last' },
};

/** Null: the key means nothing here. */
export function actionOf({ name, sequence = '', meta }: Key): Action | null {
  // Escape in front of a letter is what a terminal makes of Alt, or of an Escape and a letter in haste.
  if (meta === true && sequence.length > 1) return null;
  return CONTROL[sequence] ?? LETTERS[sequence.toLowerCase()] ?? NAMED[name ?? ''] ?? null;
}
