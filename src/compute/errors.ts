import { DcpError, type JobId } from '../model/index.js';

/** The Job was cancelled, here or by somebody else, before every Slice had a result. */
export class JobCancelledError extends DcpError {
  constructor(jobId: JobId, reason?: string) {
    super('ECANCELLED', `job ${jobId} was cancelled${reason === undefined ? '' : `: ${reason}`}`);
  }
}
