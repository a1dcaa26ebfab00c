/** What values of the configuration may be: each type says what it expects, and reads a node. */
import { isIP } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidArgumentError, isProgramName, parseHours, parseOriginRule } from '../model/index.js';
import {
  KeystoreReference,
  isNull,
  isUndefined,
  keyBelow,
  nodeText,
  shapeOf,
  shortened,
  type Branch,
  type ConfigNode,
  type Shape,
} from './node.js';
import type { Position } from './problem.js';
import { masked } from './secrets.js';

export interface ReadContext {
  /** What `~` is. */
  readonly home: string;
  /** No error shows the value. */
  readonly secret: boolean;
  /** Reports that the value at `key` cannot be used. */
  fail(position: Position, key: string, message: string): void;
}

/** `read` answers undefined for what does not fit, and has reported it. */
export interface ValueType<T> {
  /** What may be there, behind "expected". */
  readonly expected: string;
  /** The shapes it can read at all. */
  readonly shapes: readonly Shape[];
  read(node: ConfigNode, key: string, context: ReadContext): T | undefined;
}

/** `expected a whole number from 1 to 1024, got "seven"`; of a secret only its shape is told. */
export function expectedText(expected: string, node: ConfigNode, secret: boolean): string {
  return `expected ${expected}, got ${secret ? shapeText(node) : shortened(nodeText(masked(node)))}`;
}

function shapeText(node: ConfigNode): string {
  return node.kind === 'leaf' && node.value === '' ? 'an empty text' : shapeOf(node);
}

/** A type of values that a place writes as one scalar. `convert` answers undefined for what does not fit. */
function scalar<T>(
  expected: string,
  shapes: readonly Shape[],
  convert: (value: unknown, node: ConfigNode, context: ReadContext) => T | undefined,
): ValueType<T> {
  return {
    expected,
    shapes,
    read(node, key, context) {
      const value =
        node.kind === 'leaf' && shapes.includes(shapeOf(node))
          ? convert(node.value, node, context)
          : undefined;
      if (value === undefined) context.fail(node.position, key, expectedText(expected, node, context.secret));
      return value;
    },
  };
}

