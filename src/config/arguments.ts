/** What the command line says of the configuration. */
import { InvalidArgumentError, nearestText } from '../model/index.js';
import { KNOWN_PATHS, keyOn } from './keys.js';
import { merged } from './merge.js';
import { nodeOf, treeOf, type Branch, type Plain } from './node.js';

/** An option of the command line that sets a key. */
export interface ConfigArgument {
  /** `worker.cores.cpu` */
  readonly key: string;
  /** Undefined: the option was not given. */
  readonly value: Plain;
  /** As the operator wrote it: `--cores`. */
  readonly option: string;
  /** A list comes behind what files and environment say, instead of in place of it. */
  readonly appends?: boolean;
}

/**
 * The layer of the command line.
 * @throws {InvalidArgumentError} for a key that there is not: a mistake of the program, not of its user
 */
export function argumentsLayer(given: readonly ConfigArgument[], base: string): Branch {
  const position = { place: { label: 'command line', base }, line: null, column: null };
  return given.reduce<Branch>(
    (below, { key, value, option, appends = false }) => {
      const path = key.split('.');
      if (keyOn(path) === null)
        throw new InvalidArgumentError(
          'argvLayer',
          `there is no key ${key}${nearestText(
            key,
            KNOWN_PATHS.map((known) => known.join('.')),
          )}`,
        );
      if (value === undefined) return below;
      const place = { label: option, base };
      const node = nodeOf(value, { place, line: null, column: null }, appends);
      return merged(below, treeOf(path, node)) as Branch;
    },
    { kind: 'branch', position, entries: new Map() },
  );
}
