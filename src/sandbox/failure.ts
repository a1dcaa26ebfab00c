import { clip } from './clip.js';
import { originalStack, type setSourceMap } from './source-positions.js';

// As they were before any Work Function could change them.
const NativeError = Error;
const toText = String;
const { toString } = Object.prototype;
const { apply, getPrototypeOf, ownKeys } = Reflect;
const { isArray } = Array;
const describeError = Error.prototype.toString;

const limitCodes = new WeakMap<object, string>();
const { get: getCode, set: setCode } = WeakMap.prototype;

/** A RangeError for a limit of the Sandbox: a Slice that it ends fails with `code`, unless the Work Function catches it. */
export function limitError(code: string, message: string): RangeError {
  const error = new RangeError(message);
  apply(setCode, limitCodes, [error, code]);
  return error;
}

/** The code of a Slice that ended by throwing this. */
export function codeOf(thrown: unknown): string {
  return (apply(getCode, limitCodes, [thrown]) as string | undefined) ?? 'EUNCAUGHT';
}

/** How values are shown, by the group `console` of the environment. */
export interface ValueTexts {
  inspect(value: unknown): string;
  /** What follows the stack of an error: its cause, what else it has been given. */
  detailsOf(error: object): string;
}
let loadTexts: (() => ValueTexts) | null = null;

/** @param load is called when a value is thrown that is more than its text. It may throw: at the end of the stack, for instance */
export function setValueTexts(load: () => ValueTexts): void {
  loadTexts = load;
}

/** What was thrown, with a stack where there is one and all that belongs to it. Never throws, whatever it is given. */
export function explain(thrown: unknown): string {
  const text = explainAlone(thrown);
  try {
    if (thrown instanceof NativeError) return text + detailsOf(thrown);
    const saysNothing = isArray(thrown) || text.slice(0, 8) === '[object ';
    if (saysNothing && typeof thrown === 'object') return clip(loadTexts!().inspect(thrown));
  } catch {
    // The text must do.
  }
  return text;
}

/** What belongs to an error besides its stack; empty for most. Never throws. */
export function detailsOf(error: object): string {
  try {
    const keys = ownKeys(error);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index];
      if (key !== 'stack' && key !== 'message' && key !== 'name') return clip(loadTexts!().detailsOf(error));
    }
  } catch {
    // It is told without.
  }
  return '';
}

/** What was thrown, as text with a stack where there is one. Never throws. */
export function explainAlone(thrown: unknown): string {
  try {
    if (thrown instanceof NativeError) return stackOf(thrown) ?? `${thrown.name}: ${thrown.message}`;
    return toText(thrown);
  } catch {
    return name(thrown);
  }
}

/** By its internal slots, or not even that: a Proxy may throw whatever is asked. */
function name(thrown: unknown): string {
  try {
    return apply(toString, thrown, []);
  } catch {
    return 'a value that cannot be shown';
  }
}

export function stackOf(error: Error): string | undefined {
  const { stack } = error;
  return typeof stack === 'string' ? ownStack(stack) : undefined;
}

/** A stack without frames of ours, in terms of the client's files. */
export function ownStack(stack: string): string {
  // Frames of our own scripts are of no use to the author of a Work Function. No line end among the blanks: each of many empty
  // lines would be a start that looks through the rest.
  return originalStack(clip(stack).replace(/\n[^\S\n]+at [^\n]*\bdcp:(?:prelude|environment)\b[^\n]*/g, ''));
}

/**
 * What V8 makes of an error and its frames by itself, in terms of the client's files. Like V8 it leaves the matter to
 * `Error.prepareStackTrace` where there is one: https://v8.dev/docs/stack-trace-api
 */
export function formatStack(error: unknown, sites: readonly object[]): unknown {
  const { prepareStackTrace } = NativeError as { prepareStackTrace?: unknown };
  if (typeof prepareStackTrace === 'function') return apply(prepareStackTrace, NativeError, [error, sites]);
  let stack = '<error>';
  try {
    stack = apply(describeError, error, []);
    for (let index = 0; index < sites.length; index++) {
      const site = sites[index]!;
      const { toString } = getPrototypeOf(site) as { toString(): string };
      stack += `\n    at ${apply(toString, site, [])}`;
    }
    return ownStack(stack);
  } catch {
    return stack;
  }
}

/** What the Job's side uses of this, which is the prelude's: what an error was made for is remembered here. */
export interface Failures {
  readonly codeOf: typeof codeOf;
  readonly detailsOf: typeof detailsOf;
  readonly explain: typeof explain;
  readonly explainAlone: typeof explainAlone;
  readonly stackOf: typeof stackOf;
  readonly setSourceMap: typeof setSourceMap;
}
