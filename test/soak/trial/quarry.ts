/** What may be stopped: processes that this program has started, and those that they have. */
import { readFileSync } from 'node:fs';

/** Sends a signal to one of ours. Answers false when it is gone; throws when it is somebody else's. */
export function signalOurs(pid: number, signal: NodeJS.Signals): boolean {
  if (!isOurs(pid)) {
    if (parentOf(pid) === null) return false;
    throw new Error(`process ${pid} is none of ours: it gets no ${signal}`);
  }
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function isOurs(pid: number): boolean {
  for (let at: number | null = parentOf(pid); at !== null && at > 1; at = parentOf(at))
    if (at === process.pid) return true;
  return false;
}

/** Null: there is no such process. */
function parentOf(pid: number): number | null {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]);
  } catch {
    return null;
  }
}
