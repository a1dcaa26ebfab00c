/**
 * Group `console`: https://console.spec.whatwg.org/. What is printed becomes an event of the Job, of the level that the
 * standard groups the method under. Groups, counts and timers go when the Slice ends that began them.
 */
import { ConsoleLevels, type ConsoleLevelIndex } from '../../message-kinds.js';
import type { MakeGroup } from '../realm.js';
import { toDOMString } from '../webidl-types.js';
import { format } from './format.js';
import { makeErrorDetails, makeInspect } from './inspect.js';
import { formatTable } from './table.js';

const level = (name: (typeof ConsoleLevels)[number]): ConsoleLevelIndex =>
  ConsoleLevels.indexOf(name) as ConsoleLevelIndex;
const DEBUG = level('debug');
const LOG = level('log');
const INFO = level('info');
const WARN = level('warn');
const ERROR = level('error');

const INDENT = '  ';
const MAX_GROUPS = 50;

const makeConsole: MakeGroup = (_host, realm) => {
  const { primordials, clock, messages, scope } = realm;
  const { captureStackTrace } = primordials.Error;
  const { explainAlone } = realm.failures;
  const inspect = makeInspect(explainAlone, primordials);

  let depth = 0;
  let counts = new Map<string, number>();
  let timers = new Map<string, number>();

  const clearTraces = (): void => {
    depth = 0;
    counts = new Map();
    timers = new Map();
  };
  /** Before there is anything that the end of the Slice takes away. */
  const willLeaveTraces = (): void => {
    scope.atEnd(clearTraces);
  };

  /** The standard's Printer, for text. */
  const print = (to: ConsoleLevelIndex, text: string): void => {
    const indent = INDENT.repeat(Math.min(depth, MAX_GROUPS));
    messages.console(to, indent === '' ? text : indent + text.replace(/\n/g, `\n${indent}`));
  };

  /** The standard's Logger. */
  const log = (to: ConsoleLevelIndex, args: readonly unknown[]): void => {
    // What would be dropped need not be formatted.
    if (args.length > 0 && messages.admitsConsole()) print(to, format(args, inspect));
  };

  const elapsed = (label: string, start: number): string =>
    // The clock's steps, without what floating point makes of differences.
    `${label}: ${Number((clock.now() - start).toFixed(3))} ms`;

  const methods = {
    assert(condition: unknown = false, ...data: unknown[]) {
      if (condition) return;
      const message = 'Assertion failed';
      if (typeof data[0] === 'string') data[0] = `${message}: ${data[0]}`;
      else data = [message, ...data];
      log(ERROR, data);
    },
    clear() {
      depth = 0;
    },
    debug(...data: unknown[]) {
      log(DEBUG, data);
    },
    error(...data: unknown[]) {
      log(ERROR, data);
    },
    info(...data: unknown[]) {
      log(INFO, data);
    },
    log(...data: unknown[]) {
      log(LOG, data);
    },
    table(tabularData: unknown = undefined, properties: unknown = undefined) {
      const columns =
        properties === undefined ? null : Array.from(properties as Iterable<unknown>, toDOMString);
      if (!messages.admitsConsole()) return;
      print(LOG, formatTable(tabularData, columns, inspect) ?? format([tabularData], inspect));
    },
    trace(...data: unknown[]) {
      const trace: { stack?: unknown } = {};
      captureStackTrace(trace, methods.trace);
      const frames = typeof trace.stack === 'string' ? framesOf(realm.ownStack(trace.stack)) : '';
      print(LOG, `Trace${data.length > 0 ? `: ${format(data, inspect)}` : ''}${frames}`);
    },
    warn(...data: unknown[]) {
      log(WARN, data);
    },
    dir(item: unknown = undefined, _options: unknown = undefined) {
      print(LOG, inspect(item));
    },
    dirxml(...data: unknown[]) {
      log(LOG, data);
    },
    count(label: unknown = 'default') {
      const name = toDOMString(label);
      willLeaveTraces();
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      print(INFO, `${name}: ${count}`);
    },
    countReset(label: unknown = 'default') {
      const name = toDOMString(label);
      if (counts.has(name)) counts.set(name, 0);
      else print(WARN, `Count for '${name}' does not exist`);
    },
    group(...data: unknown[]) {
      log(LOG, data);
      willLeaveTraces();
      depth++;
    },
    groupCollapsed(...data: unknown[]) {
      methods.group(...data);
    },
    groupEnd() {
      if (depth > 0) depth--;
    },
    time(label: unknown = 'default') {
      const name = toDOMString(label);
      if (timers.has(name)) {
        print(WARN, `Timer '${name}' already exists`);
        return;
      }
      willLeaveTraces();
      timers.set(name, clock.now());
    },
    timeLog(label: unknown = 'default', ...data: unknown[]) {
      const name = toDOMString(label);
      const start = timers.get(name);
      if (start === undefined) print(WARN, `Timer '${name}' does not exist`);
      else log(LOG, data.length > 0 ? ['%s', elapsed(name, start), ...data] : [elapsed(name, start)]);
    },
    timeEnd(label: unknown = 'default') {
      const name = toDOMString(label);
      const start = timers.get(name);
      if (start === undefined) {
        print(WARN, `Timer '${name}' does not exist`);
        return;
      }
      timers.delete(name);
      print(INFO, elapsed(name, start));
    },
  };

  // A namespace object whose prototype is an empty object, "for historical reasons".
  const console = primordials.ObjectCreate({}) as Record<string, unknown>;
  Object.assign(console, methods);
  primordials.defineProperty(console, primordials.SymbolToStringTag, {
    value: 'console',
    configurable: true,
  });
  return { console, inspect, detailsOf: makeErrorDetails(explainAlone, primordials) };
};

/** A stack's frames, without the line that names an error. */
function framesOf(stack: string): string {
  const first = stack.indexOf('\n');
  return first < 0 ? '' : stack.slice(first);
}

export default makeConsole;
