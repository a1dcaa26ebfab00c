import type { Fields } from './fields.js';
import type { Monitor, MonitorName, Target } from './monitor.js';

/** What happens while a finding counts: nothing new is started, or what runs is frozen, or it is ended. */
export const STOPS = Object.freeze(['hold', 'freeze', 'kill'] as const);
export type Stop = (typeof STOPS)[number];

/** How findings of a monitor are taken when nobody says otherwise. */
export interface PolicyDefaults {
  /** How long a finding must last before it counts, milliseconds. */
  readonly afterMs: number;
  /** How long it must be gone before it ends, milliseconds. */
  readonly goneForMs: number;
  /** Null: as all others (`--stop`). */
  readonly stop: Stop | null;
}

/** What monitors are told of where they run. */
export interface MonitorContext {
  /** In place of `/`, for files of the kernel's. */
  readonly root: string;
  /** Whose descendants are ours: the process that starts evaluators. */
  readonly ownPid: number;
  readonly target: Target;
}

/** A kind of monitor: what may be set, and how one is made. */
export interface MonitorKind<Settings> {
  readonly name: MonitorName;
  readonly policy: PolicyDefaults;
  /** Takes its settings out of what was given, with defaults. Throws InvalidArgumentError that names the field. */
  complete(fields: Fields): Settings;
  make(settings: Settings, context: MonitorContext): Monitor;
}
