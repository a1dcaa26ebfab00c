import type { JobId } from '../model/index.js';

/** How a Job fails here. Small, unlike the Job itself, and remembered for longer. */
export class JobFailures {
  /** Slices that failed, and Sandboxes lost, since the last Slice that did not; and when the first of them was (monotonic, ms). */
  inARow = 0;
  since = 0;
  /**
   * Evaluators lost with a Slice that ran alone, by Slice or `LOADING`; since the Job was last set aside for
   * that, and without Slices that have ended by themselves since.
   */
  readonly crashes = new Map<number, number>();
  /** Until then nothing of the Job is wanted (monotonic, ms); 0: it is welcome. And how often in a row that was so. */
  setAsideUntil = 0;
  timesSetAside = 0;

  constructor(readonly jobId: JobId) {}
}
