import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding, Target } from '../monitor.js';
import type { MonitorKind } from '../monitor-kind.js';
import { PolledMonitor, UnavailableError } from '../polled.js';

interface BatterySettings {
  /** Whether evaluators may work while the machine runs on its battery. Default false. */
  readonly allowed: boolean;
  /** Least charge of all batteries together, percent, 0 to 100, on mains, too. Default 0. */
  readonly minPercent: number;
  readonly everyMs: number;
}

/** One of /sys/class/power_supply. */
type Supply = ReadonlyMap<string, string>;

const PROPERTIES = [
  'type',
  'scope',
  'present',
  'status',
  'online',
  'capacity',
  'energy_now',
  'energy_full',
  'charge_now',
  'charge_full',
];

/** Batteries and mains (Documentation/ABI/testing/sysfs-class-power). */
class BatteryMonitor extends PolledMonitor {
  readonly name = 'battery';
  readonly #folder: string;

  constructor(
    private readonly settings: BatterySettings,
    root: string,
    private readonly target: Target,
  ) {
    super(settings.everyMs);
    this.#folder = path.join(root, 'sys/class/power_supply');
  }

  protected look(): Finding | null {
    const supplies = namesIn(this.#folder).map((name) => this.#read(name));
    // Those of mice and headsets have the scope `Device`.
    const batteries = supplies.filter(
      (supply) =>
        supply.get('type') === 'Battery' && supply.get('scope') !== 'Device' && supply.get('present') !== '0',
    );
    if (batteries.length === 0) throw new UnavailableError(`no battery in ${this.#folder}`);
    const charge = chargeOf(batteries);
    const { allowed, minPercent } = this.settings;
    const found = (code: string, text: string): Finding => ({ code, text, target: this.target });
    if (charge !== null && charge < minPercent)
      return found('BATTERY_LOW', `the battery has ${charge}%, fewer than ${minPercent}%`);
    if (allowed || !isDischarging(batteries, supplies)) return null;
    return found('BATTERY_DISCHARGING', 'the machine runs on its battery');
  }

  #read(name: string): Supply {
    const properties = new Map<string, string>();
    for (const property of PROPERTIES) {
      try {
        properties.set(property, readFileSync(path.join(this.#folder, name, property), 'utf8').trim());
      } catch {
        // Every driver has some of them; one that is just being unplugged has none.
      }
    }
    return properties;
  }
}

/** Mains that hold the charge count as mains, though a battery may give a little meanwhile. */
function isDischarging(batteries: readonly Supply[], supplies: readonly Supply[]): boolean {
  if (!batteries.some((battery) => battery.get('status') === 'Discharging')) return false;
  return !supplies.some((supply) => supply.get('type') !== 'Battery' && supply.get('online') === '1');
}

/** Of all batteries together, whole percent; null: they do not say. */
function chargeOf(batteries: readonly Supply[]): number | null {
  for (const [now, full] of [
    ['energy_now', 'energy_full'],
    ['charge_now', 'charge_full'],
  ] as const) {
    const sum = (property: string): number =>
      batteries.reduce((total, battery) => total + Number(battery.get(property)), 0);
    const percent = Math.round((100 * sum(now)) / sum(full));
    if (Number.isFinite(percent)) return percent;
  }
  const known = batteries.flatMap((battery) => battery.get('capacity') ?? []).map(Number);
  return known.length === 0 ? null : Math.round(known.reduce((a, b) => a + b, 0) / known.length);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new UnavailableError(`${folder} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

export const BATTERY: MonitorKind<BatterySettings> = {
  name: 'battery',
  // A plug that is pulled and put back ends nothing for long.
  policy: { afterMs: 0, goneForMs: 5_000, stop: null },
  complete: (fields) => ({
    allowed: fields.flag('allowed', false),
    minPercent: fields.number('minPercent', 0, 100, 'percent', 0),
    everyMs: fields.number('everyMs', 100, 60_000, 'milliseconds', 2_000),
  }),
  make: (settings, { root, target }) => new BatteryMonitor(settings, root, target),
};
