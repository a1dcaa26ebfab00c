/**
 * The startup files of a `dcp-client`: scripts of that package which make the environment of Work Functions out of what an
 * evaluator gives. Its index says which files a type of sandbox takes, in their order.
 */
import { closeSync, existsSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DcpError, InvalidArgumentError } from '../../model/index.js';
import type { StartupFile } from './sandbox.js';

const INDEX = 'generated/sandbox-definitions.json';
const FOLDER = 'libexec/sandbox';

export interface StartupFilesOptions {
  /** Directory of a `dcp-client`; default: the one installed for the first of `folders` that has one. */
  readonly client?: string;
  /** Default: the current directory, then this package. */
  readonly folders?: readonly string[];
  /** The folder of the files that the index names without a slash; default: that of the `dcp-client`. */
  readonly folder?: string;
  /** The index; default: that of the `dcp-client`. */
  readonly index?: string;
}

/** The index that was read, and where its files are. */
export class StartupFiles {
  /** As given, else absolute. */
  readonly folder: string;
  readonly index: string;
  readonly #definitions: ReadonlyMap<string, readonly string[]>;
  /** Where modules are looked for. */
  readonly #places: readonly string[];

  /** Throws `InvalidArgumentError` for an option that is wrong, `DcpError` with `ENOCLIENT` when there is no `dcp-client`. */
  constructor(options: StartupFilesOptions = {}) {
    const client = clientOf(options);
    if (client === null && (options.folder === undefined || options.index === undefined))
      throw noClient(options);
    this.folder = options.folder ?? path.join(client!, FOLDER);
    this.index = options.index ?? path.join(client!, INDEX);
    this.#places = [...(client === null ? [] : [client]), path.resolve(this.folder)];
    this.#definitions = readIndex(this.index);
  }

  /** Every type the index knows. */
  get types(): readonly string[] {
    return [...this.#definitions.keys()];
  }

  /** The files of a type in the order they run in, absolute. */
  of(type: string): readonly string[] {
    const names = this.#definitions.get(type);
    if (names === undefined)
      throw new InvalidArgumentError(
        'type',
        `expected one of ${this.types.join(', ')}, which are in ${this.index}, got ${type}`,
      );
    const { resolve } = createRequire(import.meta.url);
    return names.map((name) => {
      // With a slash it is a file of a package that dcp-client depends on.
      const isModule = name.includes('/');
      try {
        return isModule
          ? resolve(name, { paths: [...this.#places] })
          : resolve(path.resolve(this.folder, name));
      } catch {
        if (!isModule)
          throw new InvalidArgumentError(
            'folder',
            `there is no ${name}${path.extname(name) === '' ? '.js' : ''} in ${this.folder}`,
          );
        throw new DcpError('ENOSTARTUPFILE', `${name}: not installed for ${this.#places.join(', nor for ')}`);
      }
    });
  }
}

/** Their text, under the names that stacks show. Throws `InvalidArgumentError` for one that cannot be read. */
export function readStartupFiles(files: readonly string[]): readonly StartupFile[] {
  return files.map((file) => ({ name: path.basename(file), source: readable(() => readFileSync(file)) }));
}

/** A startup file that is open, for a process that may open none: the name that stacks show, and its descriptor. */
export type OpenStartupFile = readonly [name: string, fd: number];

/** Whoever opens them closes them. Throws as `readStartupFiles` does. */
export function openStartupFiles(files: readonly string[]): readonly OpenStartupFile[] {
  const opened: OpenStartupFile[] = [];
  try {
    for (const file of files) opened.push([path.basename(file), readable(() => openSync(file, 'r'))]);
    return opened;
  } catch (error) {
    closeStartupFiles(opened);
    throw error;
  }
}

export function closeStartupFiles(files: readonly OpenStartupFile[]): void {
  for (const [, fd] of files) closeSync(fd);
}

/** As `readStartupFiles`, of files that are open. They are closed. */
export function takeStartupFiles(files: readonly OpenStartupFile[]): readonly StartupFile[] {
  return files.map(([name, fd]) => {
    const source = readable(() => readFileSync(fd));
    closeSync(fd);
    return { name, source };
  });
}

function readable<Read>(read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    throw new InvalidArgumentError('startup file', `it cannot be read: ${(error as Error).message}`);
  }
}

function clientOf({ client, folders = defaultFolders() }: StartupFilesOptions): string | null {
  if (client === undefined) return folders.map(installedFor).find((found) => found !== null) ?? null;
  const directory = path.resolve(client);
  if (!existsSync(path.join(directory, INDEX)))
    throw new InvalidArgumentError(
      'client',
      `expected the directory of a dcp-client, got ${client}, which has no ${INDEX}`,
    );
  return realpathSync(directory);
}

/** Where Node finds `dcp-client` for a module in the folder. The index is looked for, whatever the package exports. */
function installedFor(folder: string): string | null {
  const places = createRequire(path.join(folder, 'any.js')).resolve.paths('dcp-client') ?? [];
  const found = places
    .map((place) => path.join(place, 'dcp-client'))
    .find((at) => existsSync(path.join(at, INDEX)));
  return found === undefined ? null : realpathSync(found);
}

function defaultFolders(): readonly string[] {
  // In the programs, which are bundled, it is no normal path.
  return [process.cwd(), path.resolve(import.meta.dirname)];
}

function noClient({ folders = defaultFolders() }: StartupFilesOptions): DcpError {
  return new DcpError(
    'ENOCLIENT',
    `dcp-client: not installed for ${folders.join(', nor for ')}; npm install dcp-client`,
  );
}

function readIndex(file: string): ReadonlyMap<string, readonly string[]> {
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InvalidArgumentError('index', `${file}: ${code === 'ENOENT' ? 'no such file' : message}`);
  }
  if (!isIndex(read))
    throw new InvalidArgumentError(
      'index',
      `${file}: expected lists of file names by type of sandbox, as JSON`,
    );
  return new Map(Object.entries(read));
}

function isIndex(value: unknown): value is Record<string, string[]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(
    (names) => Array.isArray(names) && names.every((name) => typeof name === 'string'),
  );
}
