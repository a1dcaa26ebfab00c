import { accessSync, constants, readFileSync, rmdirSync } from 'node:fs';
import path from 'node:path';

/** Controllers, one of which must be there for a group to limit anything. */
const CONTROLLERS = ['pids', 'memory'];

/**
 * The cgroup (version 2) that a service manager has delegated to this program; null: none. Processes stand in leaves only, so it is the one
 * above that in which this process is, and it is a unit's, not a slice, in which others have their groups.
 */
export function delegatedCgroup(): string | null {
  // Everything looks delegated to root.
  if (process.platform !== 'linux' || process.getuid?.() === 0) return null;
  try {
    const own = cgroupOf('self');
    const mount = cgroupMount();
    if (own === null || mount === null) return null;
    const parent = path.dirname(own);
    if (!/\.(service|scope)$/.test(parent)) return null;
    const folder = path.join(mount, parent);
    for (const file of ['.', 'cgroup.procs']) accessSync(path.join(folder, file), constants.W_OK);
    const controllers = readFileSync(path.join(folder, 'cgroup.subtree_control'), 'utf8').trim().split(' ');
    return controllers.some((name) => CONTROLLERS.includes(name)) ? folder : null;
  } catch {
    return null;
  }
}

/** Where the groups of version 2 are mounted: alone, or beside those of version 1. Null: nowhere. */
export function cgroupMount(): string | null {
  try {
    const [, mount] = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/self/mounts', 'utf8')) ?? [];
    return mount ?? null;
  } catch {
    return null;
  }
}

/** The group of a process, below the mount. Null: it is gone, or there are no such groups. */
export function cgroupOf(pid: number | 'self'): string | null {
  try {
    const [, group] = /^0::(\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? [];
    return group ?? null;
  } catch {
    return null;
  }
}

/** How often it is tried, and how long after one another, milliseconds: a process closes what it has open before it leaves its group. */
const REMOVE_TRIES = 10;
const REMOVE_PAUSE_MS = 20;

/** Takes away the group of a process that has ended; one that was killed with its launcher leaves it. */
export function removeCgroup(folder: string, tries = REMOVE_TRIES): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    // Otherwise the launcher has done it. A group that stays is empty and costs next to nothing.
    const isBusy = (error as NodeJS.ErrnoException).code === 'EBUSY';
    if (isBusy && tries > 1) setTimeout(() => removeCgroup(folder, tries - 1), REMOVE_PAUSE_MS).unref();
  }
}
