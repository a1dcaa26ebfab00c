import { InvalidArgumentError, shown } from '../model/index.js';

/* eslint-disable @typescript-eslint/no-explicit-any -- arguments of listeners are whatever the event's table says */
type Listener = (...args: any[]) => void;

/**
 * Events of a Job. An error thrown by a listener ends neither the other listeners nor the Job: it becomes an uncaught
 * exception of its own, as with EventTarget.
 */
export class Emitter<Events extends Record<string, unknown[]>> {
  readonly #listeners = new Map<string, { readonly listener: Listener; readonly once: boolean }[]>();

  on<K extends keyof Events & string>(name: K, listener: (...args: Events[K]) => void): this {
    return this.#add(name, listener, false);
  }
  once<K extends keyof Events & string>(name: K, listener: (...args: Events[K]) => void): this {
    return this.#add(name, listener, true);
  }
  off<K extends keyof Events & string>(name: K, listener: (...args: Events[K]) => void): this {
    const listeners = this.#listeners.get(this.canonical(name)) ?? [];
    const at = listeners.findLastIndex((entry) => entry.listener === listener);
    // Replaced and not changed: `emit` may be walking over it.
    if (at >= 0) this.#listeners.set(this.canonical(name), listeners.toSpliced(at, 1));
    return this;
  }
  addListener<K extends keyof Events & string>(name: K, listener: (...args: Events[K]) => void): this {
    return this.on(name, listener);
  }
  addEventListener<K extends keyof Events & string>(name: K, listener: (...args: Events[K]) => void): void {
    this.on(name, listener);
  }
  removeListener<K extends keyof Events & string>(name: K, listener: (...args: Events[K]) => void): this {
    return this.off(name, listener);
  }
  removeEventListener<K extends keyof Events & string>(
    name: K,
    listener: (...args: Events[K]) => void,
  ): void {
    this.off(name, listener);
  }
  listenerCount(name: keyof Events & string): number {
    return this.#listeners.get(this.canonical(name))?.length ?? 0;
  }

  /** Calls the listeners in the order in which they were added. True when there was one. */
  emit<K extends keyof Events & string>(name: K, ...args: Events[K]): boolean {
    const listeners = this.#listeners.get(this.canonical(name));
    if (listeners === undefined || listeners.length === 0) return false;
    for (const { listener, once } of listeners) {
      if (once) this.off(name, listener);
      try {
        listener.apply(this, args);
      } catch (error) {
        process.nextTick(() => {
          throw error;
        });
      }
    }
    return true;
  }

  /** The name under which an event is known; a subclass may accept others. */
  protected canonical(name: string): string {
    return name;
  }

  #add(name: string, listener: Listener, once: boolean): this {
    if (typeof listener !== 'function')
      throw new InvalidArgumentError(
        `listener of ${JSON.stringify(name)}`,
        `expected a function, got ${shown(listener)}`,
      );
    const key = this.canonical(name);
    this.#listeners.set(key, [...(this.#listeners.get(key) ?? []), { listener, once }]);
    return this;
  }
}
