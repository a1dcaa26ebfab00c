import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding, Target } from '../monitor.js';
import type { MonitorKind } from '../monitor-kind.js';
import { PolledMonitor, UnavailableError } from '../polled.js';

interface TemperatureSettings {
  /** Degrees Celsius, 20 to 120. Above it: `TEMPERATURE_HIGH`. Default 85. */
  readonly max: number;
  /** How much cooler it must be again, kelvin, 0 to 50. Default 5. */
  readonly coolBy: number;
  /** Only sensors whose name has one of these in it, whatever the case. Empty, the default: those of chips that compute. */
  readonly sensors: readonly string[];
  readonly everyMs: number;
}

/** A sensor: what people know it by, and the file with thousandths of a degree. */
interface Sensor {
  readonly name: string;
  readonly file: string;
}

/** Drivers of processors, graphics cards and systems on a chip. Those of disks and network cards are not ours to cool. */
const COMPUTING =
  /coretemp|k\d+temp|zenpower|x86_pkg_temp|cpu|gpu|soc|amdgpu|radeon|nouveau|nvidia|i915|xe\b|acpitz/i;
/** Sensors that are not connected show what cannot be, degrees Celsius. */
const LEAST = 1;
const MOST = 150;

/**
 * The hottest of the machine's sensors: /sys/class/thermal (Documentation/driver-api/thermal/sysfs-api.rst) and
 * /sys/class/hwmon (Documentation/hwmon/sysfs-interface.rst).
 */
class TemperatureMonitor extends PolledMonitor {
  readonly name = 'temperature';
  #isHot = false;

  constructor(
    private readonly settings: TemperatureSettings,
    private readonly root: string,
    private readonly target: Target,
  ) {
    super(settings.everyMs);
  }

  protected look(): Finding | null {
    // Looked for each time: a graphics card that sleeps has none meanwhile.
    const { name, celsius } = this.#hottest();
    const { max, coolBy } = this.settings;
    this.#isHot = celsius > (this.#isHot ? max - coolBy : max);
    if (!this.#isHot) return null;
    const limit = celsius > max ? `above ${max} °C` : `and must cool to ${max - coolBy} °C`;
    const text = `${name} has ${celsius} °C, ${limit}`;
    return { code: 'TEMPERATURE_HIGH', text, target: this.target };
  }

  #hottest(): { readonly name: string; readonly celsius: number } {
    const readings = [...zones(this.root), ...chips(this.root)]
      .filter(({ name }) => this.#isWanted(name))
      .map(({ name, file }) => ({ name, celsius: Math.round(Number(read(file)) / 1000) }))
      .filter(({ celsius }) => celsius >= LEAST && celsius <= MOST);
    if (readings.length === 0)
      throw new UnavailableError('no sensor of temperature in /sys/class/thermal or /sys/class/hwmon');
    return readings.reduce((hottest, reading) => (reading.celsius > hottest.celsius ? reading : hottest));
  }

  #isWanted(name: string): boolean {
    const { sensors } = this.settings;
    if (sensors.length === 0) return COMPUTING.test(name);
    return sensors.some((wanted) => name.toLowerCase().includes(wanted.toLowerCase()));
  }
}

function zones(root: string): Sensor[] {
  const folder = path.join(root, 'sys/class/thermal');
  return namesIn(folder, /^thermal_zone\d+$/).map((zone) => ({
    name: read(path.join(folder, zone, 'type')) || zone,
    file: path.join(folder, zone, 'temp'),
  }));
}

function chips(root: string): Sensor[] {
  const folder = path.join(root, 'sys/class/hwmon');
  return namesIn(folder, /^hwmon\d+$/).flatMap((chip) => {
    const inChip = path.join(folder, chip);
    const chipName = read(path.join(inChip, 'name')) || chip;
    return namesIn(inChip, /^temp\d+_input$/).map((file) => {
      const label = read(path.join(inChip, file.replace('_input', '_label')));
      return { name: label === '' ? chipName : `${chipName} ${label}`, file: path.join(inChip, file) };
    });
  });
}

/** Empty where nothing can be read, as from a card that sleeps. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function namesIn(folder: string, pattern: RegExp): string[] {
  try {
    return readdirSync(folder).filter((name) => pattern.test(name));
  } catch {
    return [];
  }
}

export const TEMPERATURE: MonitorKind<TemperatureSettings> = {
  name: 'temperature',
  policy: { afterMs: 3_000, goneForMs: 30_000, stop: null },
  complete: (fields) => ({
    max: fields.number('max', 20, 120, 'degrees Celsius', 85),
    coolBy: fields.number('coolBy', 0, 50, 'kelvin', 5),
    sensors: fields.texts('sensors', []),
    everyMs: fields.number('everyMs', 100, 60_000, 'milliseconds', 2_000),
  }),
  make: (settings, { root, target }) => new TemperatureMonitor(settings, root, target),
};
