/** Looks this often within the time that silence may last. */
const LOOKS = 5;

export interface HeartbeatOwner {
  ping(): void;
  /** Whether there was a sign of life since the last call that may be no answer yet: what is long takes its time on a slow link. */
  hasMoved(): boolean;
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
  #limitMs: number;
  #timer: NodeJS.Timeout;

  /** @param limitMs how long silence may last; may be changed */
  constructor(
    limitMs: number,
    private readonly owner: HeartbeatOwner,
  ) {
    this.#limitMs = limitMs;
    this.#timer = this.#begin();
  }

  set limitMs(limitMs: number) {
    this.#limitMs = limitMs;
    clearInterval(this.#timer);
    this.#timer = this.#begin();
  }

  #begin(): NodeJS.Timeout {
    const stepMs = Math.min(1000, this.#limitMs / LOOKS);
    return setInterval(() => this.#step(stepMs), stepMs).unref();
  }

  heard(): void {
    this.#silentLooks = 0;
    this.#sinceLookMs = 0;
  }

  /** The other side is held still, and cannot answer: silence counts for nothing until `resume`, which is as if something had been heard. */
  hold(): void {
    this.#isHeld = true;
  }

  resume(): void {
    this.#isHeld = false;
    this.heard();
  }
  #isHeld = false;

  stop(): void {
    clearInterval(this.#timer);
  }

  #step(stepMs: number): void {
    if (this.#isHeld) return;
    if (this.owner.hasMoved()) this.heard();
    this.#sinceLookMs += stepMs;
    if (this.#sinceLookMs < this.#limitMs / LOOKS) return;
    this.#sinceLookMs = 0;
    if (++this.#silentLooks <= LOOKS) {
      this.owner.ping();
      return;
    }
    this.stop();
    this.owner.onSilence(this.#limitMs);
  }
}
