import { readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { variable, type Environment } from './variables.js';

/** No configuration is longer, bytes. */
const MAX_BYTES = 1024 * 1024;

/** Accepts files that others may write. */
const ALLOW_INSECURE = 'DCP_CLIENT_ALLOW_INSECURE_CONFIGURATION';

/**
 * What came of reading a file. `hidden`: nobody may look whether it is there. `failed`: it is there and cannot be used, or
 * must not be.
 */
export type FileOutcome =
  | { readonly kind: 'absent' }
  | { readonly kind: 'hidden'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'read'; readonly bytes: Buffer; readonly text: string };

/** Reads a file of UTF-8. */
export function readConfigFile(file: string, env: Environment): FileOutcome {
  let stats: Stats;
  try {
    stats = statSync(file);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
    return { kind: 'hidden', reason: code };
  }
  if (stats.isDirectory()) return failed('is a directory; expected a file');
  // A pipe would make us wait for whoever writes.
  if (!stats.isFile()) return failed('is no regular file');
  if (stats.size > MAX_BYTES) return failed(`is larger than ${MAX_BYTES} bytes`);
  try {
    const others = variable(env, ALLOW_INSECURE) !== undefined ? null : whatOthersMayWrite(file, stats);
    if (others !== null) return failed(`${others}; set ${ALLOW_INSECURE} to accept that`);
    const bytes = readFileSync(file);
    return { kind: 'read', bytes, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return failed('is not UTF-8');
    return failed(`cannot be read (${code ?? message})`);
  }
}

function failed(reason: string): FileOutcome {
  return { kind: 'failed', reason };
}

/**
 * Whoever writes the configuration says which origins Jobs may reach: nobody may but root, this user and the owner of this
 * program. Null: it is so.
 */
function whatOthersMayWrite(file: string, { uid }: Stats): string | null {
  for (const place of new Set([...foldersOf(path.resolve(file)), ...foldersOf(realpathSync(file))])) {
    const { mode } = statSync(place);
    // In a folder like /tmp, which is sticky, everybody's files are their own.
    if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) return `is not safe: everybody may write to ${place}`;
  }
  const trusted = [0, process.getuid!(), statSync(import.meta.filename).uid];
  return trusted.includes(uid)
    ? null
    : `is not safe: it belongs to user ${uid}, not to root, this user or the program's`;
}

/** The file, the folder that it is in, the one above, up to the root. */
function foldersOf(file: string): string[] {
  const parent = path.dirname(file);
  return parent === file ? [file] : [file, ...foldersOf(parent)];
}
