import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes a directory and those above it that are missing, one at a time. Throws what the system says of the one that cannot be made. Not
 * `mkdir` with `recursive`: Node's tries again for ever where the system says ENOENT although the directory above is there, as it does
 * under /proc, and says ENOENT itself of a file system that is read-only.
 */
export function makeDirectory(directory: string, mode = 0o777): void {
  if (isDirectory(directory)) return;
  const above = path.dirname(directory);
  if (above !== directory) makeDirectory(above, mode);
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    // Another process may have been faster.
    if (isDirectory(directory)) return;
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      (error as Error).message = `${directory} is there, and is no directory`;
    throw error;
  }
}

/** Whatever keeps one from looking is said by what is tried then. */
function isDirectory(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
