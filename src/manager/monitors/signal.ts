import { constants } from 'node:os';
import { knownName } from '../../model/index.js';
import type { Monitor, MonitorOwner, Target } from '../monitor.js';
import type { MonitorKind } from '../monitor-kind.js';

/** Signals that can be taken. The others end a program, or mean something to it. */
export const SIGNALS = Object.freeze([
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGTSTP',
  'SIGPWR',
] as const);
export type WatchedSignal = (typeof SIGNALS)[number];

/** `toggle`: each one stops evaluators, or lets them start again. `quick`: each one ends those that run; others may start at once. */
export const SIGNAL_MODES = Object.freeze(['toggle', 'quick'] as const);
type SignalMode = (typeof SIGNAL_MODES)[number];

export interface SignalSettings {
  readonly signal: WatchedSignal;
  readonly mode: SignalMode;
}

/** A signal to this process. */
class SignalMonitor implements Monitor {
  readonly name = 'signal';
  #owner: MonitorOwner | null = null;
  #isOff = false;

  constructor(
    private readonly settings: SignalSettings,
    private readonly target: Target,
  ) {}

  start(owner: MonitorOwner): void {
    if (this.#owner !== null) throw new Error('the monitor signal was started before');
    this.#owner = owner;
    process.on(this.settings.signal, this.#onSignal);
  }

  stop(): Promise<void> {
    this.#owner = null;
    process.off(this.settings.signal, this.#onSignal);
    return Promise.resolve();
  }

  readonly #onSignal = (): void => {
    const { signal, mode } = this.settings;
    const found = (code: string, text: string): void =>
      this.#owner?.onFinding(this.name, { code, text, target: this.target });
    this.#isOff = mode === 'quick' || !this.#isOff;
    if (mode === 'quick') found('SIGNAL_QUICK', `${signal} came`);
    else if (this.#isOff) found('SIGNAL_TOGGLE', `${signal} came; the next one lets evaluators start`);
    if (mode === 'quick' || !this.#isOff) this.#owner?.onFinding(this.name, null);
  };
}

/** A signal by its name, with or without `SIG`, whatever the case, or its number. Throws InvalidArgumentError. */
export function watchedSignal(field: string, given: string): WatchedSignal {
  const byNumber = SIGNALS.find((signal) => String(constants.signals[signal]) === given);
  if (byNumber !== undefined) return byNumber;
  return knownName(field, /^SIG/i.test(given) ? given : `SIG${given}`, SIGNALS);
}

export const SIGNAL: MonitorKind<SignalSettings> = {
  name: 'signal',
  // Whoever sends it wants the machine now.
  policy: { afterMs: 0, goneForMs: 0, stop: 'kill' },
  complete: (fields) => ({
    signal: watchedSignal(fields.field('signal'), fields.text('signal', 'SIGPWR')),
    mode: fields.choice('mode', SIGNAL_MODES, 'toggle'),
  }),
  make: (settings, { target }) => new SignalMonitor(settings, target),
};
