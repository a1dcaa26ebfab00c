import type { LogLevel, LogRecord } from '#src/logging/index.js';
import {
  HISTORY_LENGTH,
  IDLE_REASONS,
  RECENT_RECORDS,
  type IdleCode,
  type StatusSource,
  type WorkerControl,
  type WorkerHistory,
  type WorkerState,
  type WorkerStatus,
} from '#src/status/index.js';

type Sandbox = WorkerStatus['sandboxes'][number];

/** 2026-03-04 12:00:00 in this zone. */
export const NOON = new Date(2026, 2, 4, 12).getTime();
const PERIOD_MS = 1_000;
const JOBS = ['Squares', 'Protein folding, batch 12', '分散計算のテスト'] as const;

export interface ScriptedOptions {
  readonly sandboxes?: number;
  readonly gpu?: boolean;
  /** Of the first Job. */
  readonly jobName?: string;
}

/**
 * A Worker that follows a script: each `tick()` is a second in which its Sandboxes run some Slices, more and less as time
 * goes by, and one fails now and then.
 */
export class ScriptedWorker implements StatusSource, WorkerControl {
  state: WorkerState = 'running';
  idle: IdleCode | null = null;
  /** What it was told to do. */
  readonly told: string[] = [];
  reloaded: readonly string[] | Error = [];
  #seconds = 0;
  #done = 0;
  #failed = 0;
  readonly #slices: number[] = [];
  readonly #failures: number[] = [];
  readonly #records: LogRecord[] = [];
  readonly #onRecord = new Set<(record: LogRecord) => void>();
  readonly #onPeriod = new Set<() => void>();

  constructor(private readonly options: ScriptedOptions = {}) {}

  tick(seconds = 1): void {
    for (let i = 0; i < seconds; i++) {
      this.#seconds++;
      const works = this.state === 'running' && this.#sandboxes > 0;
      const slices = works ? Math.round(40 + 30 * Math.sin(this.#seconds / 12)) : 0;
      const failed = works && this.#seconds % 50 === 0 ? 1 : 0;
      this.#done += slices;
      this.#failed += failed;
      this.#slices.push(slices);
      this.#failures.push(failed);
      for (const listener of this.#onPeriod) listener();
    }
  }

  say(text: string, level: LogLevel = 'info'): void {
    const record: LogRecord = { time: this.#now, level, type: 'test', text, fields: {} };
    this.#records.push(record);
    this.#records.splice(0, this.#records.length - RECENT_RECORDS);
    for (const listener of this.#onRecord) listener(record);
  }

  status(): WorkerStatus {
    const slicesPerSecond = this.#slices.at(-1) ?? 0;
    const { gpu = false } = this.options;
    return {
      time: this.#now,
      startedAt: NOON,
      pid: 4711,
      version: '0.1.0',
      workerId: '3f2a9c1e77',
      state: this.state,
      scheduler: '/var/lib/dcp/scheduler',
      schedulerIdentity: null,
      evaluator: 'child',
      confinement: null,
      adapters: gpu ? ['Test GPU 9000'] : [],
      gates: [],
      identity: null,
      paymentAddress: null,
      profile: { name: null, chosenBy: 'configuration' },
      places: { all: 8, gpu: gpu ? 2 : 0 },
      sandboxes: Array.from({ length: this.#sandboxes }, (_, i) => this.#sandbox(i)),
      jobs: JOBS.map((name, i) => ({
        id: `job-${i}`,
        name,
        sliceMs: 24,
        queued: 40 * (i + 1),
        running: 2,
        sandboxes: 1,
        done: this.#done,
        failed: this.#failed,
        failuresInARow: 0,
        setAsideMs: 0,
        unsubmittedBytes: i * 1024 * 512,
      })),
      counts: {
        tasks: 12,
        done: this.#done,
        failed: this.#failed,
        returned: 0,
        lostSandboxes: 0,
        fetched: { requests: 0, failed: 0, bytesIn: 0, bytesOut: 0 },
        metrics: { elapsedMs: 0, cpuMs: 0, webgpuMs: 0, bytesIn: 0, bytesOut: 0 },
      },
      rates: { slicesPerSecond, failedPerSecond: 0, sliceMs: slicesPerSecond === 0 ? null : 24 },
      usage: {
        cores: Array<number>(4).fill(slicesPerSecond / 70),
        gpu: gpu ? 0.25 : null,
        ownCores: 0.02,
        residentBytes: 80 * 1024 * 1024,
      },
      idle: this.idle && {
        code: this.idle,
        text: IDLE_REASONS[this.idle].text,
        remedy: IDLE_REASONS[this.idle].remedy,
        places: 3,
        since: this.#now - 65_000,
      },
      droppedRecords: 0,
    };
  }

  history(): WorkerHistory {
    const slices = this.#slices.slice(-HISTORY_LENGTH);
    return {
      end: this.#now,
      periodMs: PERIOD_MS,
      slices,
      failed: this.#failures.slice(-HISTORY_LENGTH),
      sliceMs: slices.map((count) => (count === 0 ? null : 24)),
      cpu: slices.map((count) => count / 70),
      gpu: slices.map((count) => (this.options.gpu === true ? count / 140 : 0)),
      busy: slices.map(() => this.#sandboxes),
    };
  }

  recentRecords(): readonly LogRecord[] {
    return this.#records;
  }

  onRecord(listener: (record: LogRecord) => void): () => void {
    this.#onRecord.add(listener);
    return () => this.#onRecord.delete(listener);
  }

  onPeriod(listener: () => void): () => void {
    this.#onPeriod.add(listener);
    return () => this.#onPeriod.delete(listener);
  }

  pause(): void {
    this.#tell('pause', 'paused');
  }
  resume(): void {
    this.#tell('resume', 'running');
  }
  drain(): void {
    this.#tell('drain', 'stopping');
  }
  stop(now: boolean): void {
    this.#tell(now ? 'stop now' : 'stop', 'stopping');
  }
  useProfile(name: string): readonly string[] {
    this.told.push(`profile ${name}`);
    return [];
  }
  async reload(): Promise<readonly string[]> {
    this.told.push('reload');
    if (this.reloaded instanceof Error) throw this.reloaded;
    return this.reloaded;
  }

  #tell(what: string, state: WorkerState): void {
    this.told.push(what);
    this.state = state;
    this.say(`worker is ${state}`, 'notice');
  }

  get #now(): number {
    return NOON + this.#seconds * PERIOD_MS;
  }
  get #sandboxes(): number {
    return this.options.sandboxes ?? 4;
  }

  /** The first ones report progress, the next does not, another waits. */
  #sandbox(i: number): Sandbox & { readonly jobName: string } {
    const job = i % JOBS.length;
    const waits = i % 4 === 3;
    return {
      id: i + 1,
      jobId: `job-${job}`,
      jobName: job === 0 ? (this.options.jobName ?? JOBS[0]) : JOBS[job]!,
      state: 'ready',
      usesGpu: this.options.gpu === true && i === 0,
      isFrozen: false,
      slices: this.#seconds * 7 + i,
      slice: waits ? null : 1000 + this.#seconds + i,
      sinceMs: waits ? null : 400 + 1_300 * i,
      progress: waits || i % 4 === 2 ? null : ((this.#seconds + 25 * i) % 101) / 100,
    };
  }
}
