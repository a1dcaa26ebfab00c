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

/** What one start of the launcher is told besides. */
export interface Launch {
  /** Descriptors that the program gets besides the standard ones. */
  readonly kept: readonly number[];
  /** The descriptor that the launcher reports on. */
  readonly report: number;
  /** It only says which layers there would be. Default false. */
  readonly probe?: boolean;
  /** The process that starts it, and with which it ends; null: it ends by itself. Default: this one. */
  readonly parent?: number | null;
  /** Standard output or error may be a file. Default false. */
  readonly writesOutput?: boolean;
}

/** The launcher's arguments in front of the program's. */
export function launcherArguments(
  options: CompleteConfinement,
  reach: Reach,
  { kept, report, probe = false, parent = process.pid, writesOutput = false }: Launch,
): string[] {
  const { mode, memoryMiB, cacheDirectory, cgroup, without } = options;
  return [
    ...(parent === null ? [] : [`--parent=${parent}`]),
    `--report=${report}`,
    ...kept.map((fd) => `--keep=${fd}`),
    ...(mode === 'require' ? ['--require'] : []),
    ...(probe ? ['--probe'] : []),
    ...(writesOutput ? ['--writes-output'] : []),
    ...reach.profiles.map((profile) => `--profile=${profile}`),
    ...reach.files.map((file) => `--read=${path.resolve(file)}`),
    ...(memoryMiB === null ? [] : [`--memory=${memoryMiB * 2 ** 20}`]),
    ...(cacheDirectory === null ? [] : [`--cache=${path.resolve(cacheDirectory)}`]),
    ...(cgroup === null ? [] : [`--cgroup=${path.resolve(cgroup)}`]),
    ...without.map((layer) => `--without=${layer}`),
    '--',
  ];
}
