import type {
  JobEvent,
  JobId,
  JobSpec,
  JobStatus,
  Outcome,
  Payload,
  ResultBatch,
  ReturnReason,
  SliceBatch,
  SliceMessage,
  SliceMetrics,
  Task,
  TaskId,
  WebgpuOffer,
} from '../model/index.js';

/** A result as the Scheduler keeps it. */
export interface StoredResult extends SliceMetrics {
  readonly slice: number;
  readonly outcome: Outcome;
  readonly payload: Payload;
}

/**
 * What a Worker makes of Jobs without Compute Groups, which are for everyone.
 * - `take`: they are as good as any other.
 * - `leave`: they are not for it.
 * - `fallback`: it gets them only when there is nothing of its own Compute Groups.
 */
export type PublicGroupUse = 'take' | 'leave' | 'fallback';

/** What a Worker asks for. The Scheduler answers with at most one Task, sized to `sandboxes * targetMs` of work. */
export interface TaskRequest {
  /** Names the Worker in leases and reports. */
  readonly workerId: string;
  /** Join keys the Worker belongs to. */
  readonly computeGroups: readonly string[];
  readonly publicGroup: PublicGroupUse;
  /** Only these Jobs; null: any. */
  readonly jobIds: readonly JobId[] | null;
  /** None of these Jobs, whatever else is said. */
  readonly exceptJobs: readonly JobId[];
  /**
   * What Jobs may require of this Worker. `webgpu`: its adapters, as far as a Job that needs one is welcome now; `fetch`: the
   * origins its operator allows (src/model/origins.ts).
   */
  readonly capabilities: {
    readonly webgpu: readonly WebgpuOffer[];
    readonly fetch: readonly string[];
    /** Jobs that require no WebGPU are not welcome now. Default false. */
    readonly webgpuOnly?: boolean;
  };
  /** Sandboxes the Task is to keep busy. */
  readonly sandboxes: number;
  /** For how long, in milliseconds. */
  readonly targetMs: number;
  /** The Worker's own measure of a Job's mean Slice time, milliseconds. Wins over the Scheduler's. */
  readonly sliceMs: Readonly<Record<JobId, number>>;
  /** Upper bounds of one Task. */
  readonly maxSlices: number;
  readonly maxBytes: number;
}

/** What `submitResults` did. A duplicate is a Slice that already had a result: it is left alone. */
export interface SubmitReceipt {
  readonly recorded: number;
  readonly duplicates: number;
}

/**
 * Where Jobs wait. One interface for every Scheduler; the client API and the Supervisor know nothing else.
 * All writes resolve when they are durable. Bytes are moved, never decoded.
 */
export interface Scheduler {
  /** Names it, for who keeps something for it: another has another name, also where it took this one's place. */
  readonly identity: string;

  // For clients

  /** Registers a Job. A range Job is `open` at once; a list Job is `uploading`, its `count` null: the Scheduler counts. */
  createJob(spec: JobSpec): Promise<JobId>;
  /**
   * Adds Slices to an `uploading` Job. Their numbers continue where the last call ended, from 1. A call that fails or is
   * cut short may have added its first Slices: `JobStatus.known` says how many there are.
   */
  addSlices(jobId: JobId, batch: SliceBatch): Promise<void>;
  /** Ends the upload; again is no error. A Job with no Slice at all finishes at once. `JobStateError` once it is cancelled. */
  sealJob(jobId: JobId): Promise<void>;
  listJobs(): Promise<JobStatus[]>;
  /** Throws `JobNotFoundError`, like every call that names a Job. */
  jobStatus(jobId: JobId): Promise<JobStatus>;
  /** Results of the Slices named, in that order; null where there is none yet. */
  readResults(jobId: JobId, numbers: Uint32Array): Promise<(StoredResult | null)[]>;
  /** Up to `limit` log entries with `seq > after`, oldest first. */
  readEvents(jobId: JobId, after: number, limit: number): Promise<JobEvent[]>;
  /** Resolves true when the Job's log has an entry after `after`, false when `signal` aborts. */
  waitForEvents(jobId: JobId, after: number, signal: AbortSignal): Promise<boolean>;
  /** No Slice of the Job is handed out any more; results are kept. Cancelling twice is no error; a finished Job stays finished. */
  cancelJob(jobId: JobId): Promise<void>;
  /** Forgets the Job and all it stored. */
  removeJob(jobId: JobId): Promise<void>;

  // For Workers

  fetchJob(jobId: JobId): Promise<JobSpec>;
  /** A Task, or null when there is nothing for this Worker now. */
  requestTask(request: TaskRequest): Promise<Task | null>;
  /** Resolves true when there may be new work, false when `signal` aborts. May be early, is never late for long. */
  waitForWork(signal: AbortSignal): Promise<boolean>;
  /**
   * Extends the leases, also those that ran out and whose Slices nobody has taken so far. Answers the Tasks that are gone
   * (taken back, or their Job was cancelled or removed): their Slices belong to somebody else and should be dropped.
   */
  renewLeases(taskIds: readonly TaskId[]): Promise<TaskId[]>;
  /**
   * Records results, each Slice's once, for good. Results of an expired lease are welcome as long as the Slice has none.
   * Slices with a result leave the lease; the Task ends when it has no Slice left.
   */
  submitResults(taskId: TaskId, jobId: JobId, results: ResultBatch): Promise<SubmitReceipt>;
  /** Gives Slices back to be handed out again. */
  returnSlices(taskId: TaskId, numbers: Uint32Array, reason: ReturnReason): Promise<void>;
  appendMessages(jobId: JobId, messages: readonly SliceMessage[]): Promise<void>;

  /** Releases everything; waits for writes under way. */
  close(): Promise<void>;
}
