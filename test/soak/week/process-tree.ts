/** Processes and what they started, as the kernel tells it. */
import { readFileSync, readdirSync } from 'node:fs';

/** Process ids of those a process has started and that live, or wait for it to look. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      (readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').match(/\d+/g) ?? []).map(Number),
    );
  } catch {
    return [];
  }
}

/** When a process started, in ticks; null when it is gone, or waits for its parent to look. */
export function startOf(pid: number): string | null {
  try {
    // The name, in parentheses, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? null : fields[19]!;
  } catch {
    return null;
  }
}
