import { cpus, type CpuInfo } from 'node:os';
import type { WorkerUsage } from './worker-status.js';

/** How busy the machine's cores and this process were between two looks. */
export class MachineUse {
  #cores = cpus();
  #own = process.cpuUsage();
  #at = performance.now();

  /** Since the last call, or since it was made. */
  look(): Omit<WorkerUsage, 'gpu'> {
    const [cores, own, at] = [cpus(), process.cpuUsage(), performance.now()];
    const ownMs = (own.user + own.system - this.#own.user - this.#own.system) / 1000;
    const use = {
      cores: cores.map((core, i) => busyPart(this.#cores[i], core)),
      ownCores: ownMs / Math.max(at - this.#at, 1),
      residentBytes: process.memoryUsage.rss(),
    };
    this.#cores = cores;
    this.#own = own;
    this.#at = at;
    return use;
  }
}

/** A core that was not there at the first look counts as idle. */
function busyPart(before: CpuInfo | undefined, after: CpuInfo): number {
  if (before === undefined) return 0;
  const all = total(after) - total(before);
  const idle = after.times.idle - before.times.idle;
  // The kernel's counters of one core may go back a little.
  return all <= 0 ? 0 : Math.min(1, Math.max(0, 1 - idle / all));
}

function total({ times }: CpuInfo): number {
  return times.user + times.nice + times.sys + times.irq + times.idle;
}
