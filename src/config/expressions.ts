/** What single expressions of a configuration file are, seen from outside: nothing here runs them. */
import type { Expression, MemberExpression, PrivateIdentifier, SpreadElement, Super } from 'acorn';

/** What acorn throws for text that it cannot parse. */
interface ParseError extends SyntaxError {
  readonly pos: number;
  /** `line` from 1, `column` from 0. */
  readonly loc: { readonly line: number; readonly column: number };
}

export function isParseError(error: unknown): error is ParseError {
  return error instanceof SyntaxError && 'pos' in error && 'loc' in error;
}

/** acorn's words, and what it met. */
export function syntaxText({ message, pos }: ParseError, text: string): string {
  const words = message.replace(/ \(\d+:\d+\)$/, '');
  if (!words.startsWith('Unexpected token')) return words.charAt(0).toLowerCase() + words.slice(1);
  const met = text.codePointAt(pos);
  return met === undefined ? 'unexpected end' : `unexpected ${JSON.stringify(String.fromCodePoint(met))}`;
}

const BETWEEN = /(?:\s+|\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\/)*/y;

/** Where the next token begins: behind white space and comments. */
export function skipBetween(text: string, from: number): number {
  BETWEEN.lastIndex = from;
  return from + BETWEEN.exec(text)![0].length;
}

type AnyExpression = Expression | SpreadElement | PrivateIdentifier | Super;

/** The text that a string, or a template without expressions, is; null: it is neither. */
export function textLiteral(expression: AnyExpression): string | null {
  if (expression.type === 'Literal') return typeof expression.value === 'string' ? expression.value : null;
  if (expression.type !== 'TemplateLiteral' || expression.expressions.length > 0) return null;
  return expression.quasis[0]!.value.cooked ?? null;
}

/**
 * `a.b['c']` as the names `a`, `b`, `c`; `require('process')` at its beginning is `process`. Null: it is something else.
 * Not recursive: a chain is as long as the file allows.
 */
export function memberPath(expression: MemberExpression): string[] | null {
  const names: string[] = [];
  let at: Expression | Super = expression;
  while (at.type === 'MemberExpression') {
    const { property, computed } = at;
    const name: string | null =
      !computed && property.type === 'Identifier' ? property.name : computed ? textLiteral(property) : null;
    if (name === null) return null;
    names.push(name);
    at = at.object;
  }
  const root = at.type === 'Identifier' ? at.name : isProcess(at) ? 'process' : null;
  return root === null ? null : [root, ...names.reverse()];
}

function isProcess(expression: Expression | Super): boolean {
  if (expression.type !== 'CallExpression' || expression.callee.type !== 'Identifier') return false;
  const name = expression.arguments[0] && textLiteral(expression.arguments[0]);
  return expression.callee.name === 'require' && (name === 'process' || name === 'node:process');
}

/** The environment variable that `env.NAME` or `process.env.NAME` reads; null: it reads none. */
export function variableOf(path: readonly string[]): string | null {
  const [name, ...more] = path.slice(path[0] === 'process' ? 1 : 0).slice(1);
  const from = path[path[0] === 'process' ? 1 : 0];
  return from === 'env' && name !== undefined && more.length === 0 ? name : null;
}
