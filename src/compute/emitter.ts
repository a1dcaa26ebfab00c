import { InvalidArgumentError, shown } from '../model/index.js';

/* eslint-disable @typescript-eslint/no-explicit-any -- arguments of listeners are whatever the event's table says */
type Listener = (...args: any[]) => void;

interface Entry {
  readonly listener: Listener;
  readonly once: boolean;
}

/**
 * Events of a Job. An error thrown by a listener ends neither the other listeners nor the Job: it becomes an uncaught
 * exception of its own, as with EventTarget.
 */
export class Emitter<Events extends Record<string, unknown[]>> {
  readonly #listeners = new Map<string, Entry[]>();

  on<K extends keyof Events & string>(name: K, listener: (...args: Events[K]) => void): this {
    return this.#add(name, listener, false);
  }
  once<K extends keyof Events & string>(name: K, listener: (...args: Events[K]) => void): this {
    return this.#add(name, listener, true);
  }
  off<K extends keyof Events & string>(name: K, listener: (...args: Events[K]) => void): this {
    const entry = this.#listeners.get(this.canonical(name))?.findLast((one) => one.listener === listener);
    if (entry !== undefined) this.#remove(name, entry);
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
    for (const entry of listeners) {
      if (entry.once) this.#remove(name, entry);
      try {
        entry.listener.apply(this, args);
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

  #remove(name: string, entry: Entry): void {
    const key = this.canonical(name);
    // Replaced and not changed: `emit` may be walking over it.
    this.#listeners.set(key, this.#listeners.get(key)?.filter((one) => one !== entry) ?? []);
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
