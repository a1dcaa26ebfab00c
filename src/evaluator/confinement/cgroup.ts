/**
 * Control groups of version 2: of this process and others, as folders. `root`, where it is a parameter: what /proc and /sys lie below.
 *
 * proc_pid_cgroup(5) and proc_pid_mountinfo(5) say what is read here.
 */
import { accessSync, constants, readFileSync, rmdirSync } from 'node:fs';
import path from 'node:path';

/** Controllers, one of which must be there for a group to limit anything. */
const CONTROLLERS = ['pids', 'memory'];

/**
 * The group that a service manager has delegated to this program; null: none. Processes stand in leaves only, so it is the one
 * above that in which this process is, and it is a unit's, not a slice, in which others have their groups.
 */
export function delegatedCgroup(root = '/', user = process.getuid?.()): string | null {
  // Everything looks delegated to root.
  if (process.platform !== 'linux' || user === 0) return null;
  try {
    const own = cgroupOf('self', root);
    if (own === null) return null;
    const parent = path.dirname(own);
    if (!/\.(service|scope)$/.test(parent)) return null;
    const folder = folderOfCgroup(parent, root);
    if (folder === null) return null;
    for (const file of ['.', 'cgroup.procs']) accessSync(path.join(folder, file), constants.W_OK);
    const controllers = readFileSync(path.join(folder, 'cgroup.subtree_control'), 'utf8').trim().split(' ');
    return controllers.some((name) => CONTROLLERS.includes(name)) ? folder : null;
  } catch {
    return null;
  }
}

/** The group of a process, as the kernel names it. Null: it is gone, or there are no such groups. */
export function cgroupOf(pid: number | 'self', root = '/'): string | null {
  try {
    const text = readFileSync(path.join(root, `proc/${pid}/cgroup`), 'utf8');
    const [, group] = /^0::(\/.*)$/m.exec(text) ?? [];
    return group ?? null;
  } catch {
    return null;
  }
}

/** Where a group is to be found. Null: what is mounted does not show it. */
export function folderOfCgroup(group: string, root = '/'): string | null {
  try {
    const mounts = cgroupMounts(readFileSync(path.join(root, 'proc/self/mountinfo'), 'utf8'));
    for (const { shown, at } of mounts) {
      // In containers a part of the tree may be mounted, in place of all of it.
      const below = path.posix.relative(shown, group);
      if (below !== '..' && !below.startsWith('../')) return path.join(root, at, below);
    }
    return null;
  } catch {
    return null;
  }
}

/** Mounts of version 2, alone or beside those of version 1: which group each shows, and where. The last one covers those before. */
function cgroupMounts(mountinfo: string): { readonly shown: string; readonly at: string }[] {
  return mountinfo
    .split('\n')
    .flatMap((line) => {
      // Fields in between are optional; a dash ends them.
      const [ours = '', system = ''] = line.split(' - ');
      const [, , , shown, at] = ours.split(' ');
      if (!system.startsWith('cgroup2 ') || shown === undefined || at === undefined) return [];
      return [{ shown: unescaped(shown), at: unescaped(at) }];
    })
    .reverse();
}

/** Blanks, tabs, ends of lines and backslashes of paths are octal there. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** Takes away what a launcher that was killed has left of the group it had made for its evaluator. */
export function removeCgroupOf(launcher: number): void {
  const parent = delegatedCgroup();
  if (parent !== null) removeCgroup(path.join(parent, `dcp-evaluator-${launcher}`));
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
