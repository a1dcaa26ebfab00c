import type { Host } from './host.js';

/** Steps in a millisecond: as coarse as the web's clocks are for pages that are not isolated (HR-Time, "coarsen time"). */
const COARSE_PER_MS = 10;
/** The finest the web has, for pages that are. */
const FINE_PER_MS = 200;

const { floor } = Math;
const { now: dateNow } = Date;

/**
 * The time that a Work Function can read, besides `Date`: milliseconds since its Sandbox was made, no finer than its Job
 * may have it. The Slices' own accounts go by `Host.now`.
 */
export class Clock {
  readonly #host: Host;
  readonly #startMs: number;
  #originEpochMs = dateNow();
  #perMs = COARSE_PER_MS;

  constructor(host: Host) {
    this.#host = host;
    this.#startMs = host.now();
  }

  /** HR-Time, "current high resolution time". */
  now(): number {
    return floor((this.#host.now() - this.#startMs) * this.#perMs) / this.#perMs;
  }

  /** HR-Time, "get time origin timestamp": milliseconds since the Unix epoch. */
  timeOrigin(): number {
    return this.#originEpochMs;
  }

  /** The Job requires a clock of 5 µs. */
  refine(): void {
    this.#perMs = FINE_PER_MS;
  }

  /** `Date` stands still at `epochMs`; no other time shall be told from the origin. */
  fixOrigin(epochMs: number): void {
    this.#originEpochMs = epochMs;
  }
}
