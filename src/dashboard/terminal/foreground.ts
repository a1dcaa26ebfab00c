import { readFileSync } from 'node:fs';

/**
 * Whether this process is of the group that the shell gave the terminal to. Others that read from it or change its modes are
 * stopped by the kernel. True where nobody says.
 */
export function isInForeground(): boolean {
  try {
    // proc_pid_stat(5): pid (comm) state ppid pgrp session tty_nr tpgid …; comm may have anything in it.
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return foreground === '-1' || group === foreground;
  } catch {
    return true;
  }
}
