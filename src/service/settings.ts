import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  capacityOf,
  publicGroupOf,
  type Capacity,
  type ConfigValues,
  type ProfileName,
} from '../config/index.js';
import type { GpuOptions } from '../evaluator/index.js';
import { outputsOf, type OutputSpec } from '../logging/index.js';
import { InvalidArgumentError } from '../model/index.js';
import type { HttpListenerOptions } from '../status/index.js';
import type { SupervisorChange } from '../supervisor/index.js';
import {
  gpuSandboxes,
  usedOf,
  type CheckedWatch,
  type WorkerGpuOptions,
  type WorkerOptions,
} from '../worker/index.js';
import { evaluatorChoice } from './evaluator-choice.js';
import { freezeMsOf, machineWatchOf } from './manager-settings.js';

/** Sandboxes at a time, whatever else is said. */
const MOST_SANDBOXES = 1024;

/** What the configuration does not say. */
export interface ServiceOptions {
  /** Of the program. */
  readonly version: string;
  /** Which adapters Jobs that require WebGPU get; null: such Jobs are not taken. */
  readonly gpu: GpuOptions | null;
  /** Whether it stops when there is nothing to do. */
  readonly exitWhenIdle: boolean;
  /** The profile in force, null: none; undefined: the one that the configuration names; `auto`: as the machine is used. */
  readonly profile?: ProfileName | 'auto' | null;
  /** JSON lines are what standard output gets. */
  readonly json: boolean;
  readonly verbose: boolean;
  /** Whether the dashboard can be shown where the program runs. */
  readonly canDraw: boolean;
  /**
   * What counts where nothing is said: a file for errors that nothing caught (null: none), the embedded Scheduler's
   * directory, the folder for results that it has not recorded, the socket of `dcp-worker status`.
   */
  readonly uncaughtLog: string | null;
  readonly defaultScheduler: string;
  readonly defaultSpool: string;
  readonly defaultStatusSocket: string;
  /** Addresses, as displays show them; null where there is none. */
  readonly identity: string | null;
  readonly paymentAddress: string | null;
}

/** Which profile a Worker uses; null: none; `auto`: as the machine is used. */
export interface ProfileChoice {
  readonly inForce: ProfileName | 'auto' | null;
  /** What the configuration names. */
  readonly configured: ProfileName | 'auto' | null;
  /** Whether `dcp-worker profile` chose the one in force. */
  readonly isCommanded: boolean;
}

/** What a Worker that runs as a program was told, by options and configuration together. */
export interface ServiceSettings {
  readonly version: string;
  readonly worker: Omit<WorkerOptions, 'observer' | 'onEvaluatorLine'> & {
    readonly scheduler: string;
    readonly cores: number;
  };
  /** Where Sandboxes live, as displays show it. */
  readonly evaluator: string;
  /** How long running Slices may take to end when told to stop, milliseconds. */
  readonly stopTimeoutMs: number;
  /** After this time since it was told to stop the program exits, whatever is left to do, milliseconds. */
  readonly cleanupTimeoutMs: number;
  /** How often a report is logged, milliseconds; null: never. */
  readonly reportIntervalMs: number | null;
  readonly exitWhenIdle: boolean;
  readonly profile: ProfileChoice;
  readonly machineWatch: CheckedWatch;
  /** File that errors are appended to that nothing caught; null: none. */
  readonly uncaughtLog: string | null;
  /** Whether displays show records of level `debug`, too. */
  readonly verbose: boolean;
  /** Whether some `minimumWage` is asked for. */
  readonly asksForPay: boolean;
  readonly identity: string | null;
  readonly paymentAddress: string | null;
  /** All but the dashboard. */
  readonly outputs: readonly OutputSpec[];
  readonly showsDashboard: boolean;
  /** Where `dcp-worker status` asks. One that somebody named must be had. */
  readonly statusSocket: { readonly path: string; readonly isNamed: boolean };
  /** Its token is read when it is opened, and only then. */
  readonly http: (Omit<HttpListenerOptions, 'token'> & { readonly tokenFile: string | null }) | null;
}

