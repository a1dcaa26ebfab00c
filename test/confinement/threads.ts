/** Threads of another process, as /proc shows them. */
import { readFileSync, readdirSync } from 'node:fs';

/** The number that a thread has in the eyes of its own process; null: none has a name that begins so. */
export function threadOf(pid: number, name: string): number | null {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    if (!readFileSync(`${folder}/comm`, 'latin1').startsWith(name)) continue;
    // Its numbers from the outermost namespace to the innermost.
    const [, numbers] = /^NSpid:\s*(.*)$/m.exec(readFileSync(`${folder}/status`, 'latin1')) ?? [];
    return Number(numbers?.split(/\s+/).at(-1) ?? thread);
  }
  return null;
}

/** The mode of seccomp of each thread: 0 none, 2 a filter. */
export function filtersOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1');
    return Number(/^Seccomp:\s*(\d+)$/m.exec(status)?.[1]);
  });
}
