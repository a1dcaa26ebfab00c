import { statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
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
  return file;
}

/**
 * The source of a Work Function as one expression. Functions, arrow functions and methods are taken by their source text, so
 * they must not use variables from around them. Throws `InvalidArgumentError` for what has no usable source: classes,
 * generators, native and bound functions, text that is no expression.
 */
export function workFunctionSource(workFunction: unknown): string {
  if (typeof workFunction === 'string')
    return expression(workFunction.trim().replace(/(\s*;)+$/, ''), 'the text given');
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
  // A method's source is one only inside an object.
  return expression(`Object.values({ ${source} })[0]`, name);
}

function expression(source: string, what: string): string {
  const error = syntaxError(source);
  if (error === null) return source;
  return refuse(`${what} does not compile as an expression: ${error}`);
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
