/** Which expressions are literals, and what they say. Nothing here runs them. */
import type { Expression, Node, ObjectExpression, Property, SpreadElement } from 'acorn';
import { memberPath, textLiteral, variableOf } from './expressions.js';
import { keyOn } from './keys.js';
import {
  KeystoreReference,
  keyBelow,
  shortened,
  type Branch,
  type ConfigNode,
  type Leaf,
  type Scalar,
} from './node.js';
import type { Position, Problems } from './problem.js';
import { MASK, isSecretName } from './secrets.js';
import type { SourceText } from './source-text.js';

/** Objects and lists within each other; more is no configuration. */
export const MAX_DEPTH = 64;

type AnyExpression = Expression | SpreadElement;
type Where = Pick<Node, 'start' | 'end' | 'loc'>;

/** Makes nodes of parsed expressions. */
export class LiteralReader {
  readonly #source: SourceText;
  readonly #problems: Problems;

  constructor(source: SourceText, problems: Problems) {
    this.#source = source;
    this.#problems = problems;
  }

  /** Null: it was left out, which `problems` has in words. */
  read(expression: AnyExpression, key: string, depth = 0): ConfigNode | null {
    if (depth > MAX_DEPTH) return this.#refuse(expression, key, `is nested deeper than ${MAX_DEPTH} levels`);
    if (expression.type === 'ObjectExpression') return this.#object(expression, key, depth);
    if (expression.type === 'ArrayExpression') {
      const items: ConfigNode[] = [];
      let complete = true;
      expression.elements.forEach((element, index) => {
        const item = element && this.read(element, keyBelow(key, index), depth + 1);
        if (element === null) this.#notRead(expression, keyBelow(key, index), 'a missing element');
        if (item) items.push(item);
        else complete = false;
      });
      // Less than all of a list would be another list than the one that was written.
      return complete ? { kind: 'list', position: this.#position(expression), items, appends: false } : null;
    }
    return this.#source.dialect === 'json' ? this.#json(expression, key) : this.#javascript(expression, key);
  }

  #object(expression: ObjectExpression, key: string, depth: number): Branch {
    const entries = new Map<string, ConfigNode>();
    const seen = new Map<string, number>();
    for (const property of expression.properties) {
      const name = this.#nameOf(property, key);
      if (name === null || property.type === 'SpreadElement') continue;
      const below = keyBelow(key, name);
      if (name === '__proto__') {
        this.#fail(property, below, 'no key may have this name');
        continue;
      }
      const before = seen.get(name);
      if (before !== undefined)
        this.#warn(property, below, `stands here twice, first in line ${before}; this one counts`);
      seen.set(name, property.loc!.start.line);
      entries.delete(name);
      const node = this.read(property.value, below, depth + 1);
      if (node) entries.set(name, node);
    }
    return this.#branch(this.#position(expression), entries);
  }

  /** Null: it is no plain `name: value`, which was said. */
  #nameOf(property: Property | SpreadElement, key: string): string | null {
    const json = this.#source.dialect === 'json';
    if (property.type === 'SpreadElement') {
      this.#notRead(property, key || null, 'a spread');
      return null;
    }
    const { key: name } = property;
    if (property.computed) {
      this.#notRead(property, key || null, 'a computed key');
      return null;
    }
    if (json && !this.#textOf(name).startsWith('"'))
      return this.#refuse(name, key, `expected a key in quotation marks, got ${this.#shown(name, key)}`);
    const text = name.type === 'Identifier' ? name.name : String((name as { value: unknown }).value);
    if (property.kind === 'init' && !property.method && !property.shorthand) return text;
    const what = property.kind !== 'init' ? 'an accessor' : property.method ? 'a function' : 'a variable';
    this.#notRead(property, keyBelow(key, text), what);
    return null;
  }

