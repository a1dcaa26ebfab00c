/** What may be stopped: processes that this program has started, and those that they have. */
import { readFileSync } from 'node:fs';
import type { Random } from '../../fuzz/mutate.js';
import { startOf } from './process-start.js';

/** A process of ours as it was found. When it has ended, its id soon goes to another process, or to a thread. */
export class Quarry {
  readonly #start: string | null;

  constructor(readonly pid: number) {
    this.#start = startOf(pid);
  }

  get isGone(): boolean {
    return this.#start === null || startOf(this.pid) !== this.#start;
  }

  /** Answers false when it is gone; throws when it is somebody else's. */
  signal(signal: NodeJS.Signals): boolean {
    return !this.isGone && signalOurs(this.pid, signal);
  }
}

/** Signals one of these, and answers which; null: there is none any more. */
export function signalOneOf(pids: readonly number[], random: Random, signal: NodeJS.Signals): Quarry | null {
  if (pids.length === 0) return null;
  const quarry = new Quarry(random.pick(pids));
  return quarry.signal(signal) ? quarry : null;
}

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
