import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding, Target } from '../monitor.js';
import type { MonitorContext, MonitorKind } from '../monitor-kind.js';
import { PolledMonitor } from '../polled.js';
import { familyOf } from './processes.js';

interface ForeignCpuSettings {
  /** Part of all cores that others may use, percent, 0 to 100. Above it: `FOREIGN_CPU_HIGH`. Default 20. */
  readonly maxPercent: number;
  readonly everyMs: number;
}

/** Ticks of the kernel's clock since the start: of all cores together, of those at work, and of our processes. */
interface Ticks {
  readonly all: number;
  readonly busy: number;
  readonly own: number;
}

/** What all but us do with the cores: what the kernel counts in all, less what it counts for our processes. */
class ForeignCpuMonitor extends PolledMonitor {
  readonly name = 'foreign-cpu';
  readonly #root: string;
  readonly #ownPid: number;
  readonly #target: Target;
  #before: Ticks | null = null;

  constructor(
    private readonly settings: ForeignCpuSettings,
    { root, ownPid, target }: MonitorContext,
  ) {
    super(settings.everyMs);
    this.#root = root;
    this.#ownPid = ownPid;
    this.#target = target;
  }

  protected look(): Finding | null {
    const now = this.#read();
    const before = this.#before;
    this.#before = now;
    if (before === null || now.all <= before.all) return null;
    const foreign = now.busy - before.busy - (now.own - before.own);
    const percent = Math.max(0, Math.round((100 * foreign) / (now.all - before.all)));
    const { maxPercent } = this.settings;
    if (percent <= maxPercent) return null;
    return {
      code: 'FOREIGN_CPU_HIGH',
      text: `other programs use ${percent}% of the cores, more than ${maxPercent}%`,
      target: this.#target,
    };
  }

  #read(): Ticks {
    // The own ones first: work that is done between the two looks counts as foreign, not as less than nothing.
    const own = familyOf(this.#root, this.#ownPid).reduce((sum, { ticks }) => sum + ticks, 0);
    const [line] = readFileSync(path.join(this.#root, 'proc/stat'), 'latin1').split('\n');
    // Guests are part of `user` and `nice`; what the host took from a virtual machine is nobody's work here.
    const [user, nice, system, idle, waiting, irq, softirq, stolen] = line!
      .split(/ +/)
      .slice(1, 9)
      .map(Number);
    const busy = user! + nice! + system! + irq! + softirq!;
    return { all: busy + idle! + waiting! + stolen!, busy, own };
  }
}

export const FOREIGN_CPU: MonitorKind<ForeignCpuSettings> = {
  name: 'foreign-cpu',
  // The start of a program, or a page that loads, is a spike.
  policy: { afterMs: 3_000, goneForMs: 30_000, stop: null },
  complete: (fields) => ({
    maxPercent: fields.number('maxPercent', 0, 100, 'percent', 20),
    everyMs: fields.number('everyMs', 200, 60_000, 'milliseconds', 1_000),
  }),
  make: (settings, context) => new ForeignCpuMonitor(settings, context),
};
