/** What is different between two configurations, for a reload. */
import type { Config } from './config.js';
import type { Effect, Key } from './key.js';
import { KNOWN_KEYS, builtIn } from './keys.js';
import { isNull, isUndefined, nodeAt, nodeText, type ConfigNode } from './node.js';
import { masked } from './secrets.js';

export interface ConfigChange {
  /** `worker.cores.cpu` */
  readonly key: string;
  readonly effect: Effect;
  /** As `--showConfig` has them; what the Worker finds right is said in words, `default: none`; secrets are `***`. */
  readonly before: string;
  readonly after: string;
}

/**
 * The keys whose values differ, in the schema's order. What counts when the Worker starts is compared with what it was started with,
 * whatever was read since: so it is named as long as it waits.
 */
export function configChanges(before: Config, after: Config, atStart = before): ConfigChange[] {
  return KNOWN_KEYS.flatMap(({ name, path, key }) => {
    const was = inForce(key.effect === 'live' ? before : atStart, path);
    const is = inForce(after, path);
    const differs = (was && nodeText(was)) !== (is && nodeText(is));
    return differs
      ? [{ key: name, effect: key.effect, before: shownAs(was, key), after: shownAs(is, key) }]
      : [];
  });
}

function inForce({ root }: Config, path: readonly string[]): ConfigNode | null {
  const node = nodeAt(root, path);
  return node === null || isNull(node) || isUndefined(node) ? builtIn(path) : node;
}

function shownAs(node: ConfigNode | null, { defaultText }: Key<unknown>): string {
  return node === null ? `default: ${defaultText}` : nodeText(masked(node));
}
