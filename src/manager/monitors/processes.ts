import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { childrenOf } from '../../system/index.js';

/** A line of /proc/PID/stat (proc_pid_stat(5)), as much as is needed of it. */
export interface ProcessStat {
  readonly pid: number;
  /** The program's name, 15 bytes at most. */
  readonly name: string;
  /** One letter; `Z`: it has ended and nobody has asked how. */
  readonly state: string;
  readonly parent: number;
  /** CPU time of it and of its children that were waited for, ticks of the kernel's clock. */
  readonly ticks: number;
}

/** The numbers of all processes that can be seen. */
export function processIds(root: string): number[] {
  return readdirSync(path.join(root, 'proc'))
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Null: it is gone. */
export function statOf(root: string, pid: number): ProcessStat | null {
  let line: string;
  try {
    line = readFileSync(path.join(root, 'proc', String(pid), 'stat'), 'latin1');
  } catch {
    return null;
  }
  // The name may have blanks and parentheses of its own.
  const end = line.lastIndexOf(')');
  const fields = line.slice(end + 2).split(' ');
  const [user, system, waitedUser, waitedSystem] = fields.slice(11, 15).map(Number);
  return {
    pid,
    name: line.slice(line.indexOf('(') + 1, end),
    state: fields[0]!,
    parent: Number(fields[1]),
    ticks: user! + system! + waitedUser! + waitedSystem!,
  };
}

/** A process and all below it. */
export function familyOf(root: string, ancestor: number): ProcessStat[] {
  const family: ProcessStat[] = [];
  const waiting = [ancestor];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const stat = statOf(root, pid);
    if (stat === null) continue;
    const children = childrenOf(pid, root);
    if (children === null && statOf(root, pid) !== null) return familyByScan(root, ancestor);
    family.push(stat);
    waiting.push(...(children ?? []));
  }
  return family;
}

/** The same, by looking at every process there is. */
function familyByScan(root: string, ancestor: number): ProcessStat[] {
  const all = processIds(root).flatMap((pid) => statOf(root, pid) ?? []);
  const members = new Set([ancestor]);
  for (let before = 0; before < members.size;) {
    before = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
  }
  return all.filter(({ pid }) => members.has(pid));
}
