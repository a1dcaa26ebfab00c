/** What a process holds of the system: looked at when it has nothing to do. */
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { evaluatorsBelow } from '../../confinement/processes.js';

export interface Holdings {
  readonly descriptors: number;
  /** Of these, shared memory. */
  readonly memfds: number;
  /** Evaluator processes that it has: one is kept ready, and the last Job keeps its own while no other needs the place. */
  readonly processes: number;
}

/** Descriptors more than at the start that are no leak: a timer's, a connection that is just being made. */
const TOLERANCE = 3;
/** What a Worker holds for each evaluator process: channel, standard error, two shared memories, a report. */
const DESCRIPTORS_OF_PROCESS = 5;
const MEMFDS_OF_PROCESS = 2;
const EVERY_MS = 250;

/** The least of some seconds: what comes and goes is not held. */
export async function leastHoldings(pid: number, withinMs: number): Promise<Holdings> {
  let least = holdingsOf(pid);
  for (const end = performance.now() + withinMs; performance.now() < end;) {
    await sleep(EVERY_MS);
    const now = holdingsOf(pid);
    least = {
      descriptors: Math.min(least.descriptors, now.descriptors),
      memfds: Math.min(least.memfds, now.memfds),
      processes: now.processes,
    };
  }
  return least;
}

/** What is held now and was not at the start; null: nothing is. */
export function leakText(before: Holdings, after: Holdings): string | null {
  const more = Math.max(0, after.processes - before.processes);
  if (after.descriptors > before.descriptors + more * DESCRIPTORS_OF_PROCESS + TOLERANCE)
    return `${after.descriptors} descriptors, ${before.descriptors} at its start`;
  if (after.memfds > before.memfds + more * MEMFDS_OF_PROCESS)
    return `${after.memfds} shared memories, ${before.memfds} at its start`;
  return null;
}

/** Names in `/dev/shm` that were not there before. Others use it, too: only those that say whose they are count. */
export function sharedMemoryFiles(): string[] {
  return readdirSync('/dev/shm').filter((name) => name.includes('dcp'));
}

function holdingsOf(pid: number): Holdings {
  const folder = `/proc/${pid}/fd`;
  const names = readdirSync(folder);
  const memfds = names.filter((name) => {
    try {
      return readlinkSync(`${folder}/${name}`).startsWith('/memfd:');
    } catch {
      // It was closed meanwhile.
      return false;
    }
  });
  return { descriptors: names.length, memfds: memfds.length, processes: evaluatorsBelow(pid).length };
}
