import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Where `-f` without a value has the Worker's. */
export const DEFAULT_PID_FILE = path.resolve(import.meta.dirname, '../../run/dcp-worker.pid');

/** How often other processes may be quicker. */
const ATTEMPTS = 3;

/**
 * What came of a pid file that was to be written. `stale` is what was there of a process that is gone; null: there was
 * no file.
 */
export type PidFileOutcome =
  | { readonly kind: 'written'; readonly stale: string | null }
  | { readonly kind: 'taken'; readonly pid: number }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Writes this process's id into a file, unless the process that the file names is alive. The file appears with its
 * contents, and goes when this process exits.
 */
export function writePidFile(file: string): PidFileOutcome {
  // Wherever the process goes meanwhile, this is the file.
  const target = path.resolve(file);
  const fresh = `${target}.${process.pid}`;
  try {
    writeFileSync(fresh, `${process.pid}\n`);
    return claim(target, fresh);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { kind: 'failed', reason: code ?? message };
  } finally {
    removeIfAny(fresh);
  }
}

/** `writePidFile` for the option `--pidFile`: throws for a file that is taken, warns where it matters less. */
export function claimPidFile(file: string, warn: (message: string) => void): void {
  const outcome = writePidFile(file);
  if (outcome.kind === 'taken')
    throw new Error(`--pidFile: process ${outcome.pid}, which ${file} names, is still running`);
  if (outcome.kind === 'failed') warn(`--pidFile: ${file} cannot be written (${outcome.reason})`);
  else if (outcome.stale !== null) warn(`--pidFile: ${file} was left by a process that is gone; replaced`);
}

function claim(target: string, fresh: string): PidFileOutcome {
  for (let attempt = 1; ; attempt++) {
    const stale = contentsOf(target);
    const pid = stale === null ? null : pidIn(stale);
    if (pid !== null && isOther(pid)) return { kind: 'taken', pid };
    if (stale !== null) rmSync(target, { force: true });
    try {
      // Unlike a rename it fails where another process was quicker.
      linkSync(fresh, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST' && attempt < ATTEMPTS) continue;
      throw error;
    }
    process.on('exit', () => removeOwn(target));
    return { kind: 'written', stale };
  }
}

function removeIfAny(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Where it could not be written it is not.
  }
}

/** Makes the folder of the pid file that nobody named; whether it works shows when the file is written. */
export function makeFolderOf(file: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
  } catch {
    // Said by writePidFile.
  }
}

function contentsOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function pidIn(text: string): number | null {
  return /^[1-9]\d*$/.test(text) ? Number(text) : null;
}

/** Whether another process with this id is alive. In a container each start may have the id that the last one had. */
function isOther(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and not ours.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function removeOwn(file: string): void {
  try {
    if (contentsOf(file) === String(process.pid)) rmSync(file);
  } catch {
    // The process is ending: what cannot be removed is stale then, which the next one sees.
  }
}
