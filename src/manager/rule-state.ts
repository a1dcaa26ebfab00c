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
  #rule: Rule;
  #phase: Phase = { kind: 'quiet' };
  /** Until it counts, until it is ended in place of frozen, or until it is quiet. */
  #timer: NodeJS.Timeout | null = null;

  /** `onChange`: `action` or `finding` may be others now. */
  constructor(
    rule: Rule,
    private readonly onChange: () => void,
  ) {
    this.#rule = rule;
  }

  get rule(): Rule {
    return this.#rule;
  }

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
      if (phase.kind === 'quiet') this.#notice(performance.now(), finding);
      else if (phase.kind === 'noticed') this.#phase = { ...phase, finding };
      else this.#count(phase.since, finding);
    } else if (phase.kind === 'noticed') this.#quiet();
    else if (phase.kind === 'counts') this.#fade(phase.since, performance.now(), phase.finding);
  }

  /** Goes on under another rule, with what was found so far and since then. */
  follow(rule: Rule): void {
    this.#rule = rule;
    const phase = this.#phase;
    if (phase.kind === 'noticed') this.#notice(phase.since, phase.finding);
    else if (phase.kind === 'counts') this.#count(phase.since, phase.finding);
    else if (phase.kind === 'fades') this.#fade(phase.since, phase.goneAt, phase.finding);
  }

  /** No timer is left. */
  end(): void {
    this.#wait(null);
    this.#phase = { kind: 'quiet' };
  }

  #notice(since: number, finding: Finding): void {
    const now = performance.now();
    const left = this.rule.afterMs - (now - since);
    if (left <= 0) return this.#count(now, finding);
    this.#phase = { kind: 'noticed', since, finding };
    this.#wait(left, () => {
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

  #fade(since: number, goneAt: number, finding: Finding): void {
    const left = this.rule.goneForMs - (performance.now() - goneAt);
    if (left <= 0) return this.#quiet();
    this.#phase = { kind: 'fades', since, goneAt, finding };
    this.#wait(left, () => this.#quiet());
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
