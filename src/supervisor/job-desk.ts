import type { SandboxJob } from '../evaluator/index.js';
import {
  DEFAULT_JOB_LIMITS,
  payloadByteLength,
  requiresWebgpu,
  type Determinism,
  type JobId,
  type JobModules,
  type JobSpec,
  type Payload,
} from '../model/index.js';
import type { HeldTask } from './held-task.js';
import type { JobFailures } from './job-failures.js';
import type { JobOutbox } from './job-outbox.js';
import { SliceMeter } from './slice-meter.js';

/** Work handed over at once, milliseconds: long enough to hide the hand-over, short enough to share evenly. */
const CHUNK_MS = 150;
/** Slices longer than this are handed over one by one: waiting for the next costs nothing beside them. */
const LONG_SLICE_MS = 250;

const NO_MODULES: JobModules = { script: new Uint8Array(0), sourceMap: new Uint8Array(0), assets: [] };

/** In place of a Slice's number: no Slice, but the Work Function's loading. */
export const LOADING = 0;

/** All a Supervisor holds of one Job. */
export class JobDesk {
  readonly meter = new SliceMeter();
  /** In the order in which they came; those with nothing left to acknowledge are taken out. */
  readonly tasks = new Set<HeldTask>();
  /** Sandboxes assigned to the Job. */
  sandboxes = 0;
  /** Slices owed by Sandboxes. */
  running = 0;
  /** Slices that ended with a result, and those of them that failed. */
  done = 0;
  failed = 0;
  /** Until then its evaluator would keep a Sandbox waiting (monotonic, ms). */
  heldUpUntil = 0;
  /** When Slices began to wait without any Sandbox for the Job (monotonic, ms); null while they don't. */
  waitingSince: number | null = null;
  /** Slices of which one ended an evaluator process; each is run again while no other of the Job is. */
  readonly suspects = new Set<number>();
  #runsSuspect = false;
  /** Losses in a row by which assignments ended. */
  failedAssignments = 0;
  /** What has ended those: of several Sandboxes that were lost together, only one counts. */
  readonly assignmentLosses = new WeakSet<Error>();
  /** Why no Sandbox can take the Job, as the result of each of its Slices. */
  broken: Payload | null = null;
  /** Names of the GPUs that its process was seen to use; another process has other ones. */
  adapters: ReadonlySet<string> = new Set();
  /** Its Sandboxes get WebGPU. */
  readonly usesGpu: boolean;
  /** Of its code, modules and arguments. */
  readonly bytes: number;

  #job: SandboxJob;

  constructor(
    job: SandboxJob,
    /** Join keys of its Compute Groups. */
    readonly computeGroups: readonly string[],
    readonly outbox: JobOutbox,
    readonly failures: JobFailures,
  ) {
    this.#job = job;
    this.usesGpu = requiresWebgpu(job.requirements.environment?.webgpu);
    const { script, sourceMap, assets } = job.modules ?? NO_MODULES;
    this.bytes = [script, sourceMap, ...assets].reduce(
      (sum, part) => sum + part.byteLength,
      job.workFunction.length + payloadByteLength(job.arguments),
    );
  }

  /** What Sandboxes are told that are assigned from now on. */
  get job(): SandboxJob {
    return this.#job;
  }

  get id(): JobId {
    return this.#job.id;
  }

  /** Whether the Job may fetch anything here from now on. */
  serve(fetch: boolean): void {
    if (fetch !== this.#job.fetch) this.#job = { ...this.#job, fetch };
  }

  /** Slices no Sandbox has seen. */
  get queued(): number {
    let queued = 0;
    for (const held of this.tasks) queued += held.queued;
    return queued;
  }

  /** Nothing is held, and nothing is on its way. */
  get isEmpty(): boolean {
    return this.tasks.size === 0 && this.sandboxes === 0 && this.outbox.isEmpty;
  }

  /**
   * Wall time the Slices here will take one Sandbox, milliseconds. Slices of a Job without any measure count as
   * `unknownMs` each.
   */
  heldMs(unknownMs: number): number {
    return (this.queued + this.running) * (this.meter.meanMs ?? unknownMs);
  }

  /** Sandboxes that can have Slices of it at this moment, however many wait. */
  get usefulSandboxes(): number {
    if (this.heldUpUntil > performance.now()) return 0;
    if (this.suspects.size === 0) return Infinity;
    if (this.#runsSuspect && this.running > 0) return 1;
    const held = this.nextTask();
    return held !== null && held.countBefore(this.suspects) === 0 ? 1 : Infinity;
  }

  /** The first Task with Slices that no Sandbox has seen. */
  nextTask(): HeldTask | null {
    for (const held of this.tasks) if (held.queued > 0) return held;
    return null;
  }

  /** How many hand-overs a Sandbox should hold: the one it runs and, for short Slices, one more. */
  get depth(): number {
    const { meanMs } = this.meter;
    return meanMs === null || meanMs > LONG_SLICE_MS ? 1 : 2;
  }

  /** How many Slices of a Task may be handed over now, all to one Sandbox: 0 while a suspect runs, or waits to run alone. */
  allowance(held: HeldTask): number {
    if (this.running === 0) this.#runsSuspect = false;
    if (this.suspects.size === 0) return this.chunkSize();
    if (this.#runsSuspect) return 0;
    const innocent = held.countBefore(this.suspects);
    if (innocent > 0) return Math.min(innocent, this.chunkSize());
    if (this.running > 0) return 0;
    this.#runsSuspect = true;
    return 1;
  }

  /** These Slices have ended by themselves, one way or another. */
  clear(numbers: Uint32Array): void {
    if (this.suspects.size > 0) for (const number of numbers) this.suspects.delete(number);
  }

  /** Nor were these what ended their evaluators, if some were lost with them. */
  acquit(numbers: Iterable<number>): void {
    const { crashes } = this.failures;
    if (crashes.size > 0) for (const number of numbers) crashes.delete(number);
  }

  /**
   * Slices for the next hand-over: `CHUNK_MS` of work, and no more than one Sandbox's share of what is left.
   * Before the first measure it is one Slice.
   */
  chunkSize(): number {
    const { meanMs } = this.meter;
    if (meanMs === null) return 1;
    const share = Math.ceil(this.queued / Math.max(1, this.sandboxes));
    return Math.max(1, Math.min(share, Math.floor(CHUNK_MS / meanMs)));
  }
}

/** What a Sandbox is told of a Job. */
export function sandboxJob(
  id: JobId,
  spec: JobSpec,
  determinism: Determinism | null,
  fetch: boolean,
): SandboxJob {
  const { public: publicInfo, workFunction, modules, arguments: args, codec, inputSet, limits } = spec;
  const { requirements } = spec;
  return {
    id,
    public: publicInfo,
    workFunction,
    modules,
    arguments: args,
    codec,
    inputSet,
    // A Job that was stored by an older release lacks those that came later.
    limits: { ...DEFAULT_JOB_LIMITS, ...limits },
    requirements,
    determinism,
    fetch,
  };
}
