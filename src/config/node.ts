/** What a place says, as a tree in which every value knows where it stands. */
import type { Position } from './problem.js';

/** `keystore('~/.dcp/scott')`: a file that whoever needs it reads. */
export class KeystoreReference {
  constructor(readonly file: string) {}

  toString(): string {
    return `keystore(${JSON.stringify(this.file)})`;
  }
}

/** `undefined`: what a lower place says counts. `null`: what is built in counts. */
export type Scalar = string | number | boolean | null | undefined | RegExp | URL | KeystoreReference;

export interface Branch {
  readonly kind: 'branch';
  readonly position: Position;
  readonly entries: ReadonlyMap<string, ConfigNode>;
}

export interface List {
  readonly kind: 'list';
  readonly position: Position;
  readonly items: readonly ConfigNode[];
  /** It comes behind what lower places say, instead of in place of it. */
  readonly appends: boolean;
}

export interface Leaf {
  readonly kind: 'leaf';
  readonly position: Position;
  readonly value: Scalar;
}

/** `dcpConfig.scheduler.location.origin`: what the configuration says elsewhere. */
export interface Reference {
  readonly kind: 'reference';
  readonly position: Position;
  readonly path: readonly string[];
}

export type ConfigNode = Branch | List | Leaf | Reference;

/** What kind of value a node is, for schema and errors. */
export type Shape =
  | 'object'
  | 'list'
  | 'text'
  | 'number'
  | 'boolean'
  | 'nothing'
  | 'pattern'
  | 'url'
  | 'keystore'
  | 'reference';

export function shapeOf(node: ConfigNode): Shape {
  if (node.kind === 'branch') return 'object';
  if (node.kind !== 'leaf') return node.kind;
  const { value } = node;
  if (value === null || value === undefined) return 'nothing';
  if (value instanceof RegExp) return 'pattern';
  if (value instanceof URL) return 'url';
  if (value instanceof KeystoreReference) return 'keystore';
  return typeof value === 'string' ? 'text' : (typeof value as 'number' | 'boolean');
}

export function isUndefined(node: ConfigNode): boolean {
  return node.kind === 'leaf' && node.value === undefined;
}

export function isNull(node: ConfigNode): boolean {
  return node.kind === 'leaf' && node.value === null;
}

/** The node at a path, if all on the way there are branches. */
export function nodeAt(root: ConfigNode, path: readonly string[]): ConfigNode | null {
  let node: ConfigNode | undefined = root;
  for (const name of path) {
    if (node?.kind !== 'branch') return null;
    node = node.entries.get(name);
  }
  return node ?? null;
}

/** A tree of one node at the end of a path. */
export function treeOf(path: readonly string[], node: ConfigNode): ConfigNode {
  return path.reduceRight<ConfigNode>(
    (below, name) => ({ kind: 'branch', position: node.position, entries: new Map([[name, below]]) }),
    node,
  );
}

/** A key below another, as JavaScript would write it: `worker.minimumWage.CPU`, `list[0]`, `a["b c"]`. */
export function keyBelow(key: string, name: string | number): string {
  if (typeof name === 'number') return `${key}[${name}]`;
  const plain = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);
  if (!plain) return `${key}[${JSON.stringify(name)}]`;
  return key === '' ? name : `${key}.${name}`;
}

/** Characters of a value that an error shows. */
const MOST_SHOWN = 80;

/** One line that says what a node is, as a person would have written it. */
export function nodeText(node: ConfigNode): string {
  switch (node.kind) {
    case 'leaf':
      return scalarText(node.value);
    case 'reference':
      return ['dcpConfig', ...node.path].join('.');
    case 'list':
      return node.items.length === 0 ? '[]' : `[ ${node.items.map(nodeText).join(', ')} ]`;
    case 'branch': {
      const entries = [...node.entries].map(([name, below]) => `${keyBelow('', name)}: ${nodeText(below)}`);
      return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
    }
  }
}

function scalarText(value: Scalar): string {
  return typeof value === 'string'
    ? JSON.stringify(value)
    : value instanceof URL
      ? value.href
      : String(value);
}

export function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length <= MOST_SHOWN ? line : `${line.slice(0, MOST_SHOWN - 1)}…`;
}

/** A value of a program, as it would be written down. */
export type Plain = Scalar | readonly Plain[] | { readonly [name: string]: Plain };

export function nodeOf(value: Plain, position: Position, appends = false): ConfigNode {
  if (isList(value))
    return { kind: 'list', position, items: value.map((item) => nodeOf(item, position)), appends };
  if (!isRecord(value)) return { kind: 'leaf', position, value };
  const entries = Object.entries(value).map(([name, below]) => [name, nodeOf(below, position)] as const);
  return { kind: 'branch', position, entries: new Map(entries) };
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}

function isRecord(value: Exclude<Plain, readonly Plain[]>): value is Readonly<Record<string, Plain>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
