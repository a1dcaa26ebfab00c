/** What the kernel says of a process, ours or another. */
import { readdirSync, readFileSync } from 'node:fs';

/** Its share of the memory, KiB: shared pages in equal shares (PSS). */
export function pssKiB(pid: number | 'self' = 'self'): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))![1]);
}

/** CPU time of its threads that live, milliseconds. */
export function cpuMs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map(
      (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    )
    .reduce((sum, ms) => sum + ms, 0);
}
