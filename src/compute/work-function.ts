import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import type * as Acorn from 'acorn';
import type { Expression, Property } from 'acorn';
import { InvalidArgumentError, shown } from '../model/index.js';

/**
 * A Work Function in a file of its own: the default export of an ES module, or `module.exports`. What the file imports
 * comes with the Job.
 */
export interface WorkFunctionFile {
  /** A `file:` URL or a path, relative to the directory of the Compute. */
  readonly file: string | URL;
}

/** Where a Work Function comes from: one expression, or a file (absolute). */
export type WorkFunctionOrigin = { readonly source: string } | { readonly file: string };

/** Throws `InvalidArgumentError` for what is neither a function, its source text nor a file that is there. */
export function workFunctionOrigin(work: unknown, directory: string): WorkFunctionOrigin {
  if (work instanceof URL) return { file: existingFile(work, directory) };
  const { file } = (typeof work === 'object' ? (work ?? {}) : {}) as { file?: unknown };
  if (file !== undefined) return { file: existingFile(file, directory) };
  return { source: workFunctionSource(work) };
}

function existingFile(given: unknown, directory: string): string {
  if (given instanceof URL ? given.protocol !== 'file:' : typeof given !== 'string')
    refuse(
      `expected the path of a file or a file: URL, got ${given instanceof URL ? given.href : shown(given)}`,
    );
  const file = given instanceof URL ? fileURLToPath(given) : path.resolve(directory, given as string);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) refuse(`${file}: no such file`);
  if (path.extname(file) === '.json') refuse(`${file}: expected a module, got a file of JSON`);
  return file;
}

/**
 * The source of a Work Function as one expression. Functions, arrow functions and methods are taken by their source text, so
 * they must not use variables from around them. Throws `InvalidArgumentError` for what has no usable source: classes,
 * generators, native and bound functions, text that is no expression, or one that is plainly no function.
 */
export function workFunctionSource(workFunction: unknown): string {
  if (typeof workFunction === 'string')
    return functionExpression(workFunction.trim().replace(/(\s*;)+$/, ''));
  if (typeof workFunction !== 'function')
    return refuse(
      `expected a function, its source text, or a file (a URL or { file }), got ${shown(workFunction)}`,
    );
  const source = Function.prototype.toString.call(workFunction);
  const name = workFunction.name === '' ? 'the function given' : `the function "${workFunction.name}"`;
  if (/\{\s*\[native code\]\s*\}$/.test(source)) {
    refuse(`${name} is native or bound and has no source text; wrap it: (datum) => …`);
  }
  if (/^class\b/.test(source))
    refuse(`${name} is a class; expected a function that is called once per Slice`);
  const kind = Object.prototype.toString.call(workFunction);
  if (kind === '[object GeneratorFunction]' || kind === '[object AsyncGeneratorFunction]') {
    refuse(`${name} is a generator; expected a function that returns the result, or a promise for it`);
  }
  if (isExpression(source)) return source;
  // A name that is worked out is of variables around it, and may be a symbol, which is not among an object's values.
  if (/^(async\s*)?\[/.test(source)) return renamedMethod(source, name);
  // A method's source is one only inside an object.
  return expression(`Object.values({ ${source} })[0]`, name);
}

function expression(source: string, what: string): string {
  const error = syntaxError(source);
  if (error === null) return source;
  return refuse(`${what} does not compile as an expression: ${error}`);
}

/** What functions, and calls that answer one, begin with none of. */
const MAYBE_DATA = /^[\d'"`[{.+\-!~]|^(true|false|null|undefined|NaN|Infinity)\b/;

/** Whatever is no function fails Slice by Slice, as it is called. */
function functionExpression(source: string): string {
  const given = expression(source, 'the text given');
  if (!MAYBE_DATA.test(given)) return given;
  const { type } = parsed(`(${given}\n)`);
  if (DATA.includes(type) || /^(true|false|null|undefined|NaN|Infinity)$/.test(given))
    refuse(`expected the source text of a function, got ${shown(given)}`);
  return given;
}

const DATA: readonly Expression['type'][] = [
  'ArrayExpression',
  'BinaryExpression',
  'Literal',
  'ObjectExpression',
  'TemplateLiteral',
  'UnaryExpression',
  'UpdateExpression',
];

/** The method, by a name that needs nothing from around it. */
function renamedMethod(source: string, what: string): string {
  const whole = `({ ${source} })`;
  expression(whole, what);
  const object = parsed(whole);
  const method = object.type === 'ObjectExpression' ? (object.properties[0] as Property).value : null;
  if (method?.type !== 'FunctionExpression') return refuse(`${what} is no method`);
  return `({ ${method.async ? 'async ' : ''}work${whole.slice(method.start, method.end)} }).work`;
}

/** Of text that compiles. Loaded for what few Jobs bring. */
function parsed(source: string): Expression {
  const { parseExpressionAt } = createRequire(import.meta.url)('acorn') as typeof Acorn;
  return parseExpressionAt(source, 0, { ecmaVersion: 'latest' });
}

function isExpression(source: string): boolean {
  return syntaxError(source) === null;
}

/** Compiles, and runs nothing. The line break ends a comment at the end. */
function syntaxError(source: string): string | null {
  try {
    new Script(`(${source}\n)`);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function refuse(message: string): never {
  throw new InvalidArgumentError('workFunction', message);
}