export function wholeNumber(least: number, most: number): ValueType<number> {
  return scalar(`a whole number from ${least} to ${most}`, ['number'], (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? (value as number)
      : undefined,
  );
}

/** The same, or 0, which stands for none. */
export function zeroOrWholeNumber(least: number, most: number): ValueType<number> {
  return scalar(`0, or a whole number from ${least} to ${most}`, ['number'], (value) =>
    Number.isSafeInteger(value) && (value === 0 || (value as number) >= least) && (value as number) <= most
      ? (value as number)
      : undefined,
  );
}

/** `from least to most`, or `above least up to most`, or 0, which stands for none; `most` may be infinite. */
export function number(
  least: number,
  most: number,
  { above = false, orZero = false } = {},
): ValueType<number> {
  const from = above ? `above ${least}` : `from ${least}`;
  const to = most === Infinity ? '' : above ? ` up to ${most}` : ` to ${most}`;
  return scalar(`${orZero ? '0, or ' : ''}a number ${from}${to}`, ['number'], (value) => {
    if (orZero && value === 0) return 0;
    const fits = Number.isFinite(value) && (value as number) <= most;
    return fits && (above ? (value as number) > least : (value as number) >= least)
      ? (value as number)
      : undefined;
  });
}

export function boolean(): ValueType<boolean> {
  return scalar('true or false', ['boolean'], (value) => value as boolean);
}

export function text(expected = 'text', pattern = /^[^\0]+$/s): ValueType<string> {
  return scalar(expected, ['text'], (value) =>
    pattern.test(value as string) ? (value as string) : undefined,
  );
}

/** Where a server of this machine listens. */
export function listenAddress(): ValueType<string> {
  return scalar('an IP address of this machine, or localhost', ['text'], (value) =>
    isIP(value as string) !== 0 || value === 'localhost' ? (value as string) : undefined,
  );
}

export function oneOf<const T extends string>(...words: readonly T[]): ValueType<T> {
  const list = words.map((word) => JSON.stringify(word));
  const expected = list.length === 1 ? list[0]! : `${list.slice(0, -1).join(', ')} or ${list.at(-1)}`;
  return scalar(expected, ['text'], (value) => words.find((word) => word === value));
}

/** `false`, which stands for null. */
export function none(): ValueType<null> {
  return scalar('false', ['boolean'], (value) => (value === false ? null : undefined));
}

/** A file or folder, absolute: `~/` is the home directory; a relative one begins where its place says, if it does. */
export function file(what = 'file'): ValueType<string> {
  return scalar(
    `an absolute path of a ${what}, or one that begins with ~/`,
    ['text'],
    (value, node, { home }) => absolute(value as string, node.position.place.base, home),
  );
}

function absolute(name: string, base: string | null, home: string): string | undefined {
  if (name.startsWith('~/')) return path.join(home, name.slice(2));
  if (name === '' || name.includes('\0')) return undefined;
  if (path.isAbsolute(name)) return path.normalize(name);
  return base === null ? undefined : path.resolve(base, name);
}

/** `protocols` with their colons. Where `file:` is one of them, an absolute path is, too. */
export function url(...protocols: readonly string[]): ValueType<URL> {
  const paths = protocols.includes('file:');
  const expected = `a URL (${protocols.map((protocol) => `${protocol}//…`).join(', ')})${paths ? ', or an absolute path' : ''}`;
  return scalar(expected, ['text', 'url'], (value, node, { home }) => {
    if (value instanceof URL) return protocols.includes(value.protocol) ? value : undefined;
    const name = value as string;
    const folder = paths && !URL.canParse(name) ? absolute(name, node.position.place.base, home) : undefined;
    const target = folder === undefined ? (URL.canParse(name) ? new URL(name) : null) : pathToFileURL(folder);
    return target !== null && protocols.includes(target.protocol) ? target : undefined;
  });
}

/** An origin, as `--allowedOrigins` takes them. */
export function originRule(): ValueType<string> {
  const expected =
    'an origin (https://host, https://*.domain, https://*, *, or one of these behind "private:")';
  return parsed(expected, (value) => parseOriginRule('', value).text);
}

/** Text that `parse` makes a value of; what it refuses as an argument does not fit. */
function parsed<T>(expected: string, parse: (value: string) => T): ValueType<T> {
  return scalar(expected, ['text'], (value) => {
    try {
      return parse(value as string);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      return undefined;
    }
  });
}

/** A part of the week, as `parseHours` reads it. */
export function hours(): ValueType<string> {
  const expected = 'days and hours, as "mon-fri 22:00-06:00", "sat,sun" or "18:00-24:00"';
  return parsed(expected, (value) => {
    parseHours('', value);
    return value;
  });
}

/** A program that a machine is watched for. */
export function program(): ValueType<string> {
  return scalar('the name of a program, or the absolute path of its file', ['text'], (value) =>
    isProgramName(value as string) ? (value as string) : undefined,
  );
}

/** A regular expression; or text, which is looked for as it is, in either case. */
export function pattern(): ValueType<RegExp | string> {
  return scalar('a regular expression, or text to look for', ['pattern', 'text'], (value) =>
    value === '' ? undefined : (value as RegExp | string),
  );
}

export function keystore(): ValueType<KeystoreReference> {
  return scalar("keystore('path')", ['keystore'], (value, node, { home }) => {
    const name = absolute((value as KeystoreReference).file, node.position.place.base, home);
    return name === undefined ? undefined : new KeystoreReference(name);
  });
}

export function list<T>(element: ValueType<T>, most = 1000): ValueType<readonly T[]> {
  const expected = `a list of at most ${most}, each ${element.expected}`;
  return {
    expected,
    shapes: ['list'],
    read(node, key, context) {
      if (node.kind !== 'list' || node.items.length > most) {
        context.fail(node.position, key, expectedText(expected, node, context.secret));
        return undefined;
      }
      const read = node.items.map((item, index) => element.read(item, keyBelow(key, index), context));
      return read.every((item) => item !== undefined) ? read : undefined;
    },
  };
}

/** An object, of which `read` makes a value. */
export function object<T>(
  expected: string,
  read: (branch: Branch, key: string, context: ReadContext) => T | undefined,
): ValueType<T> {
  return {
    expected,
    shapes: ['object'],
    read(node, key, context) {
      if (node.kind === 'branch') return read(node, key, context);
      context.fail(node.position, key, expectedText(expected, node, context.secret));
      return undefined;
    },
  };
}

/** What names in an object may be. */
export interface NameType {
  /** Behind "expected". */
  readonly expected: string;
  fits(name: string): boolean;
}

/** An object with any keys, or those that fit, each value of one type. */
export function map<T>(
  element: ValueType<T>,
  names: NameType | null = null,
): ValueType<Readonly<Record<string, T>>> {
  const whose = names === null ? '' : `names are each ${names.expected}, and whose `;
  const expected = `an object whose ${whose}values are each ${element.expected}`;
  return object(expected, ({ entries }, key, context) => {
    const read: [string, T][] = [];
    for (const [name, below] of entries) {
      if (isUndefined(below) || isNull(below)) continue;
      if (names !== null && !names.fits(name)) {
        const got = context.secret ? '' : `, got the name ${shortened(JSON.stringify(name))}`;
        context.fail(below.position, keyBelow(key, name), `expected ${names.expected}${got}`);
      }
      const value = element.read(below, keyBelow(key, name), context);
      if (value !== undefined) read.push([name, value]);
    }
    return Object.fromEntries(read);
  });
}

/** One type or the other, by the shape of what is there. */
export function either<A, B>(a: ValueType<A>, b: ValueType<B>): ValueType<A | B> {
  const expected = `${a.expected}, or ${b.expected}`;
  return {
    expected,
    shapes: [...a.shapes, ...b.shapes],
    read(node, key, context) {
      const shape = shapeOf(node);
      const fitting = [a, b].find(({ shapes }) => shapes.includes(shape));
      if (fitting === undefined) {
        context.fail(node.position, key, expectedText(expected, node, context.secret));
        return undefined;
      }
      const partly = expectedText(fitting.expected, node, context.secret);
      const fail: ReadContext['fail'] = (position, at, message) =>
        // Of what does not fit at all, both are said.
        context.fail(
          position,
          at,
          at === key && message === partly ? expectedText(expected, node, context.secret) : message,
        );
      return fitting.read(node, key, { ...context, fail });
    },
  };
}
