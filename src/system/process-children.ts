import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * The children of a process, of all its threads, for each keeps its own. Null: this kernel has no list of them (CONFIG_PROC_CHILDREN), or
 * the process is gone. `root`: what /proc lies below.
 */
export function childrenOf(pid: number, root = '/'): number[] | null {
  const folder = path.join(root, 'proc', String(pid), 'task');
  let hasList = false;
  const children: number[] = [];
  for (const thread of threadsIn(folder)) {
    try {
      const list = readFileSync(path.join(folder, thread, 'children'), 'latin1');
      hasList = true;
      for (const word of list.split(' ')) if (word !== '') children.push(Number(word));
    } catch (error) {
      // The process or its thread has ended, or there is no such file.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') hasList = true;
    }
  }
  return hasList ? children : null;
}

function threadsIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
