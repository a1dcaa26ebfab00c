import type { Inspect } from './inspect.js';

const SPECIFIER = /%[sdifoOc%]/g;

/** Logger and Formatter of the Console standard: https://console.spec.whatwg.org/#logger. Throws what a `toString` throws. */
export function format(args: readonly unknown[], inspect: Inspect): string {
  const [first] = args;
  // A single argument is no format.
  if (typeof first !== 'string' || args.length === 1) return join(args, 0, inspect);
  let next = 1;
  const text = first.replace(SPECIFIER, (specifier) => {
    if (specifier === '%%') return '%';
    return next < args.length ? convert(specifier, args[next++], inspect) : specifier;
  });
  return next < args.length ? `${text} ${join(args, next, inspect)}` : text;
}

function join(args: readonly unknown[], from: number, inspect: Inspect): string {
  let text = '';
  for (let index = from; index < args.length; index++) {
    const value = args[index];
    text += `${index > from ? ' ' : ''}${typeof value === 'string' ? value : inspect(value)}`;
  }
  return text;
}

function convert(specifier: string, value: unknown, inspect: Inspect): string {
  switch (specifier) {
    case '%s':
      return String(value);
    case '%d':
    case '%i':
      return typeof value === 'symbol' ? 'NaN' : String(parseInt(value as string, 10));
    case '%f':
      return typeof value === 'symbol' ? 'NaN' : String(parseFloat(value as string));
    case '%c':
      return '';
    default:
      return inspect(value);
  }
}
