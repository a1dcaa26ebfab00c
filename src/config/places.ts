import path from 'node:path';
import { InvalidArgumentError, shown } from '../model/index.js';
import { variable, type Environment } from './variables.js';

/** Where the places begin. */
export interface Roots {
  /** The home directory of the user. */
  readonly home: string;
  /** What is `/etc` on most machines. */
  readonly etc: string;
  /** This package: `etc/dcp-worker-config.js` in it is the shipped default. */
  readonly package: string;
}

export interface FilePlace {
  /** Without its extension. */
  readonly stem: string;
  /** The shipped default must be there, and be as it was shipped. */
  readonly shipped: boolean;
}

/** What may come behind the stem. Of several files in one place the first counts. */
export const EXTENSIONS = ['.json', '.jsonc', '.js'] as const;

/** What the shipped default is without `DCP_CONFIG`, as the published program has it: beginning at the folder of programs. */
const SHIPPED = '../etc/dcp-worker-config';

/** A scope names a file. */
const SCOPE = /^[\w-][\w.-]*$/;

/**
 * The files, lowest first: what a later one says replaces what an earlier one says. Above them come the environment, then
 * the command line.
 *
 * Those of the machine (`/etc`) are above those of the user, the ones of one program above those of all: so that who
 * administers a machine has the last word in files, and who starts the program for this one run.
 *
 * Throws `InvalidArgumentError` for a scope that can name no file.
 */
export function filePlaces(
  program: string,
  { home, etc, package: root }: Roots,
  env: Environment,
): readonly FilePlace[] {
  const scope = variable(env, 'DCP_CONFIG_SCOPE');
  if (scope !== undefined && !SCOPE.test(scope))
    throw new InvalidArgumentError(
      '$DCP_CONFIG_SCOPE',
      `expected letters, digits, "_", "-" and, but at the beginning, ".", got ${shown(scope)}`,
    );
  const scoped = (folder: string): string[] =>
    scope === undefined ? [] : [path.join(folder, 'scope', scope)];
  const dcp = path.join(home, '.dcp');
  const machine = path.join(etc, 'dcp');
  const files = [
    // All programs of DCP on this machine. The lowest of the machine's, because it knows least of this program.
    path.join(machine, 'dcp-config'),
    // All programs of this user.
    path.join(dcp, 'dcp-config'),
    // This program of this user.
    path.join(dcp, program, 'dcp-config'),
    // What this user calls by a name, for the runs that ask for it.
    ...scoped(dcp),
    // This program, whoever runs it.
    path.join(machine, program, 'dcp-config'),
    // What no user may say otherwise, for all programs.
    path.join(machine, 'override-dcp-config'),
    ...scoped(machine),
    // The same for this program: the last word.
    path.join(etc, 'override', 'dcp', program, 'dcp-config'),
  ];
  const shipped = path.resolve(root, 'bin', variable(env, 'DCP_CONFIG') ?? SHIPPED);
  return [{ stem: shipped, shipped: true }, ...files.map((stem) => ({ stem, shipped: false }))];
}

/** A file's name as people write it. */
export function labelOf(file: string, home: string): string {
  const inHome = path.relative(home, file);
  return inHome.startsWith('..') || path.isAbsolute(inHome) ? file : path.join('~', inHome);
}
