import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding, Target } from '../monitor.js';
import type { MonitorKind } from '../monitor-kind.js';
import { PolledMonitor, UnavailableError } from '../polled.js';

const RESOURCES = ['cpu', 'memory', 'io'] as const;
type Resource = (typeof RESOURCES)[number];

interface PressureSettings {
  /** Part of the time in which some task waits for it, percent, 1 to 100; null: not looked at. */
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly io: number | null;
  /** Over how much time it is counted, milliseconds, 500 to 10,000. */
  readonly windowMs: number;
}

/** What people know the resources by. */
const WORDS: Readonly<Record<Resource, string>> = { cpu: 'a core', memory: 'memory', io: 'a disk' };

/** When a counter was read, milliseconds, and what it said, microseconds of waiting. */
interface Reading {
  readonly at: number;
  readonly waited: number;
}

/** How much tasks wait for cores, memory and disks: pressure stall information (Documentation/accounting/psi.rst). */
class PressureMonitor extends PolledMonitor {
  readonly name = 'pressure';
  readonly #before = new Map<Resource, Reading>();

  constructor(
    private readonly settings: PressureSettings,
    private readonly root: string,
    private readonly target: Target,
  ) {
    super(settings.windowMs / 2);
  }

  protected look(): Finding | null {
    for (const resource of RESOURCES) {
      const limit = this.settings[resource];
      if (limit === null) continue;
      const percent = this.#percentOf(resource);
      if (percent <= limit) continue;
      return {
        code: `PRESSURE_${resource.toUpperCase()}`,
        text: `tasks wait for ${WORDS[resource]} ${percent}% of the time, more than ${limit}%`,
        target: this.target,
      };
    }
    return null;
  }

  /** Since the last look. */
  #percentOf(resource: Resource): number {
    const now: Reading = { at: performance.now(), waited: this.#waited(resource) };
    const before = this.#before.get(resource);
    this.#before.set(resource, now);
    if (before === undefined) return 0;
    return Math.min(100, Math.round((now.waited - before.waited) / ((now.at - before.at) * 10)));
  }

  #waited(resource: Resource): number {
    const file = path.join(this.root, 'proc/pressure', resource);
    let text: string;
    try {
      text = readFileSync(file, 'latin1');
    } catch (error) {
      throw new UnavailableError(
        `${file} cannot be read (${(error as NodeJS.ErrnoException).code}): the kernel needs CONFIG_PSI, and psi=1 at its start`,
      );
    }
    return Number(/^some .*total=(\d+)$/m.exec(text)?.[1]);
  }
}

export const PRESSURE: MonitorKind<PressureSettings> = {
  name: 'pressure',
  policy: { afterMs: 3_000, goneForMs: 30_000, stop: null },
  complete: (fields) => {
    const percent = (name: string, fallback: number | null): number | null =>
      fields.number(name, 1, 100, 'percent', fallback);
    return {
      // Our own evaluators wait for cores, too, where they are more than there are cores.
      cpu: percent('cpu', null),
      memory: percent('memory', 10),
      io: percent('io', null),
      windowMs: fields.number('windowMs', 500, 10_000, 'milliseconds', 2_000),
    };
  },
  make: (settings, { root, target }) => new PressureMonitor(settings, root, target),
};
