import { rmSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hasEndedHere, MARK_PATTERN, ownMark, processIdSpace } from '../system/index.js';

const PREFIX = 'dcp-local-';
/** What `mkdtemp` adds to a name is the end of it. */
const NAME = new RegExp(`^${PREFIX}(?<space>[0-9]+)-(?<mark>${MARK_PATTERN})-[0-9A-Za-z]+$`);
/** Of runs that have not ended. */
const inUse = new Set<string>();

/**
 * The temporary directory of a local run, with the Job's data and results. It goes with the run, or with the process if
 * that exits before; what a process leaves that was killed, the next local run of the same user removes.
 */
export class LocalDirectory {
  private constructor(
    readonly path: string,
    private readonly othersRemoved: Promise<void>,
  ) {}

  static async make(): Promise<LocalDirectory> {
    const space = processIdSpace();
    const parent = tmpdir();
    // Nobody else could tell whose it is where nobody knows the space.
    const name = space === null ? PREFIX : `${PREFIX}${space}-${ownMark}-`;
    const made = await mkdtemp(path.join(parent, name));
    if (inUse.size === 0) process.on('exit', removeAll);
    inUse.add(made);
    const othersRemoved = space === null ? Promise.resolve() : removeLeft(parent, space);
    return new LocalDirectory(made, othersRemoved);
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    inUse.delete(this.path);
    if (inUse.size === 0) process.off('exit', removeAll);
    await this.othersRemoved;
  }
}

function removeAll(): void {
  for (const directory of inUse) {
    try {
      rmSync(directory, { recursive: true, force: true });
    } catch {
      // Somebody still writes there. The next run removes it.
    }
  }
}

/** Removes what processes of this user have left that have ended. What cannot be removed is nothing to this run. */
async function removeLeft(parent: string, space: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const { groups } = NAME.exec(name) ?? {};
    if (groups?.space !== space || !hasEndedHere(groups.mark!)) continue;
    const left = path.join(parent, name);
    try {
      const stats = await lstat(left);
      // Anybody may write to such a place, under any name.
      if (stats.isDirectory() && stats.uid === process.getuid!())
        await rm(left, { recursive: true, force: true });
    } catch {
      // Another run was quicker.
    }
  }
}
