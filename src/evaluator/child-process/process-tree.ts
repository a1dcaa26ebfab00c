import { readFileSync, readdirSync } from 'node:fs';
import { childrenOf } from '../../system/index.js';

/**
 * A process and all that descend from it, parents first. A process may start another while this looks: who must have all of them stops
 * those it found and looks again.
 */
export function processTree(pid: number): number[] {
  const tree = [pid];
  // Grows while it is walked.
  for (const parent of tree)
    tree.push(...(childrenOf(parent) ?? []).filter((child) => !tree.includes(child)));
  return tree;
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

/** Whether somebody has stopped the process, or one that descends from it, and it is not gone. */
export function isAnyStopped(pid: number): boolean {
  return processTree(pid).some((each) => {
    try {
      const stat = readFileSync(`/proc/${each}/stat`, 'latin1');
      return stat.slice(stat.lastIndexOf(')') + 1).startsWith(' T');
    } catch {
      return false;
    }
  });
}