  #json(expression: AnyExpression, key: string): Leaf | null {
    try {
      // The very text: JavaScript has more ways to write numbers and strings than JSON has.
      return this.#leaf(expression, JSON.parse(this.#textOf(expression)) as Scalar);
    } catch {
      return this.#refuse(expression, key, `expected JSON, got ${this.#shown(expression, key)}`);
    }
  }

  #javascript(expression: AnyExpression, key: string): ConfigNode | null {
    switch (expression.type) {
      case 'Literal':
        if (typeof expression.value === 'bigint') break;
        if (expression.regex && expression.value === null)
          return this.#refuse(expression, key, `this Node has no such regular expression: ${expression.raw}`);
        return this.#leaf(expression, expression.value);
      case 'Identifier':
        if (expression.name === 'undefined') return this.#leaf(expression, undefined);
        break;
      case 'TemplateLiteral': {
        const text = textLiteral(expression);
        if (text !== null) return this.#leaf(expression, text);
        break;
      }
      case 'UnaryExpression': {
        const { operator, argument } = expression;
        if (argument.type !== 'Literal' || typeof argument.value !== 'number') break;
        if (operator === '-' || operator === '+')
          return this.#leaf(expression, operator === '-' ? -argument.value : argument.value);
        break;
      }
      case 'NewExpression':
      case 'CallExpression': {
        const { callee } = expression;
        const [text, more] = expression.arguments.map(textLiteral);
        const name = callee.type === 'Identifier' ? callee.name : '';
        if (typeof text !== 'string' || more !== undefined) break;
        if (name === (expression.type === 'NewExpression' ? 'URL' : 'url'))
          return this.#url(expression, key, text);
        if (name === 'keystore' && expression.type === 'CallExpression')
          return this.#leaf(expression, new KeystoreReference(text));
        break;
      }
      case 'MemberExpression': {
        const path = memberPath(expression);
        if (path?.[0] === 'dcpConfig')
          return { kind: 'reference', position: this.#position(expression), path: path.slice(1) };
        const variable = path && variableOf(path);
        if (variable) return this.#leaf(expression, this.#variable(variable));
        break;
      }
      default:
    }
    this.#notRead(expression, key || null, 'no literal');
    return null;
  }

  #url(expression: Expression, key: string, text: string): Leaf | null {
    if (URL.canParse(text)) return this.#leaf(expression, new URL(text));
    return this.#refuse(expression, key, `expected a URL, got ${JSON.stringify(text)}`);
  }

  #variable(name: string): string | undefined {
    return Object.hasOwn(this.#source.env, name) ? this.#source.env[name] : undefined;
  }

  #leaf(expression: AnyExpression, value: Scalar): Leaf {
    return { kind: 'leaf', position: this.#position(expression), value };
  }

  #branch(position: Position, entries: Branch['entries']): Branch {
    return { kind: 'branch', position, entries };
  }

  #notRead(where: Where, key: string | null, what: string): void {
    // JSON has no such thing.
    if (this.#source.dialect === 'json')
      this.#fail(where, key, `expected JSON, got ${this.#shown(where, key)}`);
    else this.#warn(where, key, `${what}, not run and left out: ${this.#shown(where, key)}`);
  }

  #warn(where: Where, key: string | null, message: string): void {
    this.#problems.warn(this.#position(where), key, message);
  }

  #fail(where: Where, key: string | null, message: string): void {
    this.#problems.error(this.#position(where), key, message);
  }

  #refuse(where: Where, key: string, message: string): null {
    this.#fail(where, key || null, message);
    return null;
  }

  #position({ loc }: Where): Position {
    return { place: this.#source.place, line: loc!.start.line, column: loc!.start.column + 1 };
  }

  #textOf({ start, end }: Where): string {
    return this.#source.text.slice(start, end);
  }

  /** What stands there, unless it may be, or have in it, what nobody is shown. */
  #shown(where: Where, key: string | null): string {
    const text = this.#textOf(where);
    const secret = isSecretName(key ?? '') || isSecretName(text) || keyOn(namesOf(key ?? ''))?.key.secret;
    return secret ? MASK : shortened(text);
  }
}

/** `worker.computeGroups[0].x` as its names, numbers left out. */
function namesOf(key: string): string[] {
  return key.replace(/\[\d+\]/g, '').split('.');
}
