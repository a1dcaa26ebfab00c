import { constants, openSync } from 'node:fs';

/**
 * Another description of the terminal that `fd` is: its flags and modes of reading and writing are ours alone. Null where
 * it cannot be had.
 */
export function reopen(fd: number, flags: number): number | null {
  // The second is for those who may not open it by name: after `su`, it still belongs to the other user.
  for (const file of [`/proc/self/fd/${fd}`, '/dev/tty']) {
    try {
      return openSync(file, flags | constants.O_NOCTTY);
    } catch {
      continue;
    }
  }
  return null;
}
