/** What `dcpConfig.scheduler.location.origin` in one place stands for: what the places together say there. */
import { highestAt } from './merge.js';
import {
  keyBelow,
  nodeText,
  shortened,
  type Branch,
  type ConfigNode,
  type Leaf,
  type Reference,
} from './node.js';
import type { Problems } from './problem.js';

/** What of a URL may be asked for. */
const URL_PARTS = ['href', 'origin', 'protocol', 'host', 'hostname', 'port', 'pathname'] as const;
type UrlPart = (typeof URL_PARTS)[number];

/**
 * The layers without references. A reference reads the highest place that has a value there, not another reference; one
 * that leads nowhere is left out with a warning, and so is the list that it is in.
 * @param builtIn what counts where no place says anything
 */
export function resolveReferences(
  layers: readonly Branch[],
  builtIn: (path: readonly string[]) => ConfigNode | null,
  problems: Problems,
): Branch[] {
  const resolve = (node: ConfigNode, key: string): ConfigNode | null => {
    switch (node.kind) {
      case 'leaf':
        return node;
      case 'reference': {
        const leaf = valueOf(node.path, layers, builtIn);
        if (leaf !== null) return { ...leaf, position: node.position };
        problems.warn(node.position, key, `left out: nothing says what ${shortened(nodeText(node))} is`);
        return null;
      }
      case 'list': {
        const items = node.items.map((item, index) => resolve(item, keyBelow(key, index)));
        const found = items.filter((item) => item !== null);
        return found.length === items.length ? { ...node, items: found } : null;
      }
      case 'branch':
        return resolveBranch(node, key);
    }
  };
  const resolveBranch = (branch: Branch, key: string): Branch => {
    const entries = new Map<string, ConfigNode>();
    for (const [name, below] of branch.entries) {
      const node = resolve(below, keyBelow(key, name));
      if (node !== null) entries.set(name, node);
    }
    return { ...branch, entries };
  };
  return layers.map((layer) => resolveBranch(layer, ''));
}

function valueOf(
  path: Reference['path'],
  layers: readonly Branch[],
  builtIn: (path: readonly string[]) => ConfigNode | null,
): Leaf | null {
  const leafAt = (at: Reference['path']): Leaf | null => {
    const node = highestAt(layers, at) ?? builtIn(at);
    return node?.kind === 'leaf' && node.value !== undefined ? node : null;
  };
  const leaf = leafAt(path);
  const part = path.at(-1);
  if (leaf !== null || part === undefined || !isUrlPart(part)) return leaf;
  const whole = leafAt(path.slice(0, -1));
  const text = whole?.value instanceof URL ? whole.value.href : whole?.value;
  if (typeof text !== 'string' || !URL.canParse(text)) return null;
  return { ...whole!, value: new URL(text)[part] };
}

function isUrlPart(name: string): name is UrlPart {
  return (URL_PARTS as readonly string[]).includes(name);
}
