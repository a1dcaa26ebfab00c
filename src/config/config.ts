import type { ConfigArgument } from './arguments.js';
import { keyOn } from './keys.js';
import { isUndefined, nodeAt, type Branch } from './node.js';
import type { ConfigProblem, Position } from './problem.js';
import type { ConfigValues } from './schema.js';
import { dumped, entriesAt, shown, type ConfigEntry } from './show.js';
import type { Environment } from './variables.js';

export interface ConfigOptions {
  /** What the places of one program are called by: `dcp-worker`. */
  readonly program: string;
  /** Default: this process's. */
  readonly env?: Environment;
  /** Home directory. Default: `$DCP_HOMEDIR`, or that of the user. */
  readonly home?: string;
  /** Default: `$DCP_ETC`, `$DCP_ETCDIR`, or `/etc`. */
  readonly etc?: string;
  /** The package whose `etc/` has the shipped default. Default: this one. */
  readonly package?: string;
  /** What relative paths of environment and command line begin at. Default: the current directory. */
  readonly cwd?: string;
  /** What the command line says: it is above everything. */
  readonly argvLayer?: readonly ConfigArgument[];
}

/** Where a file was looked for. */
export interface ConfigPlace {
  /** Without extension. */
  readonly label: string;
  /** The file that counts there; null: there is none. */
  readonly file: string | null;
}

/** What all places say together. Does not change: `reloadConfig` answers another. */
export class Config {
  constructor(
    readonly options: ConfigOptions,
    /** Typed, with what is built in; frozen. */
    readonly values: ConfigValues,
    /** What the places say, each value with its position. */
    readonly root: Branch,
    /** The files, lowest first. */
    readonly places: readonly ConfigPlace[],
    /** What was left out or means nothing. */
    readonly warnings: readonly ConfigProblem[],
  ) {}

  /** Where the value of a key comes from; null: it is built in. */
  sourceOf(key: string): Position | null {
    const path = key.split('.');
    const node = keyOn(path) === null ? null : nodeAt(this.root, path);
    return node === null || isUndefined(node) ? null : node.position;
  }

  /**
   * `--showConfig`: a line for each key at or below a path (empty: all), with where its value comes from. Secrets are `***`.
   * @throws {InvalidArgumentError} when there is no such path; names the nearest
   */
  show(path: string): string[] {
    return shown(this.root, path);
  }

  /** The same for programs. */
  entries(path: string): ConfigEntry[] {
    return entriesAt(this.root, path);
  }

  /** `--dumpConfig`: everything that the places say and what is built in, as JSON. Secrets are `***`. */
  dump(): string {
    return dumped(this.root);
  }
}
