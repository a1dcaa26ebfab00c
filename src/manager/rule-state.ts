import type { Action } from './decision.js';
import type { Finding } from './monitor.js';
import type { Rule } from './options.js';

/**
 * A finding's life. It is noticed, and counts once it has lasted; it fades when it is gone, and is quiet once it has been gone
 * long enough. Times are of `performance.now()`.
 */
type Phase =
  | { readonly kind: 'quiet' }
  | { readonly kind: 'noticed'; readonly since: number; readonly finding: Finding }
  | { readonly kind: 'counts'; readonly since: number; readonly finding: Finding }
  | { readonly kind: 'fades'; readonly since: number; readonly goneAt: number; readonly finding: Finding };

export type PhaseKind = Phase['kind'];

/** What one rule says now: a short spike counts for nothing, a short pause ends nothing. */
export class RuleState {
  #phase: Phase = { kind: 'quiet' };
  /** Until it counts, until it is ended in place of frozen, or until it is quiet. */
  #timer: NodeJS.Timeout | null = null;

  /** `onChange`: `action` or `finding` may be others now. */
  constructor(
    readonly rule: Rule,
    private readonly onChange: () => void,
  ) {}

  get phase(): PhaseKind {
    return this.#phase.kind;
  }

  /** What was found, whether it counts or not. */
  get finding(): Finding | null {
    return this.#phase.kind === 'quiet' ? null : this.#phase.finding;
  }

  /** Since when the finding counts, or was noticed if it does not yet. Null: there is none. */
  get since(): number | null {
    return this.#phase.kind === 'quiet' ? null : this.#phase.since;
  }

  get action(): Action {
    const phase = this.#phase;
    if (phase.kind === 'quiet' || phase.kind === 'noticed') return 'run';
    const { stop, freezeForMs } = this.rule;
    if (stop !== 'freeze') return stop;
    // What fades is not ended any more for having lasted.
    const until = phase.kind === 'fades' ? phase.goneAt : performance.now();
    return until - phase.since >= freezeForMs ? 'kill' : 'freeze';
  }

  /** What the monitor says. */
  take(finding: Finding | null): void {
    const phase = this.#phase;
    if (finding !== null) {
      if (phase.kind === 'quiet') this.#notice(finding);
      else if (phase.kind === 'noticed') this.#phase = { ...phase, finding };
      else this.#count(phase.since, finding);
    } else if (phase.kind === 'noticed') this.#quiet();
    else if (phase.kind === 'counts') this.#fade(phase.since, phase.finding);
  }

  /** No timer is left. */
  end(): void {
    this.#wait(null);
    this.#phase = { kind: 'quiet' };
  }

  #notice(finding: Finding): void {
    const now = performance.now();
    if (this.rule.afterMs === 0) return this.#count(now, finding);
    this.#phase = { kind: 'noticed', since: now, finding };
    this.#wait(this.rule.afterMs, () => {
      const phase = this.#phase;
      if (phase.kind === 'noticed') this.#count(performance.now(), phase.finding);
    });
  }

  #count(since: number, finding: Finding): void {
    this.#phase = { kind: 'counts', since, finding };
    const left = this.rule.freezeForMs - (performance.now() - since);
    this.#wait(this.rule.stop === 'freeze' && left > 0 ? left : null, this.onChange);
    this.onChange();
  }

  #fade(since: number, finding: Finding): void {
    if (this.rule.goneForMs === 0) return this.#quiet();
    this.#phase = { kind: 'fades', since, goneAt: performance.now(), finding };
    this.#wait(this.rule.goneForMs, () => this.#quiet());
  }

  #quiet(): void {
    this.#wait(null);
    this.#phase = { kind: 'quiet' };
    this.onChange();
  }

  #wait(ms: number | null, then: () => void = () => undefined): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    // One more, for a timer may be early by a fraction of a millisecond.
    this.#timer = ms === null ? null : setTimeout(then, Math.ceil(ms) + 1).unref();
  }
}
