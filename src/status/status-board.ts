import type { LogRecord, LogSink } from '../logging/index.js';
import { NO_METRICS } from '../model/index.js';
import type { DeliveredResults, SupervisorObserver, SupervisorStatus } from '../supervisor/index.js';
import { busySandboxes } from './busy-sandboxes.js';
import { GpuUse } from './gpu-use.js';
import { IdleWatch } from './idle-watch.js';
import { MachineUse } from './machine-use.js';
import { PeriodHistory } from './period-history.js';
import { RecentRecords } from './recent-records.js';
import { StartTime } from './start-time.js';
import {
  type StatusSource,
  type WorkerHistory,
  type WorkerStatus,
  type WorkerUsage,
} from './worker-status.js';

const PERIOD_MS = 1_000;

/** What a Worker is asked for each time. */
export interface WorkerLook {
  /** Null before it has started. */
  readonly supervisor: SupervisorStatus | null;
  readonly adapters: readonly string[];
  readonly confinement: WorkerStatus['confinement'];
  readonly schedulerIdentity: WorkerStatus['schedulerIdentity'];
  readonly profile: WorkerStatus['profile'];
}

/** What does not change while a Worker runs. */
export type WorkerFacts = Pick<
  WorkerStatus,
  'version' | 'scheduler' | 'evaluator' | 'identity' | 'paymentAddress'
>;

export interface StatusBoardOptions extends WorkerFacts {
  readonly look: () => WorkerLook;
  /** Records that outputs had to leave out. */
  readonly dropped: () => number;
}

const NOTHING_YET: SupervisorStatus['counts'] = Object.freeze({
  tasks: 0,
  done: 0,
  failed: 0,
  returned: 0,
  lostSandboxes: 0,
  fetched: { requests: 0, failed: 0, bytesIn: 0, bytesOut: 0 },
  metrics: NO_METRICS,
});

/**
 * Knows what a Worker does and did in the last minutes: it observes its Supervisor, is one of the log's outputs, and looks
 * at the machine once a second.
 */
export class StatusBoard implements Partial<SupervisorObserver>, StatusSource, LogSink {
  readonly dropped = 0;
  readonly #start = new StartTime();
  readonly #history = new PeriodHistory(PERIOD_MS);
  readonly #machine = new MachineUse();
  readonly #gpu = new GpuUse();
  readonly #idle = new IdleWatch();
  readonly #records = new RecentRecords();
  readonly #recordListeners = new Set<(record: LogRecord) => void>();
  readonly #periodListeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #usage: WorkerUsage;
  #period = { slices: 0, failed: 0, elapsedMs: 0 };
  #periodBegan = performance.now();

  constructor(private readonly options: StatusBoardOptions) {
    this.#usage = { ...this.#machine.look(), gpu: null };
    this.#timer = setInterval(() => this.#endPeriod(), PERIOD_MS).unref();
  }

  status(): WorkerStatus {
    const { look, dropped, ...facts } = this.options;
    const { supervisor, adapters, confinement, schedulerIdentity, profile } = look();
    const places = placesOf(supervisor);
    const names = new Map(supervisor?.jobs.map(({ id, name }) => [id, name]));
    return {
      ...facts,
      time: Date.now(),
      startedAt: this.#start.look(),
      pid: process.pid,
      workerId: supervisor?.workerId ?? null,
      state: supervisor?.state ?? 'starting',
      schedulerIdentity,
      confinement,
      adapters,
      gates: supervisor?.gates ?? [],
      profile,
      places,
      sandboxes: (supervisor?.sandboxes ?? []).map((sandbox) => ({
        ...sandbox,
        jobName: names.get(sandbox.jobId) ?? '',
      })),
      jobs: supervisor?.jobs ?? [],
      counts: supervisor?.counts ?? NOTHING_YET,
      rates: this.#history.rates(),
      usage: this.#usage,
      idle: this.#idle.look(supervisor, places.all, busySandboxes(supervisor?.sandboxes ?? [])),
      droppedRecords: dropped(),
    };
  }

  history(): WorkerHistory {
    return this.#history.columns();
  }

  recentRecords(): readonly LogRecord[] {
    return this.#records.list();
  }

  onRecord(listener: (record: LogRecord) => void): () => void {
    this.#recordListeners.add(listener);
    return () => this.#recordListeners.delete(listener);
  }

  onPeriod(listener: () => void): () => void {
    this.#periodListeners.add(listener);
    return () => this.#periodListeners.delete(listener);
  }

  write(record: LogRecord): void {
    const kept = this.#records.add(record);
    for (const listener of this.#recordListeners) listener(kept);
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }

  onResults: SupervisorObserver['onResults'] = ({ slices, failed, metrics }: DeliveredResults) => {
    this.#period.slices += slices;
    this.#period.failed += failed;
    this.#period.elapsedMs += metrics.elapsedMs;
    this.#gpu.add(metrics);
  };

  onTrouble: SupervisorObserver['onTrouble'] = (subject, error, retryMs) => {
    this.#idle.trouble(subject, error, retryMs);
  };
  onTask = (): void => this.#idle.fine('scheduler');
  onSubmitted = (): void => this.#idle.fine('scheduler');
  onIdle = (): void => this.#idle.fine('scheduler');
  onHandOver = (): void => this.#idle.fine('evaluator');

  #endPeriod(): void {
    const { supervisor, adapters } = this.options.look();
    const { slices, failed, elapsedMs } = this.#period;
    const now = performance.now();
    const ms = Math.max(1, now - this.#periodBegan);
    this.#periodBegan = now;
    this.#period = { slices: 0, failed: 0, elapsedMs: 0 };
    const gpu = this.#gpu.endPeriod(ms, adapters.length);
    this.#usage = { ...this.#machine.look(), gpu };
    const { cores } = this.#usage;
    const busy = busySandboxes(supervisor?.sandboxes ?? []);
    this.#history.add({
      ms,
      slices,
      failed,
      elapsedMs,
      cpu: cores.reduce((sum, core) => sum + core, 0) / Math.max(1, cores.length),
      gpu: gpu ?? 0,
      busy,
    });
    // Since when the Worker has been idle is known to the second, whoever asks.
    this.#idle.look(supervisor, placesOf(supervisor).all, busy);
    for (const listener of this.#periodListeners) listener();
  }
}

function placesOf(supervisor: SupervisorStatus | null): SupervisorStatus['places'] {
  return supervisor?.places ?? { all: 0, gpu: 0 };
}
