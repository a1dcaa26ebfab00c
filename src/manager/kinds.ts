import { LOGIND, SCREENSAVER, SESSION } from './monitors/bus-kinds.js';
import { FOREIGN_CPU } from './monitors/foreign-cpu.js';
import { BATTERY } from './monitors/battery.js';
import { LOAD } from './monitors/load.js';
import { MEMORY } from './monitors/memory.js';
import { PRESSURE } from './monitors/pressure.js';
import { PROGRAM } from './monitors/program.js';
import { SCHEDULE } from './monitors/schedule.js';
import { SIGNAL } from './monitors/signal.js';
import { TEMPERATURE } from './monitors/temperature.js';
import { TERMINALS } from './monitors/terminals.js';
import type { MonitorName } from './monitor.js';
import type { MonitorKind } from './monitor-kind.js';

/** What is known of one kind to those who do not care what its settings are. */
export type AnyKind = MonitorKind<unknown>;

const ALL = [
  LOAD,
  PRESSURE,
  FOREIGN_CPU,
  MEMORY,
  BATTERY,
  TEMPERATURE,
  PROGRAM,
  SCHEDULE,
  SESSION,
  SCREENSAVER,
  LOGIND,
  TERMINALS,
  SIGNAL,
];

/** Every name has a kind (a test holds it). A kind gets no settings but those it has completed itself. */
const KINDS: ReadonlyMap<MonitorName, AnyKind> = new Map(
  (ALL as unknown as readonly AnyKind[]).map((kind) => [kind.name, kind]),
);

export function kindOf(name: MonitorName): AnyKind {
  return KINDS.get(name)!;
}
