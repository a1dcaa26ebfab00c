import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Finding, Target } from '../monitor.js';
import type { MonitorContext, MonitorKind } from '../monitor-kind.js';
import { PolledMonitor } from '../polled.js';
import { RandomLoad } from './random-load.js';

/** Which average: over 1, 5 or 15 minutes, or a made-up one from 0 to 1, to try a Worker with. */
export const LOAD_TYPES = Object.freeze(['short', 'medium', 'long', 'random'] as const);
type LoadType = (typeof LOAD_TYPES)[number];

interface LoadSettings {
  /** Processes that run or wait for a core or a disk, 0 to 100,000. Above it: `LOAD_HIGH`. Default: one per core. */
  readonly max: number;
  readonly type: LoadType;
  /** Milliseconds between looks, 100 to 60,000. The kernel counts every 5 s. */
  readonly everyMs: number;
}

/** The load average (proc_loadavg(5)). What our own evaluators do is part of it, so it holds new ones back and stops none. */
class LoadMonitor extends PolledMonitor {
  readonly name = 'load';
  readonly #file: string;
  readonly #random = new RandomLoad();

  constructor(
    private readonly settings: LoadSettings,
    root: string,
    private readonly target: Target,
  ) {
    super(settings.everyMs);
    this.#file = path.join(root, 'proc/loadavg');
  }

  protected look(): Finding | null {
    const { max, type } = this.settings;
    const load = type === 'random' ? this.#random.next() : this.#average(type);
    if (load <= max) return null;
    return { code: 'LOAD_HIGH', text: `the load (${type}) is ${load}, above ${max}`, target: this.target };
  }

  #average(type: Exclude<LoadType, 'random'>): number {
    const averages = readFileSync(this.#file, 'utf8').split(' ');
    return Number(averages[LOAD_TYPES.indexOf(type)]);
  }
}

export const LOAD: MonitorKind<LoadSettings> = {
  name: 'load',
  // It is an average already.
  policy: { afterMs: 0, goneForMs: 0, stop: 'hold' },
  complete: (fields) => ({
    max: fields.number('max', 0, 100_000, 'a load', availableParallelism()),
    type: fields.choice('type', LOAD_TYPES, 'short'),
    everyMs: fields.number('everyMs', 100, 60_000, 'milliseconds', 1_000),
  }),
  make: (settings, { root, target }: MonitorContext) => new LoadMonitor(settings, root, target),
};
