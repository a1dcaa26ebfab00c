import { uptime } from 'node:os';

/** What the two clocks may be apart before it counts as set: that of the machine counts hundredths, or seconds. */
const APART_MS = 2_000;

/**
 * When something began, as time of day. When the clock is set it moves with it, so that what has gone by since is right: a machine may start
 * in 1970 and hear of the time later.
 */
export class StartTime {
  readonly #uptimeMs = uptime() * 1000;
  #at = Date.now();

  /** Milliseconds since 1970, in the past. */
  look(): number {
    const now = Date.now();
    const at = Math.round(now - (uptime() * 1000 - this.#uptimeMs));
    if (Math.abs(at - this.#at) > APART_MS) this.#at = at;
    return Math.min(this.#at, now);
  }
}
