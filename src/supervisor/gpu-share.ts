import type { WebgpuOffer } from '../model/index.js';

/** What a Worker has for Jobs that require WebGPU. */
export interface GpuShareOptions {
  /** The adapters its Sandboxes get. */
  readonly adapters: readonly WebgpuOffer[];
  /** Of the Sandboxes, so many at most work for Jobs that require WebGPU, at least 1. */
  readonly sandboxes: number;
}

/** What is held of Jobs that require WebGPU. */
export interface HeldGpuWork {
  /** Wall time of it, milliseconds. */
  readonly ms: number;
  /** Slices no Sandbox has. */
  readonly queued: number;
}

/** An evaluator that has no GPU for a Job is not asked again for so long, milliseconds. */
export const WITHDRAWN_MS = 60_000;
const NONE: readonly WebgpuOffer[] = [];

/** How much of a Worker is for Jobs that require WebGPU, and whether it wants more of them. */
export class GpuShare {
  #adapters: readonly WebgpuOffer[] = NONE;
  #sandboxes = 0;
  #withdrawnUntil = 0;

  constructor(options: GpuShareOptions | null) {
    this.set(options);
  }

  /** Replaces what it began with; null: there is none. */
  set(options: GpuShareOptions | null): void {
    this.#adapters = options?.adapters ?? NONE;
    this.#sandboxes = options?.sandboxes ?? 0;
    this.#withdrawnUntil = 0;
  }

  get sandboxes(): number {
    return this.#sandboxes;
  }

  /** What the Scheduler is told: nothing while more such work would only wait here. */
  offers(held: HeldGpuWork, enoughMs: number): readonly WebgpuOffer[] {
    if (performance.now() < this.#withdrawnUntil) return NONE;
    return held.queued > 0 && held.ms >= this.sandboxes * enoughMs ? NONE : this.#adapters;
  }

  /** An evaluator had no GPU, whatever was found before. */
  withdraw(): void {
    this.#withdrawnUntil = performance.now() + WITHDRAWN_MS;
  }
}
