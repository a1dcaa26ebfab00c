import type {
  Determinism,
  JobId,
  JobLimits,
  JobPublic,
  JobRequirements,
  JobModules,
  InputSet,
  Payload,
  ResultBatch,
  SliceBatch,
  SliceMessage,
  CodecName,
} from '../model/index.js';
import type { EvaluatorError, RequirementError, WorkFunctionError } from '../model/index.js';

/** What a Sandbox needs to know of the Job it is assigned to. */
export interface SandboxJob {
  readonly id: JobId;
  readonly public: JobPublic;
  readonly workFunction: string;
  /** Shared by all Sandboxes of the Job: read, never written. */
  readonly modules: JobModules | null;
  readonly arguments: Payload;
  readonly codec: CodecName;
  readonly inputSet: InputSet;
  readonly limits: JobLimits;
  readonly requirements: JobRequirements;
  /** Null: as things are. */
  readonly determinism: Determinism | null;
  /** The Job asks for `fetch`, and its owner answers such requests. */
  readonly fetch: boolean;
}

/** Why a Sandbox ended that was not told to. */
export type SandboxEndError = EvaluatorError | RequirementError | WorkFunctionError;

/** A Slice asked to be run again elsewhere (`work.reject`). */
export interface SliceRejection {
  readonly slice: number;
  readonly reason: string;
  /** How many more runs the Work Function grants, 0 or more. */
  readonly retries: number;
}

/** What a Sandbox asks of its owner and cannot do itself. */
export interface SandboxRequest {
  /** Names it in the answer. The Sandbox chose it, and never chooses it again if it is honest. */
  readonly id: number;
  readonly text: string;
  readonly segments: readonly Uint8Array[];
}

/**
 * Hears what one Sandbox does. Calls come from the thread that owns the Evaluator, in order.
 * Everything in them was written by untrusted code.
 */
export interface SandboxObserver {
  /**
   * Who cannot let go of the results at once answers a promise. A Sandbox begins no Slice while more than some MiB of what it
   * said are still held, so that neither many results nor slow receivers fill the memory. The promise must not reject.
   */
  onResults(results: ResultBatch): void | Promise<void>;
  /** As for results. */
  onMessages(messages: SliceMessage[]): void | Promise<void>;
  onRejected(rejection: SliceRejection): void;
  /** `fraction` is 0 to 1, or null when the Work Function did not say. At most ten a second. */
  onProgress(slice: number, fraction: number | null): void;
  /** To be answered by `Sandbox.answer`. */
  onRequest(request: SandboxRequest): void;
  /** Nobody waits for the answer to this request any more: its Slice has ended, or has given it up. */
  onRequestDropped(id: number): void;
  /** All Slices handed over so far have ended (result, error or rejection). */
  onDrained(): void;
  /**
   * The Sandbox is gone; nothing follows. `error` is null after `dispose()`. `unfinished` are the Slices that were
   * handed over and neither delivered nor blamed; they are none of the Job's fault.
   * A Slice whose own doing ended the Sandbox (a limit) has been delivered as an error by `onResults` before.
   */
  onEnded(error: SandboxEndError | null, unfinished: Uint32Array): void;
}

export interface SandboxLimits {
  /** V8 heap of the Sandbox, MiB, at least 16. */
  readonly heapMiB: number;
  /** All other memory of the Sandbox, MiB, at least 1: ArrayBuffers, data of Slices, WebAssembly memories and code. */
  readonly bufferMiB: number;
  /** One encoded result, MiB, 1 to 4095. A larger one fails its Slice with `ERESULTSIZE`. */
  readonly resultMiB: number;
  /** All buffers, textures and query sets on GPUs together, MiB, at least 1. */
  readonly gpuMiB: number;
  /** GPU buffers that are not destroyed, and pipelines, at one time; at least 1. */
  readonly gpuBuffers: number;
  readonly gpuPipelines: number;
}

/** One V8 isolate: assigned to one Job, running one Slice at a time, reused for many. */
export interface Sandbox {
  readonly id: number;
  /**
   * Compiles the Work Function. Rejects with `WorkFunctionError` when it does not compile, with `RequirementError` when the
   * Job requires what the Evaluator does not have (the Sandbox ends).
   * A Sandbox is assigned once in its life.
   */
  assign(job: SandboxJob): Promise<void>;
  /**
   * Queues Slices behind those already there. The bytes are handed over: the caller must not read or write
   * the batch's memory any more, because the Work Function may change it in place.
   */
  run(batch: SliceBatch): void;
  /**
   * Answers a request. The segments are handed over like those of a batch. Nothing happens when the Sandbox has ended or
   * does not wait for it.
   */
  answer(request: number, text: string, segments: readonly Uint8Array[]): void;
  /** Ends the Sandbox, whatever it is doing. Idempotent; `onEnded` tells when it is done. */
  dispose(): void;
}

/** What is to happen to work: it runs, stands still where it is, or is ended and done again another time. */
export type GateAction = 'run' | 'freeze' | 'kill';

/** What an evaluator process works for. */
export interface GatedWork {
  /** Null: for nothing yet; it is kept ready. */
  readonly jobId: JobId | null;
  /** Names of the adapters that it was seen to use; more may come. */
  readonly adapters: ReadonlySet<string>;
}

export interface EvaluatorGate {
  actionOf(work: GatedWork): GateAction;
  /** Adapters that processes do not get which take up a Job from now on, by name. */
  readonly closedAdapters: readonly string[];
}

/**
 * Executes untrusted code. It may be killed at any moment and nothing is lost: what was handed over
 * is either delivered or named in `onEnded`.
 */
export interface Evaluator {
  createSandbox(observer: SandboxObserver, limits?: Partial<SandboxLimits>): Promise<Sandbox>;
  /**
   * From now on processes stand still or are ended as the gate says, until there is another one; it is asked again for each that takes up
   * a Job or an adapter. Resolves when all that shall stand still does. What is frozen counts for no limit of a Slice and for no silence; one that stands still
   * and is to run goes on where it was. Ended Sandboxes are nobody's failure: `onEnded` names no suspects. Left out: by an Evaluator whose Sandboxes cannot
   * be held still.
   */
  gate?(gate: EvaluatorGate): Promise<void>;
  /**
   * How long a Sandbox of the Job would have to wait until it is assigned, milliseconds, because those before it were lost again and
   * again; 0: not at all. Left out: it never has to.
   */
  heldUpMs?(jobId: JobId): number;
  /** Ends every Sandbox and thread. */
  close(): Promise<void>;
}
