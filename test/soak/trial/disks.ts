/** Small file systems of the program's own, in a mount namespace that goes with it. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

const UNSHARE = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
const INSIDE = 'DCP_WEEK_DISKS';

/**
 * Runs the program once more where it may mount. Answers its exit code; null where this is that place, or where none can be had.
 */
export function runWhereDisksCanBeMade(): number | null {
  if (process.env[INSIDE] !== undefined) return null;
  const can = spawnSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
  if (!can) return null;
  const args = [...UNSHARE, process.execPath, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', args, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
  return status ?? 1;
}

/** Why disks cannot be filled here; null where they can. */
export function withoutDisks(): string | null {
  return process.env[INSIDE] === undefined ? 'no mount namespace may be made here' : null;
}

/** A folder, on a file system of its own where that can be had. */
export class Disk {
  readonly #ballast: string;

  constructor(
    readonly folder: string,
    mebibytes: number,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#ballast = path.join(folder, 'ballast');
    if (withoutDisks() !== null) return;
    const args = ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=700`, 'none', folder];
    const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`mount ${folder}: ${stderr}`);
  }

  /** Not a byte more fits. */
  fill(): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (const bytes of [1 << 20, 4096]) {
        const some = Buffer.alloc(bytes);
        try {
          for (;;) writeSync(file, some);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** After this the folder is empty. */
  unmount(): void {
    if (withoutDisks() === null) spawnSync('umount', ['-l', this.folder]);
  }
}
