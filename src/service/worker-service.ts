import { appendFileSync } from 'node:fs';
import type { ConfigChange } from '../config/index.js';
import { slicesText, type LogSink } from '../logging/index.js';
import { reportText, StatusBoard, WorkerLog, type WorkerControl } from '../status/index.js';
import { joinObservers } from '../supervisor/index.js';
import { Worker } from '../worker/index.js';
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

/** What the places of the configuration say now. */
export interface Reread {
  readonly settings: ServiceSettings;
  readonly changes: readonly ConfigChange[];
  readonly warnings: readonly string[];
}

export interface WorkerServiceOwner {
  /** Throws, naming all that is wrong, when the configuration cannot be used. */
  reread(): Reread;
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
  #telling: NodeJS.Timeout | undefined;
  #reporting: NodeJS.Timeout | undefined;
  #settings: ServiceSettings;

  constructor(
    settings: ServiceSettings,
    private readonly outputs: LogSink,
    private readonly owner: WorkerServiceOwner,
  ) {
    this.#settings = settings;
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
        this.board.write(record);
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
    this.#signals = new StopSignals(
      {
        onStop: (signal, now) => {
          const text = now ? 'stopping now' : 'stopping when the running Slices have ended';
          this.log.say('notice', 'stopping', { now, signal }, text);
          this.#stop(now);
        },
        onExit: (_signal, code) => owner.onExit(code),
      },
      () => this.#settings.cleanupTimeoutMs,
    );
  }

  /** Rejects with what keeps the Worker from starting. */
  async run(): Promise<void> {
    const onUncaught = (error: unknown): void => this.#onUncaught(error);
    const onHangUp = (): void => void this.reload();
    process.on('uncaughtException', onUncaught);
    process.on('SIGHUP', onHangUp);
    try {
      await this.#worker.start();
      this.#sayStarted();
      this.#manager.ready();
      this.#telling = setInterval(() => this.#manager.status(this.#headline()), STATUS_MS).unref();
      this.#scheduleReports();
      await this.#worker.ended;
      this.#sayStopped();
    } finally {
      clearInterval(this.#telling);
      clearInterval(this.#reporting);
      this.#signals.close();
      this.#manager.close();
      process.off('uncaughtException', onUncaught);
      process.off('SIGHUP', onHangUp);
      await this.board.close();
    }
  }

  /** A key of the terminal, which tells nobody else of it. */
  interrupt(): void {
    this.#signals.raise('SIGINT');
  }

  pause(): void {
    if (this.#worker.status()?.state !== 'running') return;
    this.#worker.pause();
    this.log.say('notice', 'paused', {}, 'paused: what runs may end, the rest went back to the Scheduler');
  }

  resume(): void {
    if (this.#worker.status()?.state !== 'paused') return;
    this.#worker.resume();
    this.log.say('notice', 'resumed', {}, 'resumed');
  }

  drain(): void {
    this.log.say(
      'notice',
      'stopping',
      { now: false, signal: null },
      'stopping when all that is held has ended',
    );
    this.#manager.stopping();
    void this.#worker.stop({ finish: 'task' });
  }

  stop(now: boolean): void {
    this.#signals.raise(now ? 'SIGQUIT' : 'SIGTERM');
  }

  /** A configuration that is wrong is said, and the one before stays in force. */
  reload(): Promise<readonly string[]> {
    this.outputs.reopen?.();
    this.#manager.reloading();
    const lines = this.#reread();
    this.#manager.ready();
    return Promise.resolve(lines);
  }

  #reread(): string[] {
    let read: Reread;
    try {
      read = this.owner.reread();
      const { state } = this.#worker.status() ?? { state: null };
      if (state !== null && state !== 'stopped')
        this.#worker.reconfigure(liveChange(read.settings, this.#worker.gpu.adapters.length));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const lines = message.split('\n').map((line) => `not reloaded: ${line}`);
      for (const line of lines) this.log.say('error', 'notReloaded', { message: line }, line);
      return lines;
    }
    const lines = [...read.warnings, ...read.changes.map(changeText)];
    if (read.settings.reportIntervalMs !== this.#settings.reportIntervalMs) {
      this.#settings = read.settings;
      this.#scheduleReports();
    }
    this.#settings = read.settings;
    this.log.say('notice', 'reloaded', { changes: lines }, 'configuration read again');
    for (const line of lines) this.log.say('notice', 'setting', { change: line }, line);
    return lines.length === 0 ? ['nothing has changed'] : lines;
  }

  #stop(now: boolean): void {
    const { stopTimeoutMs, cleanupTimeoutMs } = this.#settings;
    this.#manager.stopping();
    // Who exits before results are in the spool has them run again.
    const left = Math.max(cleanupTimeoutMs - stopTimeoutMs - KEEP_MS, cleanupTimeoutMs / 2);
    const flushTimeoutMs = Math.min(FLUSH_MS, left);
    void this.#worker.stop({ finish: now ? 'now' : 'slice', timeoutMs: stopTimeoutMs, flushTimeoutMs });
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

  #headline(): string {
    const { state, sandboxes, places, rates, idle } = this.board.status();
    const busy = sandboxes.filter(({ slice }) => slice !== null).length;
    const why = idle === null ? '' : `; ${idle.code}: ${idle.text}`;
    return `${state}: ${busy} of ${places.all} Sandboxes, ${rates.slicesPerSecond.toFixed(1)} Slices/s${why}`;
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

function changeText({ key, effect, before, after }: ConfigChange): string {
  return `${key}: ${before} → ${after}${effect === 'live' ? '' : ' (when the Worker is started again)'}`;
}
