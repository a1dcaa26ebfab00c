/** What somebody says of a thing that the Worker does not have then. */
import { KNOWN_KEYS } from './keys.js';
import { nodeAt, type Branch } from './node.js';
import type { Problems } from './problem.js';
import type { ConfigValues } from './schema.js';

interface Owned {
  /** Keys that mean nothing without it. */
  readonly keys: RegExp;
  readonly isThere: (values: ConfigValues) => boolean;
  /** What follows for the key when it is not. */
  readonly warning: string;
}

const OWNED: readonly Owned[] = [
  {
    keys: /^worker\.logfile\./,
    isThere: ({ worker }) => worker.output.includes('logfile'),
    warning: 'is not used: worker.output has no logfile',
  },
  {
    keys: /^worker\.syslog\./,
    isThere: ({ worker }) => worker.output.includes('syslog'),
    warning: 'is not used: worker.output has no syslog',
  },
  {
    keys: /^worker\.status\.(httpAddress|tokenFile)$/,
    isThere: ({ worker }) => worker.status.httpPort !== null,
    warning: 'is not used: there is no worker.status.httpPort',
  },
  {
    keys: /^worker\.profile$/,
    isThere: ({ worker }) => worker.profile !== 'auto' || worker.manager.presence.length > 0,
    warning:
      '"auto" stays with idle: worker.manager.presence is empty, so nothing tells of somebody at the machine',
  },
  {
    keys: /^worker\.manager\.presenceIdle$/,
    isThere: ({ worker }) => worker.manager.presence.includes('pts'),
    warning: 'is not used: worker.manager.presence has no pts',
  },
];

/** A warning for each key that has no effect. What is built in is in the shipped default, too, and in copies of it: that is fine. */
export function warnOfUnused(values: ConfigValues, root: Branch, problems: Problems): void {
  for (const { keys, isThere, warning } of OWNED) {
    if (isThere(values)) continue;
    for (const { name, path, key } of KNOWN_KEYS) {
      const node = keys.test(name) ? nodeAt(root, path) : null;
      if (node !== null && valueAt(values, path) !== key.default) problems.warn(node.position, name, warning);
    }
  }
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce((value, name) => (value as Readonly<Record<string, unknown>>)[name], values);
}
