import type { Payload } from './payload.js';
import type { WebgpuRequirement } from './webgpu.js';

/** Names one Job for as long as the Scheduler keeps it. */
export type JobId = string;

/** What a Job says of itself to everyone who may run it. */
export interface JobPublic {
  name: string;
  description: string;
  link: string;
}

/**
 * Where a Job's data come from. Slice numbers start at 1 (as in DCP).
 * - `list`: the client uploads one payload per Slice; `count` is null until the upload is sealed.
 * - `range`: Slice n gets the number `start + (n - 1) * step`; nothing is stored, the Sandbox computes it.
 */
export type InputSet =
  | { readonly kind: 'list'; readonly count: number | null }
  | { readonly kind: 'range'; readonly start: number; readonly step: number; readonly count: number };

/** How payloads of a Job are encoded: ours, or those of DCP's own network. */
export type CodecName = 'native' | 'kvin' | 'json';

/** What a Job needs of a Worker. A Worker that lacks something named here never sees the Job. */
export interface JobRequirements {
  environment?: {
    /** `navigator.gpu` is there: on any adapter the Worker's operator offers, or on one that has all of this. */
    webgpu?: boolean | WebgpuRequirement;
    /** `SharedArrayBuffer` is there. Without, no two parts of a program share memory but WebAssembly's. */
    sharedArrayBuffer?: boolean;
    /** `performance.now()` and the like have steps of 5 µs instead of 100. */
    fineClock?: boolean;
    /**
     * `fetch` is there: from any origin the Worker's operator allows, or from these alone, all of which must be allowed
     * (src/model/origins.ts says how they are written).
     */
    fetch?: boolean | readonly string[];
    /** DCP's names for what each Worker here has, and for what none has. */
    fdlibm?: boolean;
    offscreenCanvas?: boolean;
  };
  /** DCP's other names: what is `true` in them no Worker here has, but for `engine.es7` and `useStrict`; all else says nothing. */
  engine?: object;
  browser?: object;
  details?: object;
  machine?: object;
  discrete?: boolean;
  useStrict?: boolean;
}

/**
 * What a Work Function learns of the outside, held still: for tests and ports. LocalExec only.
 * `performance.now()` and timers go on, and so does `crypto`.
 */
export interface Determinism {
  /** Milliseconds since the Unix epoch at which `Date` stands still; null: it goes on. */
  readonly date: number | null;
  /** What `Math.random` starts from in every Slice, with the Slice's number: 0 to 2³² − 1; null: chance. */
  readonly randomSeed: number | null;
}

/** Bounds for one Slice, in milliseconds. A Worker may be stricter, never laxer. */
export interface JobLimits {
  /** Wall time of one Slice before `ESLICETOOSLOW`. */
  readonly sliceTimeoutMs: number;
  /** Time without `progress()` before `ENOPROGRESS`. */
  readonly progressTimeoutMs: number;
  /** CPU time of one Slice before `ECPULIMIT`; measured to 20 ms, in the Slice's favour. */
  readonly cpuTimeoutMs: number;
  /** Time the GPU works for one Slice before `EGPUTIMEOUT`; measured to 10 ms. */
  readonly gpuTimeoutMs: number;
}

/** DCP's own defaults (`sliceTimeoutMs` 24 h, `progressTimeoutMs` 300 s). CPU and GPU time are not limited beyond wall time. */
export const DEFAULT_JOB_LIMITS: JobLimits = Object.freeze({
  sliceTimeoutMs: 24 * 3600 * 1000,
  progressTimeoutMs: 300 * 1000,
  cpuTimeoutMs: 24 * 3600 * 1000,
  gpuTimeoutMs: 24 * 3600 * 1000,
});

/**
 * Modules and files that come with a Job: what its Work Function can `require`. Made by the client's bundler
 * (src/compute/modules), opaque to Scheduler and Supervisor.
 */
export interface JobModules {
  /**
   * JavaScript, UTF-8: the body of a function `(module, require, asset)` that sets `module.exports` to an object with one
   * function for each name that can be required; called, it loads the module and answers its exports. `asset(index)`
   * answers a file's bytes as a Uint8Array.
   */
  readonly script: Uint8Array;
  /** Source map (ECMA-426, JSON) from `script` to the client's files. Names no absolute path. */
  readonly sourceMap: Uint8Array;
  /** Files the script refers to by index. */
  readonly assets: readonly Uint8Array[];
}

/** Upper bounds of `JobModules`, bytes. */
export const MAX_MODULES = Object.freeze({
  script: 16 * 2 ** 20,
  sourceMap: 32 * 2 ** 20,
  /** All of them together. */
  assets: 256 * 2 ** 20,
});

/** All a Worker must know of a Job to run its Slices. */
export interface JobSpec {
  readonly public: JobPublic;
  /** Source text of the Work Function: one function expression. */
  readonly workFunction: string;
  /** Null: the Work Function stands alone. */
  readonly modules: JobModules | null;
  /** The encoded array of arguments that follow the datum. */
  readonly arguments: Payload;
  readonly codec: CodecName;
  readonly inputSet: InputSet;
  readonly requirements: JobRequirements;
  /** Join keys of the Compute Groups whose Workers may take the Job; empty: the public group. */
  readonly computeGroups: readonly string[];
  readonly limits: JobLimits;
}

/**
 * - `uploading`: the input set still grows; Slices already there may run.
 * - `open`: the input set is complete.
 * - `finished`: every Slice has a result.
 * - `cancelled`: the owner gave up; results so far are kept.
 */
export type JobState = 'uploading' | 'open' | 'finished' | 'cancelled';

/** A Job's progress, in Slices. `total` is null while the input set is being uploaded. */
export interface JobStatus {
  readonly id: JobId;
  readonly state: JobState;
  readonly public: JobPublic;
  readonly total: number | null;
  /** Slices uploaded so far (equals `total` once sealed). */
  readonly known: number;
  /** Slices with a result, good or bad. */
  readonly done: number;
  /** Of `done`: Slices that failed by the Work Function's doing. */
  readonly failed: number;
  /** Slices leased to Workers at this moment. */
  readonly leased: number;
  /** `Date.now()` when the Job was created. */
  readonly createdAt: number;
  /** Mean elapsed time of a Slice, null before the first result. */
  readonly sliceMs: number | null;
}
