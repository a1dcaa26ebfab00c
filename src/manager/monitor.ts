/** Who looks at what. The names are those of `--disable-monitor` and of the reason's first word in metrics. */
export const MONITOR_NAMES = Object.freeze([
  'load',
  'pressure',
  'foreign-cpu',
  'memory',
  'battery',
  'temperature',
  'program',
  'schedule',
  'session',
  'screensaver',
  'logind',
  'pts',
  'signal',
] as const);

export type MonitorName = (typeof MONITOR_NAMES)[number];

/** What a finding speaks against: all work, that on the CPU, that on one GPU (by its number among the adapters) or on any. */
export type Target = 'all' | 'cpu' | 'gpu' | `gpu:${number}`;

/** What a monitor found that speaks against running evaluators now. */
export interface Finding {
  /** Machine-readable, capitals and underscores: `LOAD_HIGH`. */
  readonly code: string;
  /** One sentence for people, with the figures: `the load is 3.2, above 2`. */
  readonly text: string;
  readonly target: Target;
}

export interface MonitorOwner {
  /** What speaks against running now; null: nothing (any more). Called at changes only. */
  onFinding(monitor: MonitorName, finding: Finding | null): void;
  /** The machine does not have what is to be watched: one sentence that says what is missing. The monitor finds nothing then. */
  onUnavailable(monitor: MonitorName, why: string): void;
}

/** Watches one source. An error of its own never leaves it: it is told by `onUnavailable`. */
export interface Monitor {
  readonly name: MonitorName;
  start(owner: MonitorOwner): void;
  /** No call follows once it is resolved. Idempotent. */
  stop(): Promise<void>;
}
