import type { ProfileName } from '../config/index.js';
import type { ConfinementReport } from '../evaluator/index.js';
import type { LogRecord } from '../logging/index.js';
import type { SupervisorState, SupervisorStatus } from '../supervisor/index.js';
import type { IdleReason } from './idle-reason.js';

/** `starting`: Scheduler and evaluator are being opened; the rest as the Supervisor has it. */
export type WorkerState = 'starting' | SupervisorState;

/** How much of the machine a Worker uses, by `worker.profiles`. */
export interface WorkerProfile {
  /** Null: none. */
  readonly name: ProfileName | null;
  /** `configuration`: `worker.profile`; `command`: `dcp-worker profile`; `presence`: whether somebody uses the machine, with "auto". */
  readonly chosenBy: 'configuration' | 'command' | 'presence';
}

/**
 * A Worker at one moment, as every display shows it: `dcp-worker status`, the web page, the terminal, metrics. It is what
 * JSON holds. Times are milliseconds since 1970, durations milliseconds, parts 0 to 1.
 */
export interface WorkerStatus {
  readonly time: number;
  readonly startedAt: number;
  readonly pid: number;
  /** Of the program. */
  readonly version: string;
  /** Null until the Worker has started. */
  readonly workerId: string | null;
  readonly state: WorkerState;
  /** The embedded Scheduler's directory, or a URL. */
  readonly scheduler: string;
  /** Names the one that is open, as `Scheduler.identity`: another may have taken its place. Null until the Worker has started. */
  readonly schedulerIdentity: string | null;
  /** Where Sandboxes live: `child`, `in-process`, or where a standing evaluator listens. */
  readonly evaluator: string;
  /** What keeps evaluator processes from the rest of the machine; null: not known yet, or the Worker has none of its own. */
  readonly confinement: ConfinementReport | null;
  /** Names of the GPUs that Jobs get. */
  readonly adapters: readonly string[];
  /** Addresses; null where there is none. */
  readonly identity: string | null;
  readonly paymentAddress: string | null;
  /** What may not run now because the machine is needed, and why. */
  readonly gates: SupervisorStatus['gates'];
  /** The one in force. */
  readonly profile: WorkerProfile;
  readonly places: SupervisorStatus['places'];
  /** Sandboxes that have a Job. */
  readonly sandboxes: readonly (SupervisorStatus['sandboxes'][number] & { readonly jobName: string })[];
  readonly jobs: SupervisorStatus['jobs'];
  /** Since the start. */
  readonly counts: SupervisorStatus['counts'];
  readonly rates: WorkerRates;
  readonly usage: WorkerUsage;
  /** Why places are free; null while none is. */
  readonly idle: IdleReason | null;
  /** Records that outputs had to leave out. */
  readonly droppedRecords: number;
}

/** Over the last ten seconds, or since the start where that is less. */
export interface WorkerRates {
  readonly slicesPerSecond: number;
  readonly failedPerSecond: number;
  /** Mean wall time of a Slice; null: none ended. */
  readonly sliceMs: number | null;
}

/** In the last second. */
export interface WorkerUsage {
  /** The part of each of the machine's cores that was in use, whoever used it. */
  readonly cores: readonly number[];
  /** The part of the adapters' time that Slices used: they say how long they waited for the GPU, when they end. Null: no adapter. */
  readonly gpu: number | null;
  /** Cores that the Supervisor's own process used: 0.005 is half a percent of one. */
  readonly ownCores: number;
  /** Resident memory of that process, bytes. */
  readonly residentBytes: number;
}

/** What each of the last seconds brought, oldest first. All lists have the same length, at most `HISTORY_LENGTH`. */
export interface WorkerHistory {
  /** When the last of them ended. */
  readonly end: number;
  readonly periodMs: number;
  /** In `periodMs`, as measured: of one that ended late, the part that falls to so much of it. So with `failed`. */
  readonly slices: readonly number[];
  readonly failed: readonly number[];
  /** Mean wall time of a Slice; null: none ended. */
  readonly sliceMs: readonly (number | null)[];
  /** Part of all cores in use. */
  readonly cpu: readonly number[];
  /** Part of the adapters' time that Slices used, 0 where there is none. */
  readonly gpu: readonly number[];
  /** Sandboxes at work at its end. */
  readonly busy: readonly number[];
}

/** Five minutes. */
export const HISTORY_LENGTH = 300;
/** Records that are kept for whoever comes to look. */
export const RECENT_RECORDS = 200;

/** What displays read. Answers are made when asked for, cheaply. */
export interface StatusSource {
  status(): WorkerStatus;
  history(): WorkerHistory;
  /** The last records of the log, oldest first: `RECENT_RECORDS`, or fewer where they are long; long texts in them are cut. */
  recentRecords(): readonly LogRecord[];
  /** Hears each record from now on, long texts cut as well. Answers what ends that. */
  onRecord(listener: (record: LogRecord) => void): () => void;
  /** Called about once a second, when a period of the history has ended. Answers what ends that. */
  onPeriod(listener: () => void): () => void;
}

/** What an operator may have a running Worker do. Each is said in the log, and doing it twice is no error. */
export interface WorkerControl {
  /**
   * Asks for nothing more and gives back what no Sandbox has; what runs goes on. Both throw `LifecycleError` while the
   * Worker starts or stops.
   */
  pause(): void;
  resume(): void;
  /** Asks for nothing more, finishes what it holds, then stops. */
  drain(): void;
  /** As SIGTERM does; `now`: as SIGQUIT does. */
  stop(now: boolean): void;
  /**
   * As SIGHUP does: reads the configuration again. Answers what changed and what needs a restart, as lines for people.
   * Rejects with a `DcpError` for a configuration that is wrong.
   */
  reload(): Promise<readonly string[]>;
  /**
   * Uses as much of the machine as a profile of the configuration says, `inUse` or `idle`, or `none`, until it is told otherwise;
   * `auto`: as the machine is used.
   * Answers what changed, as lines for people. Throws `InvalidArgumentError` for another name.
   */
  useProfile(name: string): readonly string[];
}
