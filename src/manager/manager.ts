import { decide, isSame } from './decide.js';
import type { Decision } from './decision.js';
import { kindOf } from './kinds.js';
import type { Monitor, MonitorName } from './monitor.js';
import type { CompleteManagerOptions, Rule } from './options.js';
import { ReasonCounts } from './reason-counts.js';
import type { ManagerReport, MonitorReport } from './report.js';
import { RuleState } from './rule-state.js';

export interface ManagerObserver {
  /** What is to happen is another thing now, or for another reason. Called at once, within the event that led to it. */
  onDecision(decision: Decision): void;
  /** A monitor cannot see what it is to look at; one sentence why. */
  onUnavailable(monitor: MonitorName, why: string): void;
}

interface Watch {
  readonly state: RuleState;
  readonly monitor: Monitor;
  unavailable: string | null;
}

/**
 * Says when evaluators may work: monitors watch the machine, rules say what their findings mean. Who owns one does what it
 * decides. Its timers keep no process running.
 */
export class Manager {
  readonly #watches: readonly Watch[];
  readonly #counts = new ReasonCounts();
  readonly #states: readonly RuleState[];
  #decision: Decision;
  #phase: 'new' | 'watching' | 'stopped' = 'new';

  constructor(
    private readonly options: CompleteManagerOptions,
    private readonly observer: ManagerObserver,
  ) {
    this.#watches = options.rules.map((rule) => ({
      state: new RuleState(rule, () => this.#update()),
      monitor: this.#monitorOf(rule),
      unavailable: null,
    }));
    this.#states = this.#watches.map(({ state }) => state);
    this.#decision = decide(this.#states, options.onlyLimits);
  }

  /** What holds now, with the newest figures. */
  get decision(): Decision {
    return this.#decision;
  }

  /** Monitors that read files have told what they see when it returns; those that ask other programs, a little later. */
  start(): void {
    if (this.#phase !== 'new') throw new Error(`the manager is ${this.#phase} already`);
    this.#phase = 'watching';
    for (const watch of this.#watches) {
      watch.monitor.start({
        onFinding: (_name, finding) => {
          if (this.#phase !== 'watching') return;
          watch.unavailable = null;
          const { target } = watch.state.rule;
          // Rules for all leave it to the monitor what it speaks against.
          watch.state.take(finding === null || target === 'all' ? finding : { ...finding, target });
          // Figures in sentences are no decision, but status tells the newest.
          this.#update();
        },
        onUnavailable: (name, why) => {
          if (this.#phase !== 'watching') return;
          watch.unavailable = why;
          watch.state.take(null);
          this.observer.onUnavailable(name, why);
        },
      });
    }
  }

  /** No call of the observer follows. The decision stays as it was. */
  async stop(): Promise<void> {
    this.#phase = 'stopped';
    for (const { state } of this.#watches) state.end();
    await Promise.all(this.#watches.map(({ monitor }) => monitor.stop()));
  }

  explain(): ManagerReport {
    const { cpu, anyGpu, gpus } = this.#decision;
    return {
      cpu,
      anyGpu,
      gpus: Object.fromEntries(gpus),
      busy: this.isBusy,
      monitors: this.#watches.map(reportOf),
      counts: this.#counts.all(),
    };
  }

  /** Whether something counts that stops evaluators, or would but for `onlyLimits`. */
  get isBusy(): boolean {
    return this.#states.some(({ action }) => action === 'freeze' || action === 'kill');
  }

  #update(): void {
    if (this.#phase !== 'watching') return;
    this.#counts.take(this.#states);
    const decision = decide(this.#states, this.options.onlyLimits);
    const before = this.#decision;
    this.#decision = decision;
    if (!isSame(decision, before)) this.observer.onDecision(decision);
  }

  #monitorOf({ monitor, settings, target }: Rule): Monitor {
    const context = { root: this.options.root, ownPid: process.pid, target };
    return kindOf(monitor).make(settings, context);
  }
}

function reportOf({ state, unavailable }: Watch): MonitorReport {
  const { rule, phase, finding, since } = state;
  return {
    monitor: rule.monitor,
    target: rule.target,
    stop: rule.stop,
    phase: unavailable === null ? phase : 'unavailable',
    code: finding?.code ?? null,
    text: unavailable ?? finding?.text ?? null,
    forS: since === null ? null : Math.round((performance.now() - since) / 100) / 10,
  };
}
