import type { LogSink } from '../logging/index.js';
import { StatusBoard, WorkerLog, type WorkerControl } from '../status/index.js';
import {
  joinObservers,
  LifecycleError,
  type StopOptions,
  type SupervisorObserver,
} from '../supervisor/index.js';
import { MachineWatch, Worker } from '../worker/index.js';
import { sayStarted, sayStopped } from './announcements.js';
import { LiveSettings, type SettingsSource } from './live-settings.js';
import { Reports } from './reports.js';
import { headlineText, sandboxPlacesText } from './sentences.js';
import { ServiceManager } from './service-manager.js';
import type { ServiceSettings } from './settings.js';
import { StopSignals } from './stop-signals.js';
import { UncaughtErrors } from './uncaught-errors.js';

/** How often systemd is told what the Worker does, milliseconds. */
const STATUS_MS = 10_000;
/** How long the Scheduler may take to record what is left when the Worker stops, milliseconds. */
const FLUSH_MS = 10_000;
/** Of the clean-up time, what is left then for putting on disk what it has not recorded, milliseconds. */
const KEEP_MS = 2_000;

export interface WorkerServiceOwner extends SettingsSource {
  /** What others may have taken away is to be had again. */
  onReopen(): void;
  /** The process shall exit at once. */
  onExit(code: number): void;
}

/**
 * A Worker as a program: with its log, its status, and what signals, a service manager and its operator tell it. `run`
 * resolves when it has stopped.
 */
export class WorkerService implements WorkerControl {
  readonly board: StatusBoard;
  readonly log: WorkerLog;
  readonly #worker: Worker;
  readonly #signals: StopSignals;
  readonly #manager = new ServiceManager();
  readonly #machineWatch: MachineWatch;
  /** Resolves when the Worker has started, or will not. */
  readonly #started: Promise<void>;
  #onStarted: () => void = () => {};
  #isToldToStop = false;
  #telling: NodeJS.Timeout | undefined;
  /** Whether it has an output besides standard output: those of the start stay, whatever is configured since. */
  readonly #writesElsewhere: boolean;
  readonly #settings: LiveSettings;
  readonly #reports: Reports;
  readonly #uncaught: UncaughtErrors;

