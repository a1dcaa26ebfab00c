/** Event handler attributes, `on…`. https://html.spec.whatwg.org/#event-handler-attributes */
import { toObject } from '../webidl-types.js';
import { listenersOf } from './event-target.js';
import { cancel, stateOf } from './event.js';
import { realm } from './realm.js';
import type { Handler } from './targets.js';

/** What is behind such an attribute of one target: a listener that comes and goes with the handler, and keeps its place meanwhile. */
export class EventHandler implements Handler {
  #value: object | null = null;

  constructor(
    private readonly target: object,
    private readonly type: string,
  ) {}

  get(): object | null {
    return this.#value;
  }

  set(value: unknown): void {
    const listeners = listenersOf(this.target)!;
    this.#value = toObject(value);
    if (this.#value === null) {
      listeners.remove(this.type, this.#listener, false);
    } else {
      const { type } = this;
      listeners.add({
        type,
        callback: this.#listener,
        capture: false,
        once: false,
        passive: false,
        listed: false,
      });
    }
  }

  /** HTML, "the event handler processing algorithm". */
  readonly #listener = (event: unknown): void => {
    const value = this.#value;
    // An object that is no function is kept, and not called.
    if (typeof value !== 'function') return;
    const answer: unknown = realm.primordials.apply(value as (event: unknown) => unknown, this.target, [
      event,
    ]);
    if (answer === false) cancel(stateOf(event)!);
  };
}
