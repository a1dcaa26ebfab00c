import { isWithin, parseHours, type Hours } from '../../model/index.js';
import type { Finding, Target } from '../monitor.js';
import type { MonitorKind } from '../monitor-kind.js';
import { PolledMonitor } from '../polled.js';

interface ScheduleSettings {
  /** When evaluators may work, as `parseHours` reads it; each is one more part of the week. */
  readonly allow: readonly string[];
}

const MINUTE_MS = 60_000;
/** A clock that was set, or a machine that slept, is seen after so long, milliseconds. */
const SEEN_AFTER_MS = 5_000;

/** Time of day and day of the week, local time. */
class ScheduleMonitor extends PolledMonitor {
  readonly name = 'schedule';
  readonly #hours: readonly Hours[];

  constructor(
    private readonly settings: ScheduleSettings,
    private readonly target: Target,
  ) {
    super(SEEN_AFTER_MS);
    this.#hours = settings.allow.map((text) => parseHours('allow', text));
  }

  protected look(): Finding | null {
    const now = new Date();
    if (this.#hours.some((hours) => isWithin(hours, now))) return null;
    const text = `it is not the time for it: ${this.settings.allow.join('; ')}`;
    return { code: 'SCHEDULE_CLOSED', text, target: this.target };
  }

  protected override pauseMs(): number {
    // Just behind the minute: a timer may be early by a fraction of a millisecond.
    return Math.min(SEEN_AFTER_MS, MINUTE_MS - (Date.now() % MINUTE_MS) + 2);
  }
}

export const SCHEDULE: MonitorKind<ScheduleSettings> = {
  name: 'schedule',
  policy: { afterMs: 0, goneForMs: 0, stop: null },
  complete: (fields) => {
    const allow = fields.texts('allow', []);
    if (allow.length === 0)
      throw fields.error('allow', 'expected when evaluators may work, as "mon-fri 22:00-06:00"');
    for (const text of allow) parseHours(fields.field('allow'), text);
    return { allow };
  },
  make: (settings, { target }) => new ScheduleMonitor(settings, target),
};
