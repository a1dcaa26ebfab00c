/** Files with secrets in them: where DCP has them, how they are read and written. */
import { link, open, rm, type FileHandle } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import path from 'node:path';
import { makeDirectory } from '../system/index.js';
import { KeystoreError } from './keystore-error.js';

/** A keystore has 500 to 700 bytes. */
const MOST_FILE_BYTES = 65_536;

/** Permission of anybody but the owner. */
const OTHERS = 0o077;

/** What is around a Worker that looks for its files. */
export interface Surroundings {
  /** The user's own directory. Default: what the system says. */
  readonly home?: string;
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Is told, in a sentence, what the operator should change. Default: nobody is. */
  readonly warn?: (message: string) => void;
}

/** The directory of DCP's files, found as the programs of DCP 4 and 5 find it. */
export function dcpDirectory(surroundings: Surroundings = {}): string {
  const { env = process.env } = surroundings;
  if (env['DCP_RESOURCE_DIR']) return env['DCP_RESOURCE_DIR'];
  if (env['DCP_HOMEDIR']) return path.join(env['DCP_HOMEDIR'], '.dcp');
  if (env['XDG_DATA_HOME']) return path.join(env['XDG_DATA_HOME'], 'dcp');
  return path.join(homeOf(surroundings), '.dcp');
}

/** `$DCP_HOMEDIR`, or the user's own. Throws `KeystoreError` where there is neither. */
export function homeDirectory(surroundings: Surroundings = {}): string {
  const { env = process.env } = surroundings;
  if (env['DCP_HOMEDIR']) return env['DCP_HOMEDIR'];
  return homeOf(surroundings);
}

/** A file name of an option: a shell leaves the ~ of `--option=~/file` as it is. */
export function expandHome(file: string, surroundings: Surroundings): string {
  return file.startsWith('~/') ? path.join(homeOf(surroundings), file.slice(1)) : file;
}

function homeOf({ home = systemHome() }: Surroundings): string {
  // An empty one would put keys into whatever directory the program was started in.
  if (home !== '') return home;
  throw new KeystoreError(
    'the home directory is not known: set HOME, or DCP_RESOURCE_DIR to what takes the place of ~/.dcp',
  );
}

/** Empty for a user without one, as a container may have it. */
function systemHome(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/**
 * Reads a file of 64 KiB at most, or what a pipe brings, as UTF-8. Warns of a file that others may read. Throws `KeystoreError`
 * for one that cannot be read or has more; null: there is none.
 */
export async function readIfAny(file: string, { warn }: Surroundings = {}): Promise<string | null> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(file, 'r');
    const status = await handle.stat();
    if (status.isFile() && process.platform !== 'win32' && (status.mode & OTHERS) !== 0)
      warn?.(`${file} has mode ${octal(status.mode)}, so that others may get at it; chmod 600 '${file}'`);
    return await readLimited(file, handle);
  } catch (error) {
    if (error instanceof KeystoreError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new KeystoreError(`${file}: cannot be read (${code})`, { cause: error });
  } finally {
    await handle?.close();
  }
}

/** `readIfAny`, where there has to be one. */
export async function readFile(file: string, surroundings: Surroundings): Promise<string> {
  const text = await readIfAny(file, surroundings);
  if (text === null) throw new KeystoreError(`${file}: there is no such file`);
  return text;
}

/** Reads what a stream brings until it ends, as `readIfAny` reads a file. */
export async function readStream(name: string, stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk as Buffer));
    size += chunks.at(-1)!.length;
    if (size > MOST_FILE_BYTES) throw tooLarge(name);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Writes a file that there is not, readable by the owner alone, with the directories that it needs. It appears with all
 * its contents on disk, or not at all. False: another process was quicker, and its file is there.
 */
export async function createFile(file: string, text: string): Promise<boolean> {
  const fresh = `${file}.${process.pid}-${randomBytes(6).toString('hex')}`;
  makeDirectoryOf(file);
  try {
    await writeThrough(fresh, text);
    return await linkIfNone(fresh, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = `nothing can be written in the directory ${path.dirname(file)} (${code})`;
    throw new KeystoreError(`${file}: cannot be made: ${why}`, { cause: error });
  } finally {
    // Where it could not be written it is not.
    await rm(fresh, { force: true }).catch(() => {});
  }
}

function makeDirectoryOf(file: string): void {
  try {
    makeDirectory(path.dirname(file), 0o700);
  } catch (error) {
    const { code, path: directory } = error as NodeJS.ErrnoException;
    const why = `the directory ${directory} cannot be made (${code})`;
    throw new KeystoreError(`${file}: cannot be made: ${why}`, { cause: error });
  }
}

/** Unlike a rename it leaves what is there. */
async function linkIfNone(fresh: string, file: string): Promise<boolean> {
  try {
    await link(fresh, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function writeThrough(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readLimited(file: string, handle: FileHandle): Promise<string> {
  const bytes = Buffer.alloc(MOST_FILE_BYTES + 1);
  let size = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, size, bytes.length - size);
    size += bytesRead;
    if (size > MOST_FILE_BYTES) throw tooLarge(file);
    if (bytesRead === 0) return bytes.toString('utf8', 0, size);
  }
}

function tooLarge(name: string): KeystoreError {
  return new KeystoreError(
    `${name}: has more than ${MOST_FILE_BYTES} bytes, which no keystore and no key has`,
  );
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
