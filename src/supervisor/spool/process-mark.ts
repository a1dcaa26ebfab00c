import { readFileSync } from 'node:fs';

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
