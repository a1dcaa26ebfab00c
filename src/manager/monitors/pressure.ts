import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PressureTrigger } from '../../system/index.js';
import type { Finding, MonitorOwner, Target } from '../monitor.js';
import type { MonitorKind } from '../monitor-kind.js';
import { PolledMonitor, UnavailableError } from '../polled.js';

const RESOURCES = ['cpu', 'memory', 'io'] as const;
type Resource = (typeof RESOURCES)[number];

interface PressureSettings {
  /** Part of the time in which some task waits for it, percent, 1 to 100; null: not looked at. */
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly io: number | null;
  /** Over how much time it is counted, milliseconds, 500 to 10,000. Root alone is told by the kernel of one that is no multiple of 2 s. */
  readonly windowMs: number;
}

/** What people know the resources by. */
const WORDS: Readonly<Record<Resource, string>> = { cpu: 'a core', memory: 'memory', io: 'a disk' };

/** When a counter was read, milliseconds, and what it said, microseconds of waiting. */
interface Reading {
  readonly at: number;
  readonly waited: number;
}

/**
 * How much tasks wait for cores, memory and disks: pressure stall information (Documentation/accounting/psi.rst). The kernel tells
 * when there is too much of it, where it lets this user ask for that; elsewhere, and until it is gone, its counters are read.
 */
class PressureMonitor extends PolledMonitor {
  readonly name = 'pressure';
  readonly #before = new Map<Resource, Reading>();
  readonly #told = new Set<Resource>();
  readonly #wanted: readonly Resource[];
  /** Null: not asked for yet, or not to be had. */
  #triggers: readonly PressureTrigger[] | null = null;
  #isFound = false;

  constructor(
    private readonly settings: PressureSettings,
    private readonly root: string,
    private readonly target: Target,
  ) {
    super(settings.windowMs / 2);
    this.#wanted = RESOURCES.filter((resource) => settings[resource] !== null);
  }

  override start(owner: MonitorOwner): void {
    this.#triggers = this.#askKernel();
    super.start(owner);
  }

  override async stop(): Promise<void> {
    for (const trigger of this.#triggers ?? []) trigger.close();
    await super.stop();
  }

  protected look(): Finding | null {
    const findings = this.#wanted.flatMap((resource) => this.#findingOf(resource) ?? []);
    this.#told.clear();
    this.#isFound = findings.length > 0;
    return findings[0] ?? null;
  }

  protected override pauseMs(): number | null {
    if (this.#triggers === null) return super.pauseMs();
    return this.#isFound ? this.settings.windowMs : null;
  }

  #findingOf(resource: Resource): Finding | null {
    const limit = this.settings[resource]!;
    const percent = this.#percentOf(resource);
    const isTold = this.#told.has(resource);
    if (percent <= limit && !isTold) return null;
    // What the kernel has counted in its window is more than what there was on the average since the last look.
    const much =
      percent > limit ? `${percent}% of the time, more than ${limit}%` : `more than ${limit}% of the time`;
    return {
      code: `PRESSURE_${resource.toUpperCase()}`,
      text: `tasks wait for ${WORDS[resource]} ${much}`,
      target: this.target,
    };
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
    const file = this.#fileOf(resource);
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

  #fileOf(resource: Resource): string {
    return path.join(this.root, 'proc/pressure', resource);
  }

  /** Null when not all can be had. */
  #askKernel(): PressureTrigger[] | null {
    const { windowMs } = this.settings;
    const triggers: PressureTrigger[] = [];
    try {
      for (const resource of this.#wanted) {
        const onPressure = (): void => {
          this.#told.add(resource);
          this.lookNow();
        };
        const stallMs = (windowMs * this.settings[resource]!) / 100;
        triggers.push(new PressureTrigger(this.#fileOf(resource), stallMs, windowMs, onPressure));
      }
      return triggers;
    } catch {
      // No such kernel, not for this user, or no addon: counters can be read nevertheless, or `look` says why not.
      for (const trigger of triggers) trigger.close();
      return null;
    }
  }
}

export const PRESSURE: MonitorKind<PressureSettings> = {
  name: 'pressure',
  policy: { afterMs: 3_000, goneForMs: 30_000, stop: null },
  complete: (fields) => {
    const percent = (name: string, fallback: number | null): number | null =>
      fields.numberOrNull(name, 1, 100, 'percent', fallback);
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
