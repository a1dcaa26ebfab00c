import type { WorkerState } from '../../status/index.js';
import { KEY_HELP, type KeyHelp } from '../keys.js';
import type { Question, View } from '../view.js';
import { fitLine, span, widthOf, type Line, type Span } from './styled-text.js';
import type { Theme } from './theme.js';

/** What is asked, what is told, or which keys there are. */
export function footerLine(view: View, state: WorkerState, width: number, theme: Theme): Line {
  if (view.question !== null)
    return fitLine([span(` ${questionText(view.question, view.stops)} `, 'inverse')], width, theme);
  if (view.notice !== null) return fitLine([span(` ${view.notice}`, 'strong')], width, theme);
  return fitLine(keyNames(state, width, theme), width, theme);
}

/** As many keys as fit, help first of all. */
function keyNames(state: WorkerState, width: number, theme: Theme): Span[] {
  const named = KEY_HELP.filter(({ short }) => short !== null);
  const chosen = new Set<KeyHelp>();
  let left = width;
  for (const key of [...named].sort((a, b) => Number(b.keys === '?') - Number(a.keys === '?'))) {
    const needed = widthOf(` ${key.keys} ${shortName(key, state)} `, theme);
    if (needed > left) break;
    chosen.add(key);
    left -= needed;
  }
  return named
    .filter((key) => chosen.has(key))
    .flatMap((key) => [span(` ${key.keys}`, 'strong'), span(` ${shortName(key, state)} `, 'dim')]);
}

function shortName({ keys, short }: KeyHelp, state: WorkerState): string {
  return keys === 'p' && state === 'paused' ? 'resume' : (short ?? '');
}

function questionText(question: Question, stops: number): string {
  if (question === 'drain') return 'Press d again to finish what is held and then stop';
  if (stops === 0) return 'Press q again to stop when the running Slices have ended';
  return stops === 1 ? 'Press q again to end the running Slices at once' : 'Press q again to exit at once';
}
