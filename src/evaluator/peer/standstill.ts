import { HostSays } from '../frames/messages.js';
import type { PeerLink } from './link.js';

/**
 * How long a peer may take to let its own time stand still before it is frozen all the same, milliseconds. It hears of it then when it goes on, and
 * takes off what it missed.
 */
const HOLD_MS = 1_000;

export interface StandstillOwner {
  /** From now on nothing can be expected of the peer; it can again. */
  begin(): void;
  end(): void;
}

/**
 * A peer that is held still. It is told before, so that its time stops first: no limit of a Slice can pass unseen between two of its
 * instructions. It is told for how long while it still is, so that this is the first that it hears.
 */
export class Standstill {
  #state: 'running' | 'holding' | 'frozen' = 'running';
  /** When it began, on `performance.now()`'s clock. */
  #since = 0;
  /** It was told to hold its time, and will be told to go on. */
  #isTold = false;
  /** The number of the last request to do so, and what waits for its answer. */
  #lastHold = 0;
  #onTimeHeld: () => void = () => undefined;
  #freezing: Promise<void> = Promise.resolve();

  constructor(
    private readonly link: PeerLink,
    private readonly owner: StandstillOwner,
  ) {}

  get isHeld(): boolean {
    return this.#state !== 'running';
  }

  /** @param listens whether it is ready to hear of it */
  freeze(listens: boolean): Promise<void> {
    if (this.link.freeze === undefined) return Promise.resolve();
    if (this.#state === 'running') {
      this.#state = 'holding';
      this.owner.begin();
      this.#freezing = this.#freeze(listens);
    }
    return this.#freezing;
  }

  async #freeze(listens: boolean): Promise<void> {
    if (listens) await this.#holdTime();
    if (!this.#isHolding()) return;
    this.#since = performance.now();
    this.#state = 'frozen';
    await this.link.freeze!();
  }

  thaw(): void {
    if (this.#state === 'running') return;
    const frozenMs = this.#state === 'frozen' ? performance.now() - this.#since : 0;
    this.#state = 'running';
    if (this.#isTold) this.link.channel.send([HostSays.goOn, frozenMs]);
    this.#isTold = false;
    this.link.thaw?.();
    this.#onTimeHeld();
    this.owner.end();
  }

  /** The peer says that its time stands still, as it was asked by this number. */
  onTimeHeld(hold: number): void {
    if (hold === this.#lastHold) this.#onTimeHeld();
  }

  /** The peer is gone. */
  forget(): void {
    this.#state = 'running';
    this.#onTimeHeld();
  }

  async #holdTime(): Promise<void> {
    this.#isTold = true;
    this.link.channel.send([HostSays.hold, ++this.#lastHold]);
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, HOLD_MS);
      this.#onTimeHeld = () => {
        clearTimeout(patience);
        resolve();
      };
    });
  }

  // A method, because the compiler would take a state read before an await for its state after it.
  #isHolding(): boolean {
    return this.#state === 'holding';
  }
}
