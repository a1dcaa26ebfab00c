/** What a process has cost: of a machine whose cores are all busy, that says more than how long it took. */
import { readFileSync } from 'node:fs';

/** Of a second, what /proc counts in: USER_HZ is 100 on every Linux that Node runs on. */
const TICKS = 100;

/**
 * CPU time of this process and of those of its children that have ended and been waited for, and of theirs; seconds.
 * Source: proc_pid_stat(5), utime, stime, cutime and cstime.
 */
export function cpuSeconds() {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  // The name of the program, which may have spaces in it, ends with the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
}
