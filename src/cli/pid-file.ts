import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeDirectory } from '../system/index.js';

/** Where `-f` without a value has the Worker's. */
export const DEFAULT_PID_FILE = path.resolve(import.meta.dirname, '../../run/dcp-worker.pid');

/** How often other processes may be quicker. */
const ATTEMPTS = 3;

/** Of the kernel's times for programs, on every machine. */
const TICK_MS = 10;
/** How far the time of a file and that of a process may be apart that began before it. */
const CLOCKS_APART_MS = 2_000;

/**
 * What came of a pid file that was to be written. `stale` is what was there of a process that is gone; null: there was
 * no file.
 */
export type PidFileOutcome =
  | { readonly kind: 'written'; readonly stale: string | null }
  | { readonly kind: 'taken'; readonly pid: number }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Writes this process's id into a file, unless the process that the file names is alive, and not just another one that has got its id
 * since. The file appears with its contents, and goes when this process exits.
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
    const before = contentsOf(target);
    const owner = livingOther(target, before);
    if (owner !== null) return { kind: 'taken', pid: owner };
    if (before !== null && !isOfPidFile(before))
      return { kind: 'failed', reason: 'it holds something else than a process id' };
    // Unlike a rename a link fails where another process was quicker.
    const outcome: PidFileOutcome | null =
      before !== null
        ? takeOver(target, fresh)
        : isLinked(fresh, target)
          ? { kind: 'written', stale: null }
          : null;
    if (outcome?.kind === 'written') process.on('exit', () => removeOwn(target));
    if (outcome !== null) return outcome;
    if (attempt === ATTEMPTS) throw new Error('others are always quicker');
  }
}

/**
 * Puts `fresh` in the place of a file that was stale when it was read. Whoever does that holds a lock, and reads again: of two that have
 * read the same file the second would put its own in the place of the first one's. Null: it is to be tried again.
 */
function takeOver(target: string, fresh: string): PidFileOutcome | null {
  const lock = `${target}.lock`;
  if (!isLinked(fresh, lock)) {
    const holder = livingOther(lock, contentsOf(lock));
    if (holder !== null) return { kind: 'taken', pid: holder };
    // Of a process that was killed just here, which nobody waits for.
    removeIfAny(lock);
    return null;
  }
  try {
    const stale = contentsOf(target);
    const owner = livingOther(target, stale);
    if (owner !== null) return { kind: 'taken', pid: owner };
    // Where nothing is any more somebody may put a file without the lock.
    if (stale === null) return null;
    renameSync(fresh, target);
    return { kind: 'written', stale };
  } finally {
    removeIfAny(lock);
  }
}

/** Gives a file a second name; false where something has that name already. */
function isLinked(file: string, name: string): boolean {
  try {
    linkSync(file, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
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
    makeDirectory(path.dirname(file));
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

/** Whether a pid file may hold this, what a crash leaves of one too: nothing, or zeros. All else is somebody's file. */
function isOfPidFile(contents: string): boolean {
  return /^[-\d\s\0]*$/.test(contents);
}

/** The process that a pid file names, if it is alive and another one, and may have written the file; else null. */
function livingOther(file: string, contents: string | null): number | null {
  const pid = contents !== null && /^[1-9]\d*$/.test(contents) ? Number(contents) : null;
  return pid !== null && isOther(pid) && !isSuccessor(pid, file) ? pid : null;
}

/**
 * Whether this process only has the number of the one that wrote the file, as after a reboot: it began later, and is no program of this name.
 * Either alone could be wrong, after the clock was set or where a program has become another.
 */
function isSuccessor(pid: number, file: string): boolean {
  try {
    const written = statSync(file).mtimeMs;
    const began = performance.timeOrigin + (startTicksOf(pid) - startTicksOf(process.pid)) * TICK_MS;
    if (began < written + CLOCKS_APART_MS) return false;
    const program = path.basename(process.argv[1] ?? '');
    return !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program);
  } catch {
    // It may not be looked at, or is gone just now: the next attempt sees that.
    return false;
  }
}

/** When a process began, in ticks since the boot: field 22 of proc(5), `stat`. The name before may hold spaces and parentheses. */
function startTicksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
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
