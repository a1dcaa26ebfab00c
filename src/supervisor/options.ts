import { availableParallelism, hostname } from 'node:os';
import { SANDBOX_LIMIT_RANGES, type SandboxLimits } from '../evaluator/index.js';
import {
  checkNames,
  InvalidArgumentError,
  parseOriginRules,
  shown,
  type Determinism,
  type JobId,
} from '../model/index.js';
import type { PublicGroupUse } from '../scheduler/index.js';
import { completeFetchLimits, type FetchLimits } from './fetch/index.js';
import type { GpuShareOptions } from './gpu-share.js';
import { completeJobBackoff, type JobBackoffOptions } from './job-backoff.js';
import type { SupervisorObserver } from './observer.js';

export interface SupervisorOptions {
  /** Names the Worker in leases and reports. Default: host, process and a random part. */
  workerId?: string;
  /** Sandboxes that run Slices at the same time, 1 to 1024. Default: the number of usable cores. */
  sandboxes?: number;
  /** Warm Sandboxes kept beside them for the next Job, 0 to 64. Default 1. */
  spareSandboxes?: number;
  /** Join keys of Compute Groups. Default: none. */
  computeGroups?: readonly string[];
  /** Jobs without a Compute Group are not taken. Default false; true needs a Compute Group. */
  leavePublicGroup?: boolean;
  /** Jobs without a Compute Group are taken only when those of the Compute Groups have nothing. Default false. */
  publicGroupFallback?: boolean;
  /** Take only these Jobs; null: any. Default null. */
  jobIds?: readonly JobId[] | null;
  /** What Jobs that require WebGPU get; null: they are not taken. Default null. */
  gpu?: GpuShareOptions | null;
  /** Wall time of work in one Task, for each Sandbox, milliseconds, at least 1. Default 5000. */
  targetMs?: number;
  /** Upper bounds of one Task: Slices (default 100,000; an embedded Scheduler gives 16,384) and bytes of their data (default 256 MiB). */
  maxTaskSlices?: number;
  maxTaskBytes?: number;
  /** Runs of a Slice that came to nothing by no doing of the Job before it fails with `EEVALUATORCRASH`. Default 3. */
  maxAttempts?: number;
  /**
   * Slices that one Sandbox is given before another takes its place, from 1. Default 1000, as in DCP. A Sandbox costs some
   * milliseconds: docs/PERFORMANCE.md says what that is for Slices of microseconds.
   */
  maxSandboxUse?: number;
  /** When a Job that only fails is left alone for some time; null: never. Default: src/supervisor/job-backoff.ts. */
  jobBackoff?: Partial<JobBackoffOptions> | null;
  /**
   * For how long leases of Slices are renewed whose evaluators are frozen (see `Supervisor.gate`), milliseconds, from 0. Then the
   * evaluators are ended and the Slices go back. Default 10 minutes.
   */
  freezeLeaseMs?: number;
  /** Bounds of a Sandbox: docs/LIMITS.md. Default: the evaluator's. */
  sandboxLimits?: Partial<SandboxLimits>;
  /** Shortest time between two submissions for one Job, milliseconds. Default 20. */
  submitIntervalMs?: number;
  /** While more bytes of results than this wait for the Scheduler, no Slices are started. Default 256 MiB. */
  maxUnsubmittedBytes?: number;
  /**
   * Directory for results that the Scheduler has not recorded when the Supervisor stops; they are submitted when one with this
   * directory and this Scheduler starts. Null: they are lost, their Slices run again. Default null.
   */
  spool?: string | null;
  /** Bytes in that directory, at least 1; of results that have no room besides what is there the oldest are dropped. Default 1 GiB. */
  maxSpoolBytes?: number;
  /** For LocalExec: what Work Functions learn of the outside is held still. Default null. */
  determinism?: Determinism | null;
  /**
   * Origins that Work Functions may fetch from where their Job requires it: `https://data.example.com`, `https://*.example.com`,
   * `https://*`, `*`; with `private:` in front also at addresses that are not public. Default: none.
   */
  allowedOrigins?: readonly string[];
  fetchLimits?: Partial<FetchLimits>;
  /**
   * The Scheduler is asked whether there is anything to do also while the Evaluator creates no Sandboxes, so that `onIdle` is told
   * then, too: what it hands out, one Slice, goes back at once. Default false.
   */
  looksForIdleness?: boolean;
  observer?: Partial<SupervisorObserver>;
}

const NAMES: Readonly<Record<keyof SupervisorOptions, true>> = {
  workerId: true,
  sandboxes: true,
  spareSandboxes: true,
  computeGroups: true,
  leavePublicGroup: true,
  publicGroupFallback: true,
  jobIds: true,
  gpu: true,
  targetMs: true,
  maxTaskSlices: true,
  maxTaskBytes: true,
  maxAttempts: true,
  maxSandboxUse: true,
  jobBackoff: true,
  freezeLeaseMs: true,
  sandboxLimits: true,
  submitIntervalMs: true,
  maxUnsubmittedBytes: true,
  spool: true,
  maxSpoolBytes: true,
  determinism: true,
  allowedOrigins: true,
  fetchLimits: true,
  looksForIdleness: true,
  observer: true,
};
export const SUPERVISOR_OPTIONS: readonly string[] = Object.freeze(Object.keys(NAMES));

