import { isUndefined, nodeAt, type Branch, type ConfigNode, type List } from './node.js';

/**
 * What two places say together: objects merge, anything else above replaces what is below; `undefined` leaves it. A
 * list that appends comes behind the list below.
 */
export function merged(below: ConfigNode | undefined, above: ConfigNode): ConfigNode {
  if (isUndefined(above) && below !== undefined) return below;
  if (above.kind === 'list' && above.appends && below?.kind === 'list') return joined(below, above);
  if (above.kind !== 'branch' || below?.kind !== 'branch') return above;
  const entries = new Map(below.entries);
  for (const [name, node] of above.entries) entries.set(name, merged(entries.get(name), node));
  return { ...above, entries };
}

function joined(below: List, above: List): List {
  return { ...above, items: [...below.items, ...above.items] };
}

/** All layers, lowest first, in one tree. */
export function mergedLayers(layers: readonly Branch[], empty: Branch): Branch {
  return layers.reduce<Branch>((below, above) => merged(below, above) as Branch, empty);
}

/** The node at a path in the highest layer that says something there. */
export function highestAt(layers: readonly Branch[], path: readonly string[]): ConfigNode | null {
  for (const layer of [...layers].reverse()) {
    const node = nodeAt(layer, path);
    if (node !== null && !isUndefined(node) && node.kind !== 'reference') return node;
  }
  return null;
}
