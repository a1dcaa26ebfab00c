import { checkNames, InvalidArgumentError } from '../../model/index.js';
import { delegatedCgroup } from './cgroup.js';
import { LAYERS, type ConfinementMode, type LayerName } from './layers.js';

export const CONFINEMENT_MODES = [
  'require',
  'best-effort',
  'off',
] as const satisfies readonly ConfinementMode[];

export interface ConfinementOptions {
  /** Default `best-effort`. */
  readonly mode?: ConfinementMode;
  /** Memory of an evaluator process, MiB, from 1024; null: as much as there is. Default null. */
  readonly memoryMiB?: number | null;
  /** A folder, absolute, that an evaluator may write to, and no other; null: none. Default null. */
  readonly cacheDirectory?: string | null;
  /**
   * A cgroup (version 2), as an absolute path, below which each evaluator process gets one of its own; null: none. Default: the one
   * that a service manager has delegated to this program, if it has.
   */
  readonly cgroup?: string | null;
  /** Layers that are left out, which is for tests. Default: none. */
  readonly without?: readonly LayerName[];
}

export type CompleteConfinement = Required<ConfinementOptions>;

const OPTIONS: Readonly<Record<keyof ConfinementOptions, true>> = {
  mode: true,
  memoryMiB: true,
  cacheDirectory: true,
  cgroup: true,
  without: true,
};

/** Less, and Node 24 does not start: it reserves 512 MiB for compiled code, which `RLIMIT_DATA` counts. */
const MIN_MEMORY_MIB = 1024;
const MAX_MEMORY_MIB = 2 ** 30;

/** Fills in defaults. Throws `InvalidArgumentError` for an option out of range or of another name. */
export function completeConfinement(options: ConfinementOptions = {}): CompleteConfinement {
  checkNames('confinement', options, 'an option of a confinement', Object.keys(OPTIONS));
  const { mode = 'best-effort', memoryMiB = null, cacheDirectory = null, without = [] } = options;
  if (!CONFINEMENT_MODES.includes(mode))
    throw new InvalidArgumentError(
      'confinement.mode',
      `expected ${CONFINEMENT_MODES.join(', ')}, got ${String(mode)}`,
    );
  if (memoryMiB !== null && !isMiB(memoryMiB))
    throw new InvalidArgumentError(
      'confinement.memoryMiB',
      `expected whole MiB from ${MIN_MEMORY_MIB} to ${MAX_MEMORY_MIB}, got ${memoryMiB}`,
    );
  for (const name of without)
    if (!LAYERS.includes(name))
      throw new InvalidArgumentError('confinement.without', `expected names of layers, got ${String(name)}`);
  const cgroup = options.cgroup === undefined ? delegatedCgroup() : options.cgroup;
  checkAbsolute('confinement.cacheDirectory', cacheDirectory);
  checkAbsolute('confinement.cgroup', cgroup);
  return { mode, memoryMiB, cacheDirectory, cgroup, without };
}

function isMiB(value: number): boolean {
  return Number.isInteger(value) && value >= MIN_MEMORY_MIB && value <= MAX_MEMORY_MIB;
}

function checkAbsolute(field: string, path: string | null): void {
  if (path !== null && !path.startsWith('/'))
    throw new InvalidArgumentError(field, `expected an absolute path, got ${JSON.stringify(path)}`);
}
