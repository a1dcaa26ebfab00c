import type { MonitorName } from './monitor.js';
import type { ReasonCount } from './report.js';
import type { RuleState } from './rule-state.js';

interface Count {
  readonly monitor: MonitorName;
  readonly code: string;
  times: number;
  ms: number;
  /** Null: it does not count now. */
  since: number | null;
}

/** Counts reasons, for status and metrics. A reason that two rules give at a time is one. */
export class ReasonCounts {
  readonly #counts = new Map<string, Count>();

  take(states: readonly RuleState[]): void {
    const now = performance.now();
    const counting = new Set<string>();
    for (const { rule, finding, phase } of states) {
      if (finding === null || phase === 'noticed') continue;
      const { monitor } = rule;
      const key = `${monitor} ${finding.code}`;
      counting.add(key);
      let count = this.#counts.get(key);
      if (count === undefined)
        this.#counts.set(key, (count = { monitor, code: finding.code, times: 0, ms: 0, since: null }));
      if (count.since === null) count.times++;
      count.since ??= now;
    }
    for (const [key, count] of this.#counts) {
      if (counting.has(key) || count.since === null) continue;
      count.ms += now - count.since;
      count.since = null;
    }
  }

  all(): ReasonCount[] {
    const now = performance.now();
    return [...this.#counts.values()].map(({ monitor, code, times, ms, since }) => ({
      monitor,
      code,
      times,
      seconds: Math.round((ms + (since === null ? 0 : now - since)) / 100) / 10,
    }));
  }
}
