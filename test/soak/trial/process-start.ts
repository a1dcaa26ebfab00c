import { readFileSync } from 'node:fs';

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
