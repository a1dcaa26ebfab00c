import { inspect } from './inspect.js';
import { ConsoleLevels, type ConsoleLevelIndex } from './message-kinds.js';
import type { Messages } from './messages.js';

/** `console` of a Work Function: what is printed becomes an event of the Job. */
export function createConsole(messages: Messages): Record<string, (...args: unknown[]) => void> {
  const result: Record<string, (...args: unknown[]) => void> = {};
  ConsoleLevels.forEach((level, index) => {
    result[level] = (...args) => {
      if (messages.admitsConsole()) messages.console(index as ConsoleLevelIndex, format(args));
    };
  });
  return result;
}

/** The web's console formatter: `%s %d %i %f %o %O %j %c %%` in a first string, then the rest, separated by blanks. */
function format(args: readonly unknown[]): string {
  const [first, ...rest] = args;
  let next = 0;
  let text = '';
  if (typeof first === 'string') {
    text = first.replace(/%[sdifoOjc%]/g, (directive) => {
      if (directive === '%%') return '%';
      if (next >= rest.length) return directive;
      return formatOne(directive, rest[next++]);
    });
  } else if (args.length > 0) {
    text = inspect(first);
  }
  for (; next < rest.length; next++) {
    const value = rest[next];
    text += ` ${typeof value === 'string' ? value : inspect(value)}`;
  }
  return text;
}

function formatOne(directive: string, value: unknown): string {
  switch (directive) {
    case '%s':
      return typeof value === 'object' && value !== null ? inspect(value) : String(value);
    case '%d':
      return typeof value === 'bigint'
        ? `${value}n`
        : String(typeof value === 'symbol' ? NaN : Number(value));
    case '%i':
      return typeof value === 'bigint'
        ? `${value}n`
        : String(typeof value === 'symbol' ? NaN : parseInt(String(value), 10));
    case '%f':
      return String(typeof value === 'symbol' ? NaN : parseFloat(String(value)));
    case '%j':
      return JSON.stringify(value) ?? 'undefined';
    case '%c':
      return '';
    default:
      return inspect(value);
  }
}
