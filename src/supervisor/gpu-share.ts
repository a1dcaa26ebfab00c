import type { WebgpuOffer } from '../model/index.js';

/** An adapter, by the name that evaluators give it where that is known. */
export type NamedOffer = WebgpuOffer & { readonly name?: string };

/** What a Worker has for Jobs that require WebGPU. */
export interface GpuShareOptions {
  /** The adapters its Sandboxes get. */
  readonly adapters: readonly NamedOffer[];
  /** Of the Sandboxes, so many at most work for Jobs that require WebGPU; 0: such Jobs are not taken for now. */
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
const NONE: readonly NamedOffer[] = [];

/** How much of a Worker is for Jobs that require WebGPU, and whether it wants more of them. */
export class GpuShare {
  #adapters: readonly NamedOffer[] = NONE;
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

  get adapters(): readonly NamedOffer[] {
    return this.#adapters;
  }

  get sandboxes(): number {
    return this.#sandboxes;
  }

  /** From now on so many of the Sandboxes at most, 0: none for now. */
  resize(sandboxes: number): void {
    this.#sandboxes = sandboxes;
  }

  /** What the Scheduler is told of those that are `open` now: nothing while more such work would only wait here. */
  offers(open: readonly NamedOffer[], held: HeldGpuWork, enoughMs: number): readonly WebgpuOffer[] {
    if (this.sandboxes === 0 || performance.now() < this.#withdrawnUntil) return NONE;
    return held.queued > 0 && held.ms >= this.sandboxes * enoughMs ? NONE : open;
  }

  /** An evaluator had no GPU, whatever was found before. */
  withdraw(): void {
    this.#withdrawnUntil = performance.now() + WITHDRAWN_MS;
  }
}
