import { constants } from 'node:os';

/** What tells a Worker to stop. */
const STOPPING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGQUIT'];

export interface StopSignalsOwner {
  /** `now`: what runs is ended, too. Called once for each signal but the last. */
  onStop(signal: NodeJS.Signals, now: boolean): void;
  /** The third one, or the time is up: the process shall exit with `code`, 128 and the signal's number. */
  onExit(signal: NodeJS.Signals, code: number): void;
}

/**
 * Counts the signals that tell the Worker to stop, however they come: the first one may finish what runs, the second and
 * SIGQUIT end it at once, the third exits. So does the first one by itself when `timeoutMs()`, milliseconds, are up.
 */
export class StopSignals {
  #count = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #onSignal = (signal: NodeJS.Signals): void => this.raise(signal);

  constructor(
    private readonly owner: StopSignalsOwner,
    private readonly timeoutMs: () => number,
  ) {
    for (const signal of STOPPING) process.on(signal, this.#onSignal);
  }

  /** As if the signal had come: keys of a terminal that is in raw mode. */
  raise(signal: NodeJS.Signals): void {
    const code = 128 + constants.signals[signal];
    if (++this.#count > 2) return this.owner.onExit(signal, code);
    if (this.#isOver) return;
    this.#timer ??= setTimeout(() => this.owner.onExit(signal, code), this.timeoutMs()).unref();
    this.owner.onStop(signal, this.#count > 1 || signal === 'SIGQUIT');
  }

  /** All is done, and the process about to exit by itself: it is not ended by a second signal that comes just then. */
  close(): void {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
  #isOver = false;
}
