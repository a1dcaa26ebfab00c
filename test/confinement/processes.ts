/** Evaluator processes, as /proc shows them. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const LAUNCHER = 'dcp-confine';
const INIT = 'dcp-confine-ini';

/** The evaluator processes below one: children of it, or of launchers that stay beside them. */
export function evaluatorsBelow(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => (nameOf(child) === LAUNCHER ? withinLauncher(child) : [child]));
}

/** What is not started yet is the launcher itself. */
function withinLauncher(launcher: number): number[] {
  const inside = childrenOf(launcher).filter((child) => nameOf(child) !== INIT);
  return inside.length === 0 ? [launcher] : inside;
}

export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      (readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').match(/\d+/g) ?? []).map(Number),
    );
  } catch {
    return [];
  }
}

/** Whether it runs still: one that waits for its parent to look does not. */
export function isAlive(pid: number): boolean {
  try {
    // The name, in parentheses, may hold anything.
    return !/^[ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, ''));
  } catch {
    return false;
  }
}

/** Whether it is the Node that runs this one. Its name does not say: it is that of its first thread, which each major calls otherwise. */
export function isNode(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) === process.execPath;
  } catch {
    return false;
  }
}

/** Its first 15 bytes; empty when the process is gone. */
function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trimEnd();
  } catch {
    return '';
  }
}
