import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { capacityOf, publicGroupOf, type Capacity, type ConfigValues } from '../config/index.js';
import type { GpuOptions } from '../evaluator/index.js';
import { usedOf, type EvaluatorKind, type WorkerOptions } from '../worker/index.js';

/** Sandboxes at a time, whatever else is said. */
const MOST_SANDBOXES = 1024;

/** What the command line alone says of a Worker. */
export interface ServiceOptions {
  /** Of the program. */
  readonly version: string;
  /** Which adapters Jobs that require WebGPU get; null: such Jobs are not taken. */
  readonly gpu: GpuOptions | null;
  /** Whether it stops when there is nothing to do. */
  readonly exitWhenIdle: boolean;
  /** The embedded Scheduler's directory where nothing names one. */
  readonly defaultScheduler: string;
  /** Where results are kept where nothing names a folder. */
  readonly defaultSpool: string;
  /** Addresses, as displays show them; null where there is none. */
  readonly identity: string | null;
  readonly paymentAddress: string | null;
}

/** What a Worker that runs as a program was told, by options and configuration together. */
export interface ServiceSettings {
  readonly version: string;
  readonly worker: Omit<WorkerOptions, 'observer'> & { readonly scheduler: string; readonly cores: number };
  /** Where Sandboxes live, as displays show it. */
  readonly evaluator: string;
  /** How long running Slices may take to end when told to stop, milliseconds. */
  readonly stopTimeoutMs: number;
  /** After this time since it was told to stop the program exits, whatever is left to do, milliseconds. */
  readonly cleanupTimeoutMs: number;
  /** How often a report is logged, milliseconds; null: never. */
  readonly reportIntervalMs: number | null;
  readonly exitWhenIdle: boolean;
  readonly identity: string | null;
  readonly paymentAddress: string | null;
}

export function settingsOf(values: ConfigValues, options: ServiceOptions): ServiceSettings {
  const { worker, scheduler } = values;
  const sandboxes = sandboxesOf(capacityOf(values));
  const { version, exitWhenIdle, identity, paymentAddress } = options;
  return {
    version,
    worker: {
      scheduler: directoryOf(scheduler.location) ?? options.defaultScheduler,
      cores: sandboxes.all,
      evaluator: worker.evaluator as EvaluatorKind,
      leaseMs: worker.lease * 1000,
      jobIds: worker.jobAddresses,
      computeGroups: worker.computeGroups.map(({ joinKey }) => joinKey),
      publicGroup: publicGroupOf(values),
      allowedOrigins: worker.allowOrigins.any,
      gpu: gpuOptionsOf(options.gpu, sandboxes),
    },
    evaluator: worker.evaluator,
    stopTimeoutMs: worker.stopTimeout * 1000,
    cleanupTimeoutMs: worker.cleanupTimeout * 1000,
    reportIntervalMs: worker.reportInterval ? worker.reportInterval * 1000 : null,
    exitWhenIdle,
    identity,
    paymentAddress,
  };
}

interface Sandboxes {
  /** Slices at a time. */
  readonly all: number;
  /** Of these, Slices of Jobs that require WebGPU: 0, none; null, as many as the Worker finds right for its adapters. */
  readonly gpu: number | null;
  /** What part of that many, above 0 up to 1. */
  readonly gpuUtilization: number;
}

function sandboxesOf({ cores, utilization, maxSandboxes }: Capacity): Sandboxes {
  return {
    all: Math.min(maxSandboxes ?? MOST_SANDBOXES, usedOf(cores.cpu ?? availableParallelism(), utilization.cpu)),
    gpu: utilization.gpu === 0 || cores.gpu === 0 ? 0 : cores.gpu,
    gpuUtilization: utilization.gpu === 0 ? 1 : utilization.gpu,
  };
}

function gpuOptionsOf(adapters: GpuOptions | null, { gpu, gpuUtilization }: Sandboxes): WorkerOptions['gpu'] {
  if (adapters === null || gpu === 0) return null;
  return { ...adapters, utilization: gpuUtilization, ...(gpu === null ? {} : { sandboxes: gpu }) };
}

/** Of an embedded Scheduler; other kinds have addresses. */
function directoryOf(location: URL | null): string | null {
  return location?.protocol === 'file:' ? fileURLToPath(location) : null;
}
