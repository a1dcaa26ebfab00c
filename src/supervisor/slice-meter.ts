/**
 * Below this a Slice's own time says nothing about what it costs to move: handing over, collecting and
 * submitting take about as long. It bounds the Tasks and chunks of Jobs with empty Slices.
 */
const FLOOR_MS = 0.01;

/** How much of the old mean is left after one more Slice. */
const KEEP = 0.9;

/**
 * Mean wall time of one Job's Slices, the newest weighing most: one cold Slice at the start is forgotten
 * after the first dozens, a Job whose Slices grow is followed.
 */
export class SliceMeter {
  #meanMs: number | null = null;

  /** Milliseconds, at least 0.01; null before the first Slice. */
  get meanMs(): number | null {
    return this.#meanMs;
  }

  /** Wall times of Slices that ended, milliseconds. */
  add(elapsedMs: Float64Array): void {
    if (elapsedMs.length === 0) return;
    let sum = 0;
    for (const ms of elapsedMs) sum += ms;
    const batchMs = Math.max(FLOOR_MS, sum / elapsedMs.length);
    // A Sandbox is untrusted: a time that is no number must not spoil every later Task.
    if (!Number.isFinite(batchMs)) return;
    this.#meanMs =
      this.#meanMs === null ? batchMs : batchMs + (this.#meanMs - batchMs) * KEEP ** elapsedMs.length;
  }
}
