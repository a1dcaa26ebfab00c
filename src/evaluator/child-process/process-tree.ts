import { readFileSync, readdirSync } from 'node:fs';

/**
 * A process and all that descend from it, parents first. A process may start another while this looks: who must have all of them stops
 * those it found and looks again.
 */
export function processTree(pid: number): number[] {
  const tree = [pid];
  // Grows while it is walked.
  for (const parent of tree) tree.push(...childrenOf(parent).filter((child) => !tree.includes(child)));
  return tree;
}

/** Of all its threads, for each keeps its own; none for a process that is gone. */
function childrenOf(pid: number): number[] {
  const children: number[] = [];
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const list = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1');
      children.push(
        ...list
          .split(' ')
          .filter((child) => child !== '')
          .map(Number),
      );
    }
  } catch {
    // It ended meanwhile, or this kernel does not tell.
  }
  return children;
}

/** Whether no thread of the process gets a processor: the kernel has stopped it, or it is gone. */
export function isStopped(pid: number): boolean {
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
      // Behind the name, which may have anything in it.
      if (!/^ [TtZX]/.test(stat.slice(stat.lastIndexOf(')') + 1))) return false;
    }
  } catch {
    return true;
  }
  return true;
}
