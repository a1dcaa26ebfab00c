import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isatty } from 'node:tty';

/**
 * Puts nothing in the place of a terminal that has gone before the process exits: Node gives terminals back as they were then, and
 * one that cannot be ends it by SIGABRT instead of with its exit code.
 */
export function leaveGoneTerminalsAtExit(): void {
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  if (terminals.length === 0) return;
  process.on('exit', () => {
    for (const fd of terminals.filter((each) => !isatty(each))) {
      closeSync(fd);
      // The lowest number that is free, which is this one.
      openSync(devNull, 'r+');
    }
  });
}