/** Throws `InvalidArgumentError`, naming the key, for what a schema cannot see. */
export function settingsOf(values: ConfigValues, options: ServiceOptions): ServiceSettings {
  const { worker } = values;
  const sandboxes = sandboxesOf(capacityOf(values, options.profile));
  const outputs = outputsIn(values, options);
  const publicGroup = publicGroupOf(values);
  const { version, exitWhenIdle, identity, paymentAddress, profile = worker.profile } = options;
  return {
    version,
    worker: {
      scheduler: schedulerDirectory(values) ?? options.defaultScheduler,
      cores: sandboxes.all,
      evaluator: evaluatorChoice(worker.evaluator),
      leaseMs: worker.lease * 1000,
      // An empty list says nothing: any.
      jobIds: worker.jobAddresses?.length ? worker.jobAddresses : null,
      computeGroups: joinKeys(values),
      leavePublicGroup: publicGroup === 'never',
      publicGroupFallback: publicGroup === 'fallback',
      spool: worker.spool ?? options.defaultSpool,
      allowedOrigins: worker.allowOrigins.any,
      // Evaluators are started with a GPU, or are not: where another profile uses it they are.
      gpu: usesGpu(values) ? gpuOptionsOf(options.gpu, sandboxes) : null,
      freezeLeaseMs: freezeMsOf(worker.manager),
      confinement: { mode: worker.confinement, memoryMiB: worker.evaluatorMemory },
    },
    evaluator: worker.evaluator,
    stopTimeoutMs: worker.stopTimeout * 1000,
    cleanupTimeoutMs: worker.cleanupTimeout * 1000,
    reportIntervalMs: worker.reportInterval ? worker.reportInterval * 1000 : null,
    exitWhenIdle,
    profile: {
      inForce: profile,
      configured: worker.profile,
      isCommanded: options.profile !== undefined,
    },
    // A profile that somebody chose does not make of who uses the machine a reason to stop.
    machineWatch: machineWatchOf(values, profile === 'auto' || worker.profile === 'auto'),
    verbose: options.verbose,
    uncaughtLog: worker.unhandledRejectionLog ?? options.uncaughtLog,
    asksForPay: Object.values(worker.minimumWage).some((wage) => wage > 0),
    identity,
    paymentAddress,
    outputs: outputs.filter(({ kind }) => kind !== 'dashboard'),
    showsDashboard: outputs.some(({ kind }) => kind === 'dashboard'),
    statusSocket: {
      path: worker.status.socket ?? options.defaultStatusSocket,
      isNamed: worker.status.socket !== null,
    },
    http: httpListener(values),
  };
}

/** What of the settings a Worker takes while it runs. `adapters`: how many it has. */
export function liveChange({ worker }: ServiceSettings, adapters: number): SupervisorChange {
  const { cores, computeGroups, leavePublicGroup, publicGroupFallback, jobIds, allowedOrigins } = worker;
  const { freezeLeaseMs } = worker;
  return {
    sandboxes: cores,
    computeGroups: computeGroups ?? [],
    leavePublicGroup: leavePublicGroup ?? false,
    publicGroupFallback: publicGroupFallback ?? false,
    jobIds: jobIds ?? null,
    allowedOrigins: allowedOrigins ?? [],
    ...(freezeLeaseMs !== undefined && { freezeLeaseMs }),
    ...(adapters === 0 ? {} : { gpuSandboxes: worker.gpu === null ? 0 : gpuSandboxes(worker.gpu, adapters) }),
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
  const used = usedOf(cores.cpu ?? availableParallelism(), utilization.cpu);
  return {
    all: Math.min(maxSandboxes ?? MOST_SANDBOXES, used),
    gpu: utilization.gpu === 0 ? 0 : cores.gpu,
    gpuUtilization: utilization.gpu === 0 ? 1 : utilization.gpu,
  };
}

/** Whether with some profile, or none, Jobs that require WebGPU are taken. */
function usesGpu(values: ConfigValues): boolean {
  return ([null, 'inUse', 'idle'] as const).some((name) => sandboxesOf(capacityOf(values, name)).gpu !== 0);
}

function gpuOptionsOf(
  adapters: GpuOptions | null,
  { gpu, gpuUtilization }: Sandboxes,
): WorkerGpuOptions | null {
  if (adapters === null) return null;
  return { ...adapters, utilization: gpuUtilization, ...(gpu === null ? {} : { sandboxes: gpu }) };
}

/** Null: nothing names one. */
function schedulerDirectory({ scheduler: { location } }: ConfigValues): string | null {
  if (location === null) return null;
  if (location.protocol === 'file:') return fileURLToPath(location);
  throw new InvalidArgumentError(
    'scheduler.location',
    `expected the directory of an embedded Scheduler, got ${location.href}: other kinds are not there yet; --scheduler names one`,
  );
}

function joinKeys({ worker }: ConfigValues): string[] {
  return worker.computeGroups.map((group, i) => {
    // What a Scheduler that knows people asks for behind the key is not asked for by an embedded one.
    if ('joinKey' in group) return group.joinKey;
    throw new InvalidArgumentError(
      `worker.computeGroups[${i}]`,
      `expected { joinKey, … }, got ${String(group)}: an embedded Scheduler asks for no keys`,
    );
  });
}

function outputsIn({ worker }: ConfigValues, { json, verbose, canDraw }: ServiceOptions): OutputSpec[] {
  const { output, logfile, syslog } = worker;
  return outputsOf({
    // What "detect" finds is no use to a program whose standard input is elsewhere.
    outputMode: output.map((mode) => (mode === 'detect' && !canDraw ? 'console' : mode)),
    logfile: logfile.path,
    logfileBytes: logfile.maxBytes,
    logfileKeep: logfile.keep,
    syslogAddress: syslog.address,
    syslogFacility: syslog.facility,
    syslogTransport: syslog.transport,
    syslogPort: syslog.port,
    syslogCa: syslog.ca,
    syslogCert: syslog.cert,
    syslogKey: syslog.key,
    json,
    verbose,
  });
}

function httpListener({ worker: { status } }: ConfigValues): ServiceSettings['http'] {
  const { httpPort: port, httpAddress: address, tokenFile } = status;
  return port === null ? null : { port, address, tokenFile };
}
