/** What somebody says of a thing that the Worker does not have then. */
import { KNOWN_KEYS } from './keys.js';
import { nodeAt, type Branch } from './node.js';
import type { Problems } from './problem.js';
import type { ConfigValues } from './schema.js';

interface Owned {
  /** Keys that mean nothing without it. */
  readonly keys: RegExp;
  readonly isThere: (values: ConfigValues) => boolean;
  /** That it is not. */
  readonly missing: string;
}

const OWNED: readonly Owned[] = [
  {
    keys: /^worker\.logfile\./,
    isThere: ({ worker }) => worker.output.includes('logfile'),
    missing: 'worker.output has no logfile',
  },
  {
    keys: /^worker\.syslog\./,
    isThere: ({ worker }) => worker.output.includes('syslog'),
    missing: 'worker.output has no syslog',
  },
  {
    keys: /^worker\.status\.(httpAddress|tokenFile)$/,
    isThere: ({ worker }) => worker.status.httpPort !== null,
    missing: 'there is no worker.status.httpPort',
  },
];

/** A warning for each key that has no effect. What is built in is in the shipped default, too, and in copies of it: that is fine. */
export function warnOfUnused(values: ConfigValues, root: Branch, problems: Problems): void {
  for (const { keys, isThere, missing } of OWNED) {
    if (isThere(values)) continue;
    for (const { name, path, key } of KNOWN_KEYS) {
      const node = keys.test(name) ? nodeAt(root, path) : null;
      if (node !== null && valueAt(values, path) !== key.default)
        problems.warn(node.position, name, `is not used: ${missing}`);
    }
  }
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce((value, name) => (value as Readonly<Record<string, unknown>>)[name], values);
}
