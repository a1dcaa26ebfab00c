import type { CodecExports } from './codec-exports.js';
import type { JobEntries } from './host.js';

/** What the group `job-side` gives the prelude. */
export interface JobSide {
  /**
   * Completes the realm, and makes the globals as the Work Function will find them.
   * @param rehearsal run what an assignment runs
   */
  prepare(codec: CodecExports, rehearsal: boolean): JobEntries;
}
