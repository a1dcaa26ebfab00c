/** The launcher of evaluator processes, native/confinement: where it is, and what it is told. */
import path from 'node:path';
import { packageFiles, programBesideAddon } from '../../system/index.js';
import { findDawn, namedDrivers, type VulkanDriver } from '../gpu/index.js';
import type { CompleteConfinement } from './options.js';
import type { ProfileName } from './profile-name.js';
import { profilesOf } from './profiles.js';

const LAUNCHER = 'dcp-confine';

/** Variables of an evaluator process that name files, or lists of them, which the loader reads. */
const LOADER_VARIABLES = ['LD_LIBRARY_PATH', 'LD_PRELOAD'] as const;

export interface LauncherOptions extends CompleteConfinement {
  /** Whether the evaluator may use a GPU. */
  readonly gpu: boolean;
  /** Of the evaluator process. */
  readonly env: NodeJS.ProcessEnv;
}

/** What an evaluator may use on this machine: its profiles, and files besides those that they name. */
export interface Reach {
  readonly profiles: readonly ProfileName[];
  readonly files: readonly string[];
}

/** Null: it was not built, or not for this platform. */
export function findLauncher(): string | null {
  return process.platform === 'linux' ? programBesideAddon(LAUNCHER) : null;
}

/** Looks at the machine's drivers and packages, which stay as they are while a Worker runs. */
export function reachOf({ gpu, env }: Pick<LauncherOptions, 'gpu' | 'env'>): Reach {
  const drivers = gpu ? namedDrivers(env) : [];
  const dawn = gpu ? findDawn() : '';
  const files = [
    ...packageFiles(),
    ...LOADER_VARIABLES.flatMap((name) => (env[name] ?? '').split(/[:\s]/)),
    ...drivers.flatMap(driverFiles),
    ...(typeof dawn === 'string' ? [] : [dawn.path]),
  ];
  return {
    profiles: profilesOf(drivers),
    files: [...new Set(files.filter((file) => path.isAbsolute(file)))],
  };
}

/** A driver's libraries lie in one folder. */
function driverFiles({ manifest, library }: VulkanDriver): string[] {
  return [manifest, ...(library.includes('/') ? [path.dirname(library)] : [])];
}

/**
 * The launcher's arguments in front of the program's. `kept`: descriptors that the program gets besides the standard ones; `report`: the one that
 * the launcher reports on.
 */
export function launcherArguments(
  options: CompleteConfinement,
  reach: Reach,
  { kept, report, probe }: { kept: readonly number[]; report: number; probe: boolean },
): string[] {
  const { mode, memoryMiB, cacheDirectory, cgroup, without } = options;
  return [
    `--parent=${process.pid}`,
    `--report=${report}`,
    ...kept.map((fd) => `--keep=${fd}`),
    ...(mode === 'require' ? ['--require'] : []),
    ...(probe ? ['--probe'] : []),
    ...reach.profiles.map((profile) => `--profile=${profile}`),
    ...reach.files.map((file) => `--read=${path.resolve(file)}`),
    ...(memoryMiB === null ? [] : [`--memory=${memoryMiB * 2 ** 20}`]),
    ...(cacheDirectory === null ? [] : [`--cache=${path.resolve(cacheDirectory)}`]),
    ...(cgroup === null ? [] : [`--cgroup=${path.resolve(cgroup)}`]),
    ...without.map((layer) => `--without=${layer}`),
    '--',
  ];
}
