/** Questions to the schema: which keys there are, what is at a path, which is nearest. */
import type { Key, Section } from './key.js';
import { nodeOf, type ConfigNode, type Plain } from './node.js';
import type { Place, Position } from './problem.js';
import { SCHEMA } from './schema.js';

export type SchemaNode = Key<unknown> | Section;

export interface KnownKey {
  /** `worker.cores.cpu` */
  readonly name: string;
  readonly path: readonly string[];
  readonly key: Key<unknown>;
}

function keysIn(node: SchemaNode, path: readonly string[]): KnownKey[] {
  if (node.kind === 'key') return [{ name: path.join('.'), path, key: node }];
  return Object.entries(node.children).flatMap(([name, below]) => keysIn(below, [...path, name]));
}

/** All keys, in the schema's order. */
export const KNOWN_KEYS: readonly KnownKey[] = keysIn(SCHEMA, []);

/** The paths of all keys and sections, in the schema's order: a section stands before its keys. */
export const KNOWN_PATHS: readonly (readonly string[])[] = [
  ...new Map(
    KNOWN_KEYS.flatMap(({ path }) => path.map((_, index) => path.slice(0, index + 1))).map((path) => [
      path.join('.'),
      path,
    ]),
  ).values(),
];

export function schemaAt(path: readonly string[]): SchemaNode | null {
  let node: SchemaNode | undefined = SCHEMA;
  for (const name of path) {
    if (node?.kind !== 'section' || !Object.hasOwn(node.children, name)) return null;
    node = node.children[name];
  }
  return node ?? null;
}

/** The key that a path leads to or through. */
export function keyOn(path: readonly string[]): KnownKey | null {
  return KNOWN_KEYS.find((known) => known.path.every((name, index) => path[index] === name)) ?? null;
}

const BUILT_IN: Place = { label: 'built in', base: null };
export const BUILT_IN_POSITION: Position = { place: BUILT_IN, line: null, column: null };

/** What counts where no place says anything; null: what the Worker finds right, or no such key. */
export function builtIn(path: readonly string[]): ConfigNode | null {
  const node = schemaAt(path);
  return node?.kind !== 'key' || node.default === null
    ? null
    : nodeOf(node.default as Plain, BUILT_IN_POSITION);
}
