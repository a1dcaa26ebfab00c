/** Holds what a place says against the schema, and makes values of what the places say together. */
import { nearestText } from '../model/index.js';
import type { Children, Section } from './key.js';
import type { SchemaNode } from './keys.js';
import { isNull, isUndefined, keyBelow, type Branch, type ConfigNode } from './node.js';
import type { Problems } from './problem.js';
import { SCHEMA, type ConfigValues } from './schema.js';
import { expectedText, type ReadContext } from './types.js';

/** Sections that belong to this Worker alone: what is unknown there is a mistake. Elsewhere it may be another program's. */
const OWN_SECTIONS = ['worker'];

/** Reports what does not fit: wrong values as errors, unknown keys as warnings. */
export function checkLayer(layer: Branch, home: string, problems: Problems): void {
  checkSection(SCHEMA, layer, '', home, problems);
}

function checkSection(section: Section, branch: Branch, key: string, home: string, problems: Problems): void {
  for (const [name, node] of branch.entries) {
    const below = keyBelow(key, name);
    const known = Object.hasOwn(section.children, name) ? section.children[name]! : null;
    if (isUndefined(node)) continue;
    if (known === null) warnUnknown(section, node, name, key, problems);
    else checkNode(known, node, below, home, problems);
  }
}

function checkNode(
  schema: SchemaNode,
  node: ConfigNode,
  key: string,
  home: string,
  problems: Problems,
): void {
  if (schema.kind === 'key') {
    if (!isNull(node)) schema.type.read(node, key, readContext(schema.secret, home, problems));
  } else if (node.kind === 'branch') checkSection(schema, node, key, home, problems);
  else problems.error(node.position, key, expectedText('an object', node, hasSecrets(schema)));
}

function hasSecrets(schema: SchemaNode): boolean {
  return schema.kind === 'key' ? schema.secret : Object.values(schema.children).some(hasSecrets);
}

function warnUnknown(
  section: Section,
  node: ConfigNode,
  name: string,
  key: string,
  problems: Problems,
): void {
  const near = nearestText(name, Object.keys(section.children));
  const own = OWN_SECTIONS.some((owned) => key === owned || key.startsWith(`${owned}.`));
  if (own || near !== '') problems.warn(node.position, keyBelow(key, name), `is no key of the Worker${near}`);
}

function readContext(secret: boolean, home: string, problems: Problems | null): ReadContext {
  return { secret, home, fail: (position, key, message) => problems?.error(position, key, message) };
}

/**
 * The typed values of the merged layers, each of which has been checked. Built in is what nobody says, and what somebody
 * sets to null.
 */
export function valuesOf(root: Branch, home: string): ConfigValues {
  return sectionValues(SCHEMA, root, home) as ConfigValues;
}

function sectionValues(section: Section, branch: Branch | null, home: string): Record<string, unknown> {
  const values = Object.entries<Children[string]>(section.children).map(([name, schema]) => {
    const node = branch?.entries.get(name) ?? null;
    if (schema.kind === 'section')
      return [name, sectionValues(schema, node?.kind === 'branch' ? node : null, home)];
    if (node === null || isNull(node) || isUndefined(node)) return [name, schema.default];
    return [name, schema.type.read(node, name, readContext(schema.secret, home, null)) ?? schema.default];
  });
  return Object.freeze(Object.fromEntries(values) as Record<string, unknown>);
}
