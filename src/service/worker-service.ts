import { appendFileSync } from 'node:fs';
import type { ConfigChange, ProfileName } from '../config/index.js';
import type { LogSink } from '../logging/index.js';
import { InvalidArgumentError, slicesText } from '../model/index.js';
import { reportText, StatusBoard, WorkerLog, type WorkerControl } from '../status/index.js';
import { joinObservers, LifecycleError, type StopOptions } from '../supervisor/index.js';
import { MachineWatch, Worker } from '../worker/index.js';
import { changeText, headlineText, placesText } from './sentences.js';
import { ServiceManager } from './service-manager.js';
import { liveChange, type ServiceSettings } from './settings.js';
import { StopSignals } from './stop-signals.js';

/** The exit code after an error that nothing caught, as the existing program has it. */
const UNCAUGHT = 5;
/** How often systemd is told what the Worker does, milliseconds. */
const STATUS_MS = 10_000;
/** How long the Scheduler may take to record what is left when the Worker stops, milliseconds. */
const FLUSH_MS = 10_000;
/** Of the clean-up time, what is left then for putting on disk what it has not recorded, milliseconds. */
const KEEP_MS = 2_000;

/** Settings that the Worker may take while it runs. */
interface Offered {
  readonly settings: ServiceSettings;
  /** They are in force: what comes next begins there. */
  readonly accept: () => void;
}

/** What the places of the configuration say now. */
export interface Reread extends Offered {
  readonly changes: readonly ConfigChange[];
  readonly warnings: readonly string[];
}

export interface WorkerServiceOwner {
  /** Throws, naming all that is wrong, when the configuration cannot be used. */
  reread(): Reread;
  /** The same configuration with a profile in force, whatever it says itself; null: none; `auto`: as the machine is used. */
  withProfile(profile: ProfileName | 'auto' | null): Offered;
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
  /** Whether somebody uses the machine, as far as it is watched. */
  #isInUse = false;
  /** Resolves when the Worker has started, or will not. */
  readonly #started: Promise<void>;
  #onStarted: () => void = () => {};
  #isToldToStop = false;
  #telling: NodeJS.Timeout | undefined;
  #reporting: NodeJS.Timeout | undefined;
  #settings: ServiceSettings;

  constructor(
    settings: ServiceSettings,
    private readonly outputs: LogSink,
    private readonly owner: WorkerServiceOwner,
  ) {
    this.#settings = settings;
    this.#started = new Promise((resolve) => (this.#onStarted = resolve));
    const { version, worker, evaluator, identity, paymentAddress } = settings;
    this.board = new StatusBoard({
      version,
      scheduler: worker.scheduler,
      evaluator,
      identity,
      paymentAddress,
      look: () => ({
        supervisor: this.#worker.status(),
        adapters: this.#worker.gpu.adapters,
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
      observer: joinObservers(this.log, this.board, {
        onIdle: () => {
          if (settings.exitWhenIdle) this.#stop(false);
        },
      }),
    });
    this.#machineWatch = new MachineWatch({
      onDecision: (decision) => void this.#worker.gate(decision),
      onPresence: (isInUse) => this.#onPresence(isInUse),
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
      () => this.#settings.cleanupTimeoutMs,
    );
  }

  /** Rejects with what keeps the Worker from starting. */
  async run(): Promise<void> {
    const onUncaught = (error: unknown): void => this.#onUncaught(error);
    // What is wrong has been said in the log.
    const onHangUp = (): void => void this.reload().catch(() => undefined);
    process.on('uncaughtException', onUncaught);
    process.on('SIGHUP', onHangUp);
    try {
      // Its status is to be had before it starts, so it may have been told to stop by now.
      if (this.#isToldToStop) return;
      // Before anything runs that may not.
      this.#machineWatch.watch(this.#settings.machineWatch);
      await this.#worker.start();
      this.#applyPresence();
      this.#sayStarted();
      this.#manager.ready();
      this.#onStarted();
      this.#telling = setInterval(
        () => this.#manager.status(headlineText(this.board.status())),
        STATUS_MS,
      ).unref();
      this.#scheduleReports();
      await this.#worker.ended;
      this.#sayStopped();
    } finally {
      this.#onStarted();
      clearInterval(this.#telling);
      clearInterval(this.#reporting);
      this.#manager.close();
      this.#machineWatch.close();
      process.off('uncaughtException', onUncaught);
      process.off('SIGHUP', onHangUp);
    }
  }

  /** Lets go of the signals, last of all: until then one more of them hurries the end. */
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
    const hasOther = this.#settings.outputs.some(({ kind }) => kind !== 'console' && kind !== 'json');
    if (!hasOther) return this.interrupt();
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
    this.#endWorker({ finish: 'task' });
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
    await this.#started;
    this.#manager.reloading();
    try {
      return this.#reread();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      for (const line of message.split('\n'))
        this.log.say('error', 'notReloaded', { message: line }, `not reloaded: ${line}`);
      throw error;
    } finally {
      if (!this.#isToldToStop) this.#manager.ready();
    }
  }

  useProfile(name: string): readonly string[] {
    if (!isProfile(name))
      throw new InvalidArgumentError('profile', `expected inUse, idle, auto or none, got "${name}"`);
    const before = placesText(this.board.status());
    this.#putIntoEffect(this.owner.withProfile(name === 'none' ? null : name));
    const line = `profile ${name}: ${before} → ${placesText(this.board.status())}`;
    this.log.say('notice', 'profile', { profile: name }, line);
    return [line];
  }

  #onPresence(isInUse: boolean): void {
    this.#isInUse = isInUse;
    if (this.#worker.status() !== null) this.#applyPresence();
  }

  /** Only the profile `auto` minds who uses the machine. */
  #applyPresence(): void {
    if (!this.#settings.isProfileAuto) return;
    const profile = this.#isInUse ? 'inUse' : 'idle';
    if (profile === this.#presenceProfile) return;
    this.#presenceProfile = profile;
    const before = placesText(this.board.status());
    // It stays `auto`: nobody has chosen it.
    this.#change(this.owner.withProfile(profile).settings);
    const places = placesText(this.board.status());
    const what = this.#isInUse ? 'somebody uses' : 'nobody uses';
    this.log.say(
      'notice',
      'profile',
      { profile },
      `${what} the machine, profile ${profile}: ${before} → ${places}`,
    );
  }
  #presenceProfile: ProfileName = 'idle';

  /** Throws, and nothing has changed, for settings that the Worker cannot take while it runs. */
  #change(settings: ServiceSettings): void {
    const { state } = this.#worker.status() ?? { state: null };
    if (state !== null && state !== 'stopped')
      this.#worker.reconfigure(liveChange(settings, this.#worker.gpu.adapters.length));
  }

  #putIntoEffect({ settings, accept }: Offered): void {
    this.#change(settings);
    accept();
    const { reportIntervalMs } = this.#settings;
    this.#settings = settings;
    this.#presenceProfile = 'idle';
    if (!this.#isToldToStop) this.#machineWatch.watch(settings.machineWatch);
    this.#applyPresence();
    if (settings.reportIntervalMs !== reportIntervalMs) this.#scheduleReports();
  }

  #reread(): string[] {
    const read = this.owner.reread();
    this.#putIntoEffect(read);
    const lines = [...read.warnings, ...read.changes.map(changeText)];
    this.log.say('notice', 'reloaded', { changes: lines }, 'configuration read again');
    for (const line of lines) this.log.say('notice', 'setting', { change: line }, line);
    return lines.length === 0 ? ['nothing has changed'] : lines;
  }

  #stop(now: boolean): void {
    const { stopTimeoutMs, cleanupTimeoutMs } = this.#settings;
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
    this.owner.onExit(process.exitCode === UNCAUGHT ? UNCAUGHT : code);
  }

  /** State is in doubt: what can be saved is saved, and whoever watches over the program starts it anew. */
  #onUncaught(error: unknown): void {
    process.exitCode = UNCAUGHT;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.log.say(
      'error',
      'uncaught',
      { message: text },
      `an error that nothing caught; stopping now: ${text}`,
    );
    this.#keepUncaught(text);
    this.stop(true);
  }