type Omitted = 'observer' | 'jobBackoff' | 'leavePublicGroup' | 'publicGroupFallback';

export interface CompleteSupervisorOptions extends Required<Omit<SupervisorOptions, Omitted>> {
  publicGroup: PublicGroupUse;
  jobBackoff: JobBackoffOptions | null;
}

/** Fills in defaults. Throws `InvalidArgumentError` for a value out of range, or an option of another name. */
export function completeOptions(options: SupervisorOptions): CompleteSupervisorOptions {
  checkNames('options', options, 'an option of a Supervisor', SUPERVISOR_OPTIONS);
  parseOriginRules('allowedOrigins', strings('allowedOrigins', options.allowedOrigins ?? []));
  return {
    workerId: options.workerId ?? `${hostname()}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`,
    sandboxes: integer('sandboxes', options.sandboxes ?? availableParallelism(), 1, 1024),
    spareSandboxes: integer('spareSandboxes', options.spareSandboxes ?? 1, 0, 64),
    computeGroups: strings('computeGroups', options.computeGroups ?? []),
    publicGroup: publicGroupUse(options),
    jobIds: options.jobIds ? strings('jobIds', options.jobIds) : null,
    gpu: options.gpu
      ? { ...options.gpu, sandboxes: integer('gpu.sandboxes', options.gpu.sandboxes, 0, 1024) }
      : null,
    targetMs: number('targetMs', options.targetMs ?? 5_000, 1),
    maxTaskSlices: integer('maxTaskSlices', options.maxTaskSlices ?? 100_000, 1, 2 ** 32 - 1),
    maxTaskBytes: number('maxTaskBytes', options.maxTaskBytes ?? 256 * 2 ** 20, 1),
    maxAttempts: integer('maxAttempts', options.maxAttempts ?? 3, 1, 65_535),
    maxSandboxUse: integer('maxSandboxUse', options.maxSandboxUse ?? 1000, 1, 2 ** 32 - 1),
    jobBackoff: completeJobBackoff(options.jobBackoff === undefined ? {} : options.jobBackoff),
    freezeLeaseMs: number('freezeLeaseMs', options.freezeLeaseMs ?? 600_000, 0),
    sandboxLimits: sandboxLimits(options.sandboxLimits ?? {}),
    submitIntervalMs: number('submitIntervalMs', options.submitIntervalMs ?? 20, 0),
    maxUnsubmittedBytes: number('maxUnsubmittedBytes', options.maxUnsubmittedBytes ?? 256 * 2 ** 20, 1),
    spool: directory('spool', options.spool ?? null),
    maxSpoolBytes: number('maxSpoolBytes', options.maxSpoolBytes ?? 2 ** 30, 1),
    determinism: options.determinism ?? null,
    allowedOrigins: options.allowedOrigins ?? [],
    fetchLimits: completeFetchLimits(options.fetchLimits ?? {}),
    looksForIdleness: options.looksForIdleness ?? false,
  };
}

/** Evaluators say so when they make a Sandbox, which is too late for who starts a Worker. */
function sandboxLimits(limits: Partial<SandboxLimits>): Partial<SandboxLimits> {
  checkNames('sandboxLimits', limits, 'a limit of a Sandbox', Object.keys(SANDBOX_LIMIT_RANGES));
  for (const [name, value] of Object.entries(limits))
    integer(`sandboxLimits.${name}`, value, ...SANDBOX_LIMIT_RANGES[name as keyof SandboxLimits]);
  return limits;
}

function publicGroupUse({
  computeGroups = [],
  leavePublicGroup = false,
  publicGroupFallback = false,
}: SupervisorOptions): PublicGroupUse {
  for (const [field, value] of Object.entries({ leavePublicGroup, publicGroupFallback })) {
    if (typeof value !== 'boolean')
      throw new InvalidArgumentError(field, `expected true or false, got ${shown(value)}`);
  }
  if (!leavePublicGroup) return publicGroupFallback ? 'fallback' : 'take';
  if (computeGroups.length === 0)
    throw new InvalidArgumentError(
      'leavePublicGroup',
      'expected one of computeGroups at least beside it, got none: no Job could ever be taken',
    );
  if (publicGroupFallback)
    throw new InvalidArgumentError(
      'publicGroupFallback',
      'expected false beside leavePublicGroup, got true: nobody falls back on what he left',
    );
  return 'leave';
}

function strings(field: string, value: readonly string[]): readonly string[] {
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
  throw new InvalidArgumentError(field, `expected an array of strings, got ${shown(value)}`);
}

function number(field: string, value: number, least: number): number {
  if (typeof value === 'number' && value >= least) return value;
  throw new InvalidArgumentError(field, `expected a number of at least ${least}, got ${shown(value)}`);
}

function directory(field: string, value: string | null): string | null {
  if (value === null || (typeof value === 'string' && value !== '' && !value.includes('\0'))) return value;
  throw new InvalidArgumentError(field, `expected a path or null, got ${shown(value)}`);
}

function integer(field: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(
    field,
    `expected a whole number from ${least} to ${most}, got ${shown(value)}`,
  );
}
