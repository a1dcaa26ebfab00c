/**
 * Reads configuration as it is written, JavaScript's object literals or JSON, without running any of it: the text is
 * parsed, and what is a literal becomes a node. Anything else is named in a warning and left out.
 */
import { parseExpressionAt, type Expression } from 'acorn';
import { isParseError, skipBetween, syntaxText } from './expressions.js';
import { LiteralReader, MAX_DEPTH } from './literal-reader.js';
import { shortened, type Branch, type ConfigNode } from './node.js';
import type { Position, Problems } from './problem.js';
import { MASK, isSecretName } from './secrets.js';
import type { SourceText } from './source-text.js';

/** What a whole file has to be. */
const OBJECT = 'an object literal, { … }';

/** Reads a file: one object. Null: it cannot be read, which `problems` has in words. */
export function readFileText(source: SourceText, problems: Problems): Branch | null {
  const { text } = source;
  const start = skipBetween(text, 0);
  const position = positionAt(source, start);
  if (text.trim() === '') problems.error(position, null, `is empty; expected ${OBJECT}`);
  // All of it was commented out.
  else if (start === text.length) return { kind: 'branch', position: topOf(source), entries: new Map() };
  else if (text[start] !== '{') {
    const line = text.slice(start, start + 200).split(/[\n\r]/, 1)[0]!;
    const found = isSecretName(line) ? MASK : shortened(line);
    problems.error(position, null, `expected ${OBJECT}; statements are not run: ${found}`);
  } else {
    const expression = parse(source, '', problems);
    if (expression?.type === 'ObjectExpression')
      return new LiteralReader(source, problems).read(expression, '') as Branch;
    if (expression !== null) problems.error(position, null, `expected ${OBJECT}, and nothing behind it`);
  }
  return null;
}

/** Reads one value, which is all of the text. Null: it cannot be read or is no literal, which `problems` has in words. */
export function readValue(source: SourceText, problems: Problems, key: string): ConfigNode | null {
  const expression = parse(source, key, problems);
  return expression && new LiteralReader(source, problems).read(expression, key);
}

function parse(source: SourceText, key: string, problems: Problems): Expression | null {
  const { text, dialect } = source;
  try {
    const expression = parseExpressionAt(text, 0, { ecmaVersion: 'latest', locations: true });
    let end = skipBetween(text, expression.end);
    if (dialect === 'js' && text[end] === ';') end = skipBetween(text, end + 1);
    if (end === text.length) return expression;
    const found = JSON.stringify(String.fromCodePoint(text.codePointAt(end)!));
    problems.error(positionAt(source, end), key || null, `expected nothing more, found ${found}`);
  } catch (error) {
    // The parser is recursive; it has no other reason for this one.
    if (error instanceof RangeError)
      problems.error(topOf(source), key || null, `is nested deeper than ${MAX_DEPTH} levels`);
    else if (isParseError(error)) {
      const position = { place: source.place, line: error.loc.line, column: error.loc.column + 1 };
      problems.error(position, key || null, syntaxText(error, text));
    } else throw error;
  }
  return null;
}

function topOf({ place }: SourceText): Position {
  return { place, line: 1, column: 1 };
}

function positionAt({ place, text }: SourceText, offset: number): Position {
  const lines = text.slice(0, offset).split(/\r\n|[\n\r\u2028\u2029]/);
  return { place, line: lines.length, column: lines.at(-1)!.length + 1 };
}
