/** What environment variables say of the configuration. */
import { nearest, nearestText } from '../model/index.js';
import { KNOWN_PATHS, keyOn, schemaAt } from './keys.js';
import { readValue } from './literals.js';
import { merged } from './merge.js';
import { treeOf, type Branch, type ConfigNode } from './node.js';
import { Problems, type Place } from './problem.js';
import type { SourceText } from './source-text.js';
import type { Environment } from './variables.js';

const PREFIX = 'DCP_CONFIG_';

/** Variables that begin so and are no keys: where a remote configuration is, which scope is meant, a mark. */
const NO_KEYS = ['DCP_CONFIG_LOCATION', 'DCP_CONFIG_SCOPE', 'DCP_CONFIG_COOKIE'];

/** Variables with names of their own. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  DCP_SCHEDULER_LOCATION: ['scheduler', 'location'],
  DCP_WORKER_UNHANDLED_REJECTION_LOG: ['worker', 'unhandledRejectionLog'],
};

/** Names as variables may spell them: `worker_cores_cpu`, `WORKER_CORES_CPU`, `WORKER_PAYMENT_ADDRESS`. */
const PATHS_BY_SPELLING = new Map(KNOWN_PATHS.map((path) => [spelling(path.join('')), path]));

/** Sections that are right make names long, and no name below them a near one. */
const MOST_EDITS = 2;

function spelling(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

/**
 * The layer of the environment. `DCP_CONFIG_` and a path's names set what is there, `DCP_CONFIG_worker_cores_cpu=7`, case and
 * underscores aside; a value that begins with `{` is an object literal, and may be anything's: `DCP_CONFIG_WORKER={ cores: … }`.
 * Where two speak of the same, the longer path counts.
 * @param base what relative paths begin at
 */
export function environmentLayer(env: Environment, base: string, problems: Problems): Branch {
  const said: { path: readonly string[]; node: ConfigNode }[] = [];
  for (const name of Object.keys(env).sort()) {
    const text = env[name];
    if (text === undefined || NO_KEYS.includes(name)) continue;
    const place: Place = { label: `$${name}`, base };
    const path = Object.hasOwn(NAMED, name) ? NAMED[name]! : pathOf(name, text, place, problems);
    const node = path && valueOf({ place, text, dialect: 'js', env }, path, problems);
    if (node) said.push({ path, node });
  }
  said.sort((a, b) => a.path.length - b.path.length);
  const position = { place: { label: 'environment', base }, line: null, column: null };
  return said.reduce<Branch>((below, { path, node }) => merged(below, treeOf(path, node)) as Branch, {
    kind: 'branch',
    position,
    entries: new Map(),
  });
}

function pathOf(name: string, text: string, place: Place, problems: Problems): readonly string[] | null {
  if (!name.startsWith(PREFIX)) return null;
  const rest = name.slice(PREFIX.length);
  const known = PATHS_BY_SPELLING.get(spelling(rest));
  if (known !== undefined) return known;
  // Another program's, or one that this Worker does not know: an object is kept and shown, as files' are.
  if (text.startsWith('{')) return [camelCase(rest)];
  const near = nearest(spelling(rest), [...PATHS_BY_SPELLING.keys()], MOST_EDITS);
  const names = near === null ? [] : [PREFIX + PATHS_BY_SPELLING.get(near)!.join('_')];
  problems.warn(
    { place, line: null, column: null },
    null,
    `is no key of the Worker${nearestText(names[0] ?? name, names)}`,
  );
  return null;
}

/** `UGLY_STRING` becomes `uglyString`, as in the published program. */
function camelCase(name: string): string {
  return name.toLowerCase().replace(/_+(.?)/g, (_, letter: string) => letter.toUpperCase());
}

function valueOf(source: SourceText, path: readonly string[], problems: Problems): ConfigNode | null {
  const { text, place } = source;
  const key = path.join('.');
  if (text.startsWith('{')) return readValue(source, problems, key);
  const schema = schemaAt(path);
  const shapes = schema?.kind === 'key' ? schema.type.shapes : [];
  const position = { place, line: null, column: null };
  const plain = (value: string): ConfigNode => ({ kind: 'leaf', position, value });
  if (text.trim() === '') return null;
  if (
    shapes.includes('list') &&
    !/^\s*[[/{]/.test(text) &&
    text !== 'false' &&
    keyOn(path)?.key.secret !== true
  )
    return {
      kind: 'list',
      position,
      items: text.split(',').map((item) => plain(item.trim())),
      appends: false,
    };
  const textOnly = schema?.kind === 'key' && shapes.every((shape) => shape === 'text' || shape === 'url');
  // What is no literal is text, for the schema to judge.
  const scratch = new Problems();
  const literal = textOnly && !/^(['"`]|new\s+URL)/.test(text) ? null : readValue(source, scratch, key);
  return literal === null || scratch.any ? plain(text) : withoutLines(literal, position);
}

/** A variable's value is one line, mostly: its name says where it stands. */
function withoutLines(node: ConfigNode, position: ConfigNode['position']): ConfigNode {
  return node.kind === 'leaf' ? { ...node, position } : node;
}
