import { slicesText, type LogSink } from '../logging/index.js';
import { StatusBoard, WorkerLog, type WorkerControl } from '../status/index.js';
import { joinObservers } from '../supervisor/index.js';
import { Worker } from '../worker/index.js';
import type { ServiceSettings } from './settings.js';
import { StopSignals } from './stop-signals.js';

/** The exit code after an error that nothing caught, as the existing program has it. */
const UNCAUGHT = 5;
/** How long outputs may take to write their last records, milliseconds. */
const CLOSE_MS = 2_000;

/**
 * A Worker as a program: with its log, its status and what its operator tells it. `run` resolves when it has stopped.
 */
export class WorkerService implements WorkerControl {
  readonly board: StatusBoard;
  readonly #log: WorkerLog;
  readonly #worker: Worker;
  readonly #signals: StopSignals;

  constructor(
    private readonly settings: ServiceSettings,
    private readonly outputs: LogSink,
  ) {
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
        places: this.#worker.places,
      }),
      dropped: () => this.outputs.dropped,
    });
    this.#log = new WorkerLog({
      write: (record) => {
        this.outputs.write(record);
        this.board.write(record);
      },
    });
    this.#worker = new Worker({
      ...worker,
      observer: joinObservers(this.#log, this.board, {
        onIdle: () => {
          if (settings.exitWhenIdle) this.#stop(false);
        },
      }),
    });
    this.#signals = new StopSignals(
      {
        onStop: (signal, now) => {
          const text = now ? 'stopping now' : 'stopping when the running Slices have ended';
          this.#log.say('notice', 'stopping', { now, signal }, text);
          this.#stop(now);
        },
        onExit: (_signal, code) => process.exit(code),
      },
      settings.cleanupTimeoutMs,
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
      await this.#worker.ended;
      this.#sayStopped();
    } finally {
      this.#signals.close();
      process.off('uncaughtException', onUncaught);
      process.off('SIGHUP', onHangUp);
      await this.board.close();
      await this.outputs.close(CLOSE_MS);
    }
  }

  pause(): void {
    if (this.#worker.status()?.state !== 'running') return;
    this.#worker.pause();
    this.#log.say('notice', 'paused', {}, 'paused: what runs may end, the rest went back to the Scheduler');
  }

  resume(): void {
    if (this.#worker.status()?.state !== 'paused') return;
    this.#worker.resume();
    this.#log.say('notice', 'resumed', {}, 'resumed');
  }

  drain(): void {
    this.#log.say(
      'notice',
      'stopping',
      { now: false, signal: null },
      'stopping when all that is held has ended',
    );
    void this.#worker.stop({ finish: 'slice', timeoutMs: 2 ** 31 - 1 });
  }

  reload(): Promise<readonly string[]> {
    this.outputs.reopen?.();
    return Promise.resolve([]);
  }

  stop(now: boolean): void {
    this.#signals.raise(now ? 'SIGQUIT' : 'SIGTERM');
  }

  #stop(now: boolean): void {
    const { stopTimeoutMs } = this.settings;
    void this.#worker.stop(now ? { finish: 'now' } : { finish: 'slice', timeoutMs: stopTimeoutMs });
  }

  /** State is in doubt: what can be saved is saved, and whoever watches over the program starts it anew. */
  #onUncaught(error: unknown): void {
    process.exitCode = UNCAUGHT;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.say(
      'error',
      'uncaught',
      { message: text },
      `an error that nothing caught; stopping now: ${text}`,
    );
    this.stop(true);
  }

  #sayStarted(): void {
    const { scheduler, cores } = this.settings.worker;
    const { workerId } = this.#worker.status()!;
    const { adapters, problems } = this.#worker.gpu;
    const count = cores === 1 ? '1 Sandbox' : `${cores} Sandboxes`;
    const gpus = adapters.length === 0 ? '' : `, GPU ${adapters.join(', ')}`;
    const text = `worker ${workerId}: ${count}, Scheduler ${scheduler}${gpus}`;
    this.#log.say('notice', 'started', { worker: workerId, cores, scheduler, adapters }, text);
    for (const problem of problems) this.#log.say('debug', 'noWebgpu', { problem }, `no WebGPU: ${problem}`);
  }

  #sayStopped(): void {
    this.#log.flush();
    const { done, failed } = this.#worker.status()!.counts;
    const text = `stopped after ${slicesText(done)}${failed > 0 ? `, ${failed} failed` : ''}`;
    this.#log.say('notice', 'stopped', { slices: done, failed }, text);
  }
}