  /** In a file of its own, too, where one is named: it outlives the log. */
  #keepUncaught(text: string): void {
    const { uncaughtLog } = this.#settings;
    if (uncaughtLog === null) return;
    try {
      appendFileSync(uncaughtLog, `${new Date().toISOString()}: ${text}\n\n`);
    } catch (error) {
      const { message } = error as Error;
      this.log.say('error', 'uncaughtLog', { file: uncaughtLog, message }, `${uncaughtLog}: ${message}`);
    }
  }

  #scheduleReports(): void {
    const { reportIntervalMs } = this.#settings;
    clearInterval(this.#reporting);
    if (reportIntervalMs !== null)
      this.#reporting = setInterval(() => this.#report(), reportIntervalMs).unref();
  }

  #report(): void {
    const lines = reportText(this.board.status(), this.board.history()).trimEnd().split('\n');
    for (const line of lines) this.log.say('info', 'report', { line }, line);
  }

  #sayStarted(): void {
    const { scheduler, cores } = this.#settings.worker;
    const { workerId } = this.#worker.status()!;
    const { adapters, problems } = this.#worker.gpu;
    const count = cores === 1 ? '1 Sandbox' : `${cores} Sandboxes`;
    const gpus = adapters.length === 0 ? '' : `, GPU ${adapters.join(', ')}`;
    const text = `worker ${workerId}: ${count}, Scheduler ${scheduler}${gpus}`;
    this.log.say('notice', 'started', { worker: workerId, cores, scheduler, adapters }, text);
    if (this.#settings.asksForPay) {
      const why =
        'minimumWage: an embedded Scheduler pays nobody; its Jobs are taken as if no wage were asked for';
      this.log.say('warning', 'noWage', {}, why);
    }
    for (const problem of problems) this.log.say('debug', 'noWebgpu', { problem }, `no WebGPU: ${problem}`);
  }

  #sayStopped(): void {
    this.log.flush();
    const { done, failed } = this.#worker.status()!.counts;
    const text = `stopped after ${slicesText(done)}${failed > 0 ? `, ${failed} failed` : ''}`;
    this.log.say('notice', 'stopped', { slices: done, failed }, text);
  }
}

function isProfile(name: string): name is ProfileName | 'auto' | 'none' {
  return name === 'inUse' || name === 'idle' || name === 'auto' || name === 'none';
}
