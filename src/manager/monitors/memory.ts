import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding, Target } from '../monitor.js';
import type { MonitorKind } from '../monitor-kind.js';
import { PolledMonitor, UnavailableError } from '../polled.js';

interface MemorySettings {
  /** Least part of the memory that must be available, percent, 0 to 100. Default 10. */
  readonly minPercent: number;
  /** Least memory that must be available, MiB, 0 to 2^30. Default 0. */
  readonly minMiB: number;
  readonly everyMs: number;
}

/** Memory that programs can still get without swapping: `MemAvailable` (proc_meminfo(5)). */
class MemoryMonitor extends PolledMonitor {
  readonly name = 'memory';
  readonly #file: string;

  constructor(
    private readonly settings: MemorySettings,
    root: string,
    private readonly target: Target,
  ) {
    super(settings.everyMs);
    this.#file = path.join(root, 'proc/meminfo');
  }

  protected look(): Finding | null {
    const text = readFileSync(this.#file, 'utf8');
    const total = this.#mebibytes(text, 'MemTotal');
    const available = this.#mebibytes(text, 'MemAvailable');
    const least = Math.max(this.settings.minMiB, (total * this.settings.minPercent) / 100);
    if (available >= least) return null;
    return {
      code: 'MEMORY_LOW',
      text: `${Math.floor(available)} MiB of memory are available, fewer than ${Math.ceil(least)}`,
      target: this.target,
    };
  }

  #mebibytes(text: string, name: string): number {
    const kibibytes = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1];
    if (kibibytes === undefined) throw new UnavailableError(`${this.#file} has no ${name}`);
    return Number(kibibytes) / 1024;
  }
}

export const MEMORY: MonitorKind<MemorySettings> = {
  name: 'memory',
  // What is frozen keeps its memory, so it is ended.
  policy: { afterMs: 2_000, goneForMs: 30_000, stop: 'kill' },
  complete: (fields) => ({
    minPercent: fields.number('minPercent', 0, 100, 'percent', 10),
    minMiB: fields.number('minMiB', 0, 2 ** 30, 'MiB', 0),
    everyMs: fields.number('everyMs', 100, 60_000, 'milliseconds', 1_000),
  }),
  make: (settings, { root, target }) => new MemoryMonitor(settings, root, target),
};
