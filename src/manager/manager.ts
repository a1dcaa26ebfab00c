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
  #options: CompleteManagerOptions;
  #watches: readonly Watch[];
  readonly #counts = new ReasonCounts();
  #decision: Decision;
  #isChanging = false;
  #phase: 'new' | 'watching' | 'stopped' = 'new';

  constructor(
    options: CompleteManagerOptions,
    private readonly observer: ManagerObserver,
  ) {
    this.#options = options;
    this.#watches = options.rules.map((rule) => this.#watchOf(rule));
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
    for (const watch of this.#watches) this.#start(watch);
  }

  /**
   * Watches by these options from now on. What is watched as before goes on with what was found so far; what is watched with other
   * settings counts until the new ones have been looked at, and `goneForMs` is over where they find nothing. Only for one that was
   * started.
   */
  change(options: CompleteManagerOptions): void {
    if (this.#phase !== 'watching') throw new Error(`the manager is ${this.#phase}`);
    const left = [...this.#watches];
    const take = (isWanted: (watch: Watch) => boolean): Watch | undefined => {
      const at = left.findIndex(isWanted);
      return at === -1 ? undefined : left.splice(at, 1)[0];
    };
    const hasSameRoot = options.root === this.#options.root;
    this.#options = options;
    const same = options.rules.map((rule) =>
      take(({ state }) => hasSameRoot && watchedBy(state.rule) === watchedBy(rule)),
    );
    const others: Watch[] = [];
    // What comes of it is told once, at the end.
    this.#isChanging = true;
    this.#watches = options.rules.map((rule, i) => {
      const before =
        same[i] ??
        take(({ state }) => state.rule.monitor === rule.monitor && state.rule.target === rule.target);
      before?.state.follow(rule);
      if (before !== undefined && before === same[i]) return before;
      const watch = this.#watchOf(rule, before?.state);
      // Whether that is still so, the new monitor says.
      watch.state.take(null);
      void before?.monitor.stop();
      others.push(watch);
      return watch;
    });
    for (const { state, monitor } of left) {
      state.end();
      void monitor.stop();
    }
    for (const watch of others) this.#start(watch);
    this.#isChanging = false;
    this.#update();
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

  get #states(): readonly RuleState[] {
    return this.#watches.map(({ state }) => state);
  }

  #update(): void {
    if (this.#phase !== 'watching' || this.#isChanging) return;
    this.#counts.take(this.#states);
    const decision = decide(this.#states, this.#options.onlyLimits);
    const before = this.#decision;
    this.#decision = decision;
    if (!isSame(decision, before)) this.observer.onDecision(decision);
  }

  #watchOf(rule: Rule, state = new RuleState(rule, () => this.#update())): Watch {
    const { monitor, settings, target } = rule;
    const context = { root: this.#options.root, ownPid: process.pid, target };
    return { state, monitor: kindOf(monitor).make(settings, context), unavailable: null };
  }

  #start(watch: Watch): void {
    const isOver = (): boolean => this.#phase !== 'watching' || !this.#watches.includes(watch);
    watch.monitor.start({
      onFinding: (_name, finding) => {
        if (isOver()) return;
        watch.unavailable = null;
        const { target } = watch.state.rule;
        // Rules for all leave it to the monitor what it speaks against.
        watch.state.take(finding === null || target === 'all' ? finding : { ...finding, target });
        // Figures in sentences are no decision, but status tells the newest.
        this.#update();
      },
      onUnavailable: (name, why) => {
        if (isOver()) return;
        watch.unavailable = why;
        watch.state.take(null);
        this.observer.onUnavailable(name, why);
      },
    });
  }
}

/** What is watched, whatever becomes of findings. */
function watchedBy({ monitor, settings, target }: Rule): string {
  return JSON.stringify([monitor, settings, target]);
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
