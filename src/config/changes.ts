/** What is different between two configurations, for a reload. */
import type { Config } from './config.js';
import type { Effect } from './key.js';
import { KNOWN_KEYS, builtIn } from './keys.js';
import { isNull, isUndefined, nodeAt, nodeText, type ConfigNode } from './node.js';
import { masked } from './secrets.js';

export interface ConfigChange {
  /** `worker.cores.cpu` */
  readonly key: string;
  readonly effect: Effect;
  /** As `--showConfig` has them; `undefined` is what the Worker finds right; secrets are `***`. */
  readonly before: string;
  readonly after: string;
}

/** The keys whose values differ, in the schema's order. */
export function configChanges(before: Config, after: Config): ConfigChange[] {
  return KNOWN_KEYS.flatMap(({ name, path, key }) => {
    const was = inForce(before, path);
    const is = inForce(after, path);
    const differs = (was && nodeText(was)) !== (is && nodeText(is));
    return differs ? [{ key: name, effect: key.effect, before: shownAs(was), after: shownAs(is) }] : [];
  });
}

function inForce({ root }: Config, path: readonly string[]): ConfigNode | null {
  const node = nodeAt(root, path);
  return node === null || isNull(node) || isUndefined(node) ? builtIn(path) : node;
}

function shownAs(node: ConfigNode | null): string {
  return node === null ? 'undefined' : nodeText(masked(node));
}