  constructor(
    settings: ServiceSettings,
    private readonly outputs: LogSink,
    traces: Partial<SupervisorObserver>,
    private readonly owner: WorkerServiceOwner,
  ) {
    this.#started = new Promise((resolve) => (this.#onStarted = resolve));
    const { version, worker, evaluator, identity, paymentAddress } = settings;
    this.#writesElsewhere = settings.outputs.some(({ kind }) => kind !== 'console' && kind !== 'json');
    this.board = new StatusBoard({
      version,
      scheduler: worker.scheduler,
      evaluator,
      identity,
      paymentAddress,
      look: () => ({
        supervisor: this.#worker.status(),
        adapters: this.#worker.gpu.adapters,
        confinement: this.#worker.confinement,
        schedulerIdentity: this.#worker.schedulerIdentity,
        profile: this.#settings.profile,
      }),
      dropped: () => outputs.dropped,
    });
    this.log = new WorkerLog({
      write: (record) => {
        outputs.write(record);
        // Displays show what the other outputs show.
        if (settings.verbose || record.level !== 'debug') this.board.write(record);
      },
    });
    this.#worker = new Worker({
      ...worker,
      looksForIdleness: settings.exitWhenIdle,
      onEvaluatorLine: (pid, line) =>
        this.log.say('warning', 'evaluatorSaid', { pid, line }, `evaluator process ${pid}: ${line}`),
      observer: joinObservers(this.log, this.board, traces, {
        onIdle: () => {
          if (settings.exitWhenIdle) this.#stop(false);
        },
      }),
    });
    this.#machineWatch = new MachineWatch({
      onDecision: (decision) => void this.#worker.gate(decision),
      onPresence: (isInUse) => this.#settings.onPresence(isInUse),
      onUnavailable: (monitor, why) =>
        this.log.say('warning', 'notWatched', { monitor, why }, `${monitor} is not watched: ${why}`),
    });
    this.#signals = new StopSignals(
      {
        onStop: (signal, now) => {
          const text = now ? 'stopping now' : 'stopping when the running Slices have ended';
          this.log.say('notice', 'stopping', { now, signal }, text);
          this.#stop(now);
        },
        onExit: (signal, code) => this.#exit(signal, code),
      },
      () => this.#settings.inForce.cleanupTimeoutMs,
    );
    this.#settings = new LiveSettings(settings, owner, {
      worker: this.#worker,
      log: this.log,
      places: () => sandboxPlacesText(this.board.status()),
      onChanged: ({ reportIntervalMs }) => {
        const { reportIntervalMs: now, machineWatch } = this.#settings.inForce;
        if (!this.#isToldToStop) this.#machineWatch.watch(machineWatch);
        if (now !== reportIntervalMs) this.#reports.every(now);
      },
    });
    this.#reports = new Reports(this.board, this.log);
    this.#uncaught = new UncaughtErrors(this.log, {
      file: () => this.#settings.inForce.uncaughtLog,
      onUncaught: () => this.stop(true),
    });
  }

  /** Rejects with what keeps the Worker from starting. */
  async run(): Promise<void> {
    // What is wrong has been said in the log.
    const onHangUp = (): void => void this.reload().catch(() => undefined);
    this.#uncaught.listen();
    process.on('SIGHUP', onHangUp);
    try {
      // Its status is to be had before it starts, so it may have been told to stop by now.
      if (this.#isToldToStop) return sayStopped(this.log, this.#worker);
      // Before anything runs that may not.
      this.#machineWatch.watch(this.#settings.inForce.machineWatch);
      await this.#worker.start();
      this.#settings.started();
      sayStarted(this.log, this.#worker, this.#settings.inForce);
      this.#manager.ready();
      this.#onStarted();
      this.#telling = setInterval(
        () => this.#manager.status(headlineText(this.board.status())),
        STATUS_MS,
      ).unref();
      this.#reports.every(this.#settings.inForce.reportIntervalMs);
      await this.#worker.ended;
      sayStopped(this.log, this.#worker);
    } finally {
      this.#onStarted();
      clearInterval(this.#telling);
      this.#reports.every(null);
      this.#manager.close();
      this.#machineWatch.close();
      this.#uncaught.close();
      process.off('SIGHUP', onHangUp);
    }
  }

  /** Last of all: until then one more signal hurries the end. */
  async close(): Promise<void> {
    this.#signals.close();
    await this.board.close();
  }

  /** A key of the terminal, which tells nobody else of it. */
  interrupt(): void {
    this.#signals.raise('SIGINT');
  }

  /** Nobody reads standard output any more. As for a terminal that is gone, unless another output tells of the Worker. */
  unread(): void {
    if (!this.#writesElsewhere) return this.interrupt();
    const message = 'nobody reads it any more';
    const fields = { output: 'standard output', message };
    this.log.say('warning', 'outputTrouble', fields, `standard output: ${message}`);
  }

  pause(): void {
    if (!this.#isAt('running', 'paused')) return;
    this.#worker.pause();
    this.log.say('notice', 'paused', {}, 'paused: what runs may end, the rest went back to the Scheduler');
  }

  resume(): void {
    if (!this.#isAt('paused', 'running')) return;
    this.#worker.resume();
    this.log.say('notice', 'resumed', {}, 'resumed');
  }

  /** Whether the Worker is at the one state rather than the other. Throws `LifecycleError` where it is at neither. */
  #isAt(state: 'running' | 'paused', other: 'running' | 'paused'): boolean {
    const at = this.board.status().state;
    if (at !== state && at !== other) throw new LifecycleError('worker', at, other);
    return at === state;
  }

  drain(): void {
    if (this.#isToldToStop) return;
    this.#isToldToStop = true;
    this.log.say(
      'notice',
      'stopping',
      { now: false, signal: null },
      'stopping when all that is held has ended',
    );
    // Not STOPPING=1: systemd would kill it after TimeoutStopSec=, and what is held may take longer.
    this.#manager.status('finishes what it holds, then stops');
    this.#endWorker({ finish: 'task', timeoutMs: this.#settings.inForce.stopTimeoutMs });
  }

  stop(now: boolean): void {
    this.#signals.raise(now ? 'SIGQUIT' : 'SIGTERM');
  }

  /**
   * Rejects with a `DcpError`, which the log has as well, when the configuration is wrong: the one before stays in force then. While
   * the Worker starts it waits until there is something to change.
   */
  async reload(): Promise<readonly string[]> {
    this.outputs.reopen?.();
    this.owner.onReopen();
    await this.#started;
    this.#manager.reloading();
    try {
      return this.#settings.reread();
    } finally {
      if (!this.#isToldToStop) this.#manager.ready();
    }
  }

  useProfile(name: string): readonly string[] {
    return this.#settings.useProfile(name);
  }

  #stop(now: boolean): void {
    const { stopTimeoutMs, cleanupTimeoutMs } = this.#settings.inForce;
    this.#isToldToStop = true;
    this.#manager.stopping();
    // Who exits before results are in the spool has them run again.
    const left = Math.max(cleanupTimeoutMs - stopTimeoutMs - KEEP_MS, cleanupTimeoutMs / 2);
    const flushTimeoutMs = Math.min(FLUSH_MS, left);
    this.#endWorker({ finish: now ? 'now' : 'slice', timeoutMs: stopTimeoutMs, flushTimeoutMs });
  }

  #endWorker(options: StopOptions): void {
    this.#worker.stop(options).catch((error: unknown) => {
      process.exitCode = 1;
      const message = error instanceof Error ? error.message : String(error);
      this.log.say('error', 'notClosed', { message }, `something did not end well: ${message}`);
    });
  }

  /** Nothing more can be awaited: the log's last words say why. */
  #exit(signal: NodeJS.Signals, code: number): void {
    this.log.flush();
    const text = `ended by ${signal} before all was done; what is held is another Worker's after --lease`;
    this.log.say('error', 'ended', { signal }, text);
    this.owner.onExit(this.#uncaught.exitCode(code));
  }
}
