import { readFileSync, statSync } from 'node:fs';

/**
 * Names a process beyond its end: boot, process id, and when it started, in ticks since the boot (proc(5), `stat`),
 * because ids are used again. Processes that have no common process ids (containers) see each other as gone.
 */
export const ownMark = markOf(process.pid) ?? `unknown-${process.pid}-0`;

/** What marks look like, for a regular expression. */
export const MARK_PATTERN = '[0-9a-z]+-[0-9]+-[0-9]+';

/** Whether the process with this mark has ended. */
export function isGone(mark: string): boolean {
  return mark !== ownMark && mark !== markOf(Number(mark.split('-')[1]));
}

/**
 * As `isGone`, for what must not be taken from a process that lives: one of before this boot, or that may not be looked at,
 * has not ended. To be asked only of marks from the same `processIdSpace`.
 */
export function hasEndedHere(mark: string): boolean {
  const [boot, pid] = mark.split('-') as [string, string];
  if (!ownMark.startsWith(`${boot}-`) || !isGone(mark)) return false;
  // Its id is used again, or by none.
  return markOf(Number(pid)) !== null || !isUsed(Number(pid));
}

/** Within it process ids mean the same: containers each have their own. Null: nobody can tell. */
export function processIdSpace(): string | null {
  try {
    return String(statSync('/proc/self/ns/pid').ino);
  } catch {
    return null;
  }
}

function isUsed(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Null: there is no such process. */
function markOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may have spaces and parentheses of its own. Then the state is field 3, the start 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isZombie = fields[0] === 'Z' || fields[0] === 'X';
    return isZombie ? null : `${boot}-${pid}-${fields[19]}`;
  } catch {
    return null;
  }
}
