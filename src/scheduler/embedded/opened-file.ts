import { statSync } from 'node:fs';
import { join } from 'node:path';
import { SchedulerError } from '../../model/index.js';

/**
 * Which `data.mdb` LMDB has open. LMDB and the doorbell hold files, not names: when the directory is removed, moved or
 * replaced, they work on as if nothing had happened, on what nobody else sees any more, while pack files are looked for by name.
 * No other file gets this one's numbers, as it is open.
 */
export class OpenedFile {
  private readonly dev: bigint;
  private readonly ino: bigint;

  constructor(directory: string) {
    const { dev, ino } = statSync(join(directory, FILE), { bigint: true });
    this.dev = dev;
    this.ino = ino;
  }

  /** Whether the directory of that name is the one that was opened. */
  isIn(directory: string): boolean {
    return this.look(directory) === 'there';
  }

  /** @throws SchedulerError the directory of that name is no longer the one that was opened */
  check(directory: string): void {
    const found = this.look(directory);
    if (found === 'there') return;
    throw new SchedulerError(
      `${directory}: this is no longer the Scheduler's directory that was opened: ` +
        (found === 'gone' ? `its ${FILE} is gone` : `another ${FILE} is there now`) +
        '. What was acknowledged is where that directory is now. Put it back, or start again what uses it',
    );
  }

  private look(directory: string): 'there' | 'gone' | 'replaced' {
    try {
      const { dev, ino } = statSync(join(directory, FILE), { bigint: true });
      return dev === this.dev && ino === this.ino ? 'there' : 'replaced';
    } catch (error) {
      // Who may not look cannot say that it is gone.
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' || code === 'ENOTDIR' ? 'gone' : 'there';
    }
  }
}

const FILE = 'data.mdb';
