import type { Calls } from './calls.js';
import { LAST, type JobNumber, type Jobs } from './jobs.js';
import type { Store } from './store.js';

/** Records deleted in one transaction. */
const PURGE_RECORDS = 200;

/** What is written so that a Job goes needs no room on the disk to spare. */
export const FREES = Object.freeze({ frees: true });

/**
 * Deletes what a removed Job stored, a bounded part at a time, until the Scheduler closes. The Job's row goes last, so
 * that this can be taken up again.
 */
export async function purgeJob(store: Store, jobs: Jobs, number: JobNumber, calls: Calls): Promise<void> {
  const { pending, data, results, found, attempts, expired, log } = store;
  for (const table of [pending, data, results, found, attempts, expired, log]) {
    while (!calls.areEnding) {
      const left = await store.write(() => {
        const keys = table.keys([number, 0], [number, LAST], PURGE_RECORDS);
        for (const key of keys) table.remove(key);
        return keys.length === PURGE_RECORDS;
      }, FREES);
      if (!left) break;
    }
  }
  if (calls.areEnding) return;
  await store.packs.removeJob(number);
  jobs.forget(number);
  await store.write(() => {
    store.specs.remove(number);
    store.rows.remove(number);
  }, FREES);
}
