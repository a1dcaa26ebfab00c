/** What is known of one case of the suite. */

/**
 * The suite's own words, and `lost`: the Slice or the process that ran it failed or did not come back. A `warn` is a pass with a remark; what
 * the suite calls `notrun` is a `fail` here.
 */
export type Status = 'pass' | 'warn' | 'fail' | 'skip' | 'lost';

export interface CaseResult {
  /** As in `webgpu:api,operation,labels:wrappers_do_not_share_labels:`. */
  readonly query: string;
  readonly status: Status;
  readonly ms: number;
  /** What the suite says of a case that neither passed nor was skipped, and why it was skipped; clipped. */
  readonly logs: readonly string[];
}

/** Cases of one test, that run in one Slice. */
export interface Batch {
  /** As in `webgpu:api,operation,labels:object_has_descriptor_label:*`. */
  readonly test: string;
  readonly cases: readonly string[];
}
