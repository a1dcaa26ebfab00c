import type { SliceMetrics } from '../model/index.js';

/**
 * The part of the adapters' time that Slices use. They say it when they end: what one used before the present period counts in those that
 * follow, as though the next one did the same, so that a GPU that is always busy shows as that. It lags behind by one Slice.
 */
export class GpuUse {
  #workedMs = 0;
  /** The longest time that any of it may be about. Several Slices that wait for one adapter say more than there was. */
  #longestMs = 0;

  add({ elapsedMs, webgpuMs }: Pick<SliceMetrics, 'elapsedMs' | 'webgpuMs'>): void {
    if (webgpuMs === 0) return;
    this.#workedMs += webgpuMs;
    this.#longestMs = Math.max(this.#longestMs, elapsedMs);
  }

  /** Of a period that has ended, 0 to 1; null: there is no adapter. */
  endPeriod(ms: number, adapters: number): number | null {
    const used = Math.min(this.#workedMs, ms * adapters);
    this.#longestMs = Math.max(0, this.#longestMs - ms);
    this.#workedMs = Math.min(this.#workedMs - used, this.#longestMs * adapters);
    return adapters === 0 ? null : used / ms / adapters;
  }
}
