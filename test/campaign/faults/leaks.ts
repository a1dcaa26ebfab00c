/** What a process holds of the system: looked at when it has nothing to do. */
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Holdings {
  readonly descriptors: number;
  /** Of these, shared memory. */
  readonly memfds: number;
}

/** Descriptors more than at the start that are no leak: a timer's, a connection that is just being made. */
const TOLERANCE = 3;
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
    };
  }
  return least;
}

/** What is held now and was not at the start; null: nothing is. */
export function leakText(before: Holdings, after: Holdings): string | null {
  if (after.descriptors > before.descriptors + TOLERANCE)
    return `${after.descriptors} descriptors, ${before.descriptors} at its start`;
  if (after.memfds > before.memfds) return `${after.memfds} shared memories, ${before.memfds} at its start`;
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
  return { descriptors: names.length, memfds: memfds.length };
}
