/** Looks this often within the time that silence may last. */
const LOOKS = 5;

export interface HeartbeatOwner {
  ping(): void;
  /** Nothing was heard for so long. Called once. */
  onSilence(ms: number): void;
}

/**
 * Notices that the other side does not answer. Time counts in looks of our own event loop: while that one is held up, or the
 * whole machine sleeps, nobody is blamed for silence.
 */
export class Heartbeat {
  #silentLooks = 0;
  #sinceLookMs = 0;
  readonly #timer: NodeJS.Timeout;

  /** @param limitMs how long silence may last; may be changed */
  constructor(
    public limitMs: number,
    private readonly owner: HeartbeatOwner,
  ) {
    const stepMs = Math.min(1000, limitMs / LOOKS);
    this.#timer = setInterval(() => this.#step(stepMs), stepMs).unref();
  }

  heard(): void {
    this.#silentLooks = 0;
    this.#sinceLookMs = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #step(stepMs: number): void {
    this.#sinceLookMs += stepMs;
    if (this.#sinceLookMs < this.limitMs / LOOKS) return;
    this.#sinceLookMs = 0;
    if (++this.#silentLooks <= LOOKS) {
      this.owner.ping();
      return;
    }
    this.stop();
    this.owner.onSilence(this.limitMs);
  }
}
