/** The configuration for people: each value with its source, secrets left out. */
import { InvalidArgumentError, nearest } from '../model/index.js';
import { KNOWN_KEYS, builtIn, KNOWN_PATHS, schemaAt, type KnownKey } from './keys.js';
import {
  KeystoreReference,
  isNull,
  isUndefined,
  keyBelow,
  nodeAt,
  nodeText,
  type Branch,
  type ConfigNode,
} from './node.js';
import type { Position } from './problem.js';
import { isSecretName, masked } from './secrets.js';

/** Lines are in columns as long as values are no longer, characters. */
const MOST_ALIGNED = 60;

/** One key of what `--showConfig` answers. */
export interface ConfigEntry {
  /** `worker.cores.cpu`, as JavaScript would write it. */
  readonly key: string;
  /** What JSON has no value for is text; null: what the Worker finds right. */
  readonly value: unknown;
  /** Where the value comes from. */
  readonly source: string;
}

export function shown(root: Branch, dotted: string): string[] {
  const rows = rowsAt(root, dotted).map(
    ({ key, node, source }) => [`${key} = ${node === null ? 'undefined' : nodeText(node)}`, source] as const,
  );
  const width = Math.max(...rows.map(([text]) => Math.min(text.length, MOST_ALIGNED)));
  return rows.map(([text, source]) => `${text.padEnd(width)}    ${source}`);
}

export function entriesAt(root: Branch, dotted: string): ConfigEntry[] {
  return rowsAt(root, dotted).map(({ key, node, source }) => ({
    key,
    value: node === null ? null : toJson(node),
    source,
  }));
}

interface Row {
  readonly key: string;
  /** Null: no place says anything, and nothing is built in. */
  readonly node: ConfigNode | null;
  readonly source: string;
}

/** Sorted by key, secrets left out. */
function rowsAt(root: Branch, dotted: string): Row[] {
  const path = dotted === '' ? [] : dotted.split('.');
  const node = nodeAt(root, path);
  if (node === null && schemaAt(path) === null) throw unknownPath(root, dotted);
  const unset = KNOWN_KEYS.filter(
    (known) => path.every((name, index) => known.path[index] === name) && !isSaid(nodeAt(root, known.path)),
  );
  const said = node === null ? [] : leavesOf(node, path);
  return [
    ...said.map(({ path: at, node: leaf }) => ({
      key: at.reduce(keyBelow, ''),
      node: maskedAt(at, leaf),
      source: sourceText(leaf),
    })),
    ...unset.map((known) => ({
      key: known.name,
      node: builtIn(known.path),
      source: defaultText(known),
    })),
  ].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function unknownPath(root: Branch, dotted: string): InvalidArgumentError {
  const known = [
    ...KNOWN_PATHS.map((path) => path.join('.')),
    ...leavesOf(root, []).map(({ path }) => path.join('.')),
  ];
  const names = dotted.split('.');
  const wrong = names.findIndex((_, i) => !known.includes(names.slice(0, i + 1).join('.')));
  // Only from the first name that is wrong: sections that are right make no name below them a near one.
  const above = names.slice(0, wrong).join('.');
  const below = above === '' ? '' : `${above}.`;
  const candidates = known.filter((key) => key.startsWith(below)).map((key) => key.slice(below.length));
  const near = nearest(dotted.slice(below.length), candidates);
  const meant = near === null ? (candidates.length === 0 ? above : '') : below + near;
  return new InvalidArgumentError(
    dotted,
    `there is no such key${meant === '' ? '' : ` (did you mean ${meant}?)`}`,
  );
}

/** Whether a node has a value that counts. */
function isSaid(node: ConfigNode | null): node is ConfigNode {
  return (
    node !== null &&
    !isUndefined(node) &&
    !isNull(node) &&
    !(node.kind === 'branch' && node.entries.size === 0)
  );
}

interface Shown {
  readonly path: readonly string[];
  readonly node: ConfigNode;
}

/** What is in a tree, down to single values and lists. */
function leavesOf(node: ConfigNode, path: readonly string[]): Shown[] {
  if (node.kind !== 'branch') return isSaid(node) ? [{ path, node }] : [];
  return [...node.entries].flatMap(([name, below]) => leavesOf(below, [...path, name]));
}

function maskedAt(path: readonly string[], node: ConfigNode): ConfigNode {
  return masked(node, path.find(isSecretName) ?? '');
}

/** A list may come from several places. */
function sourceText(node: ConfigNode): string {
  const nodes = node.kind === 'list' && node.items.length > 0 ? node.items : [node];
  return [...new Map(nodes.map(({ position }) => [position.place, positionText(position)])).values()].join(
    ', ',
  );
}

function positionText({ place, line }: Position): string {
  return line === null ? place.label : `${place.label}:${line}`;
}

function defaultText({ key }: KnownKey): string {
  return key.default === null ? `default: ${key.defaultText}` : 'default';
}

export function dumped(root: Branch): string {
  const tree = toJson(masked(root)) as Record<string, unknown>;
  for (const { path, key } of KNOWN_KEYS)
    if (key.default !== null && !isSaid(nodeAt(root, path))) put(tree, path, key.default);
  return JSON.stringify(tree, null, 2);
}

function toJson(node: ConfigNode): unknown {
  switch (node.kind) {
    case 'branch':
      return Object.fromEntries([...node.entries].map(([name, below]) => [name, toJson(below)]));
    case 'list':
      return node.items.map(toJson);
    case 'reference':
      return nodeText(node);
    case 'leaf':
      return node.value instanceof RegExp || node.value instanceof KeystoreReference
        ? String(node.value)
        : node.value;
  }
}

function put(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name, ...below] = path as [string, ...string[]];
  if (below.length === 0) tree[name] = value;
  else put((tree[name] ??= {}) as Record<string, unknown>, below, value);
}
