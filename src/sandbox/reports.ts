import type { explain as explainThrown } from './failure.js';
import { Control } from './host.js';
import { ConsoleLevels, type ConsoleLevelIndex } from './message-kinds.js';
import type { Messages } from './messages.js';

/** Fires events at the global object; the group `events` of the environment makes it. */
export interface GlobalEvents {
  /** Each answers whether a listener or handler took care of it (`preventDefault`). */
  fireError(thrown: unknown): boolean;
  fireRejection(promise: object, reason: unknown): boolean;
  fireRejectionHandled(promise: object, reason: unknown): void;
}

const ERROR = ConsoleLevels.indexOf('error') as ConsoleLevelIndex;

const realm = globalThis as unknown as Record<string, unknown>;
const NativeWeakMap = WeakMap;
const { get, set, delete: remove } = WeakMap.prototype;
const NativeWeakSet = WeakSet;
const { add, has } = WeakSet.prototype;
const { apply } = Reflect;

/**
 * What goes wrong where nobody can catch it: HTML, "report an exception" and "notify about rejected promises". The Slice
 * goes on; its owner reads it among the console messages, unless a listener takes care of it.
 */
export class Reports {
  /** Promises that were reported and still have no handler. */
  readonly #outstanding = new NativeWeakMap<object, { readonly reason: unknown }>();
  /** Errors that nobody needs to be told of. */
  #known: WeakSet<object> | null = null;
  #reporting = false;
  /** Set once there may be listeners. */
  events: GlobalEvents | null = null;

  /** @param loadEvents makes `events` when there is a handler (`onerror = …`) and was no listener yet */
  constructor(
    private readonly control: Float64Array,
    private readonly messages: Messages,
    private readonly loadEvents: () => GlobalEvents,
    private readonly explain: typeof explainThrown,
  ) {}

  /** What this error means is told in another way: it is not reported when nobody catches it. */
  keepQuietAbout(error: object): void {
    apply(add, (this.#known ??= new NativeWeakSet()), [error]);
  }

  #isKnown(thrown: unknown): boolean {
    return this.#known !== null && apply(has, this.#known, [thrown as object]);
  }

  /** HTML, "report an exception"; the global function `reportError`. */
  exception(thrown: unknown): void {
    if (this.#isKnown(thrown)) return;
    // HTML's "in error reporting mode": what a handler throws is not for handlers.
    if (!this.#reporting && this.#offer('onerror', (events) => events.fireError(thrown))) return;
    this.messages.console(ERROR, `Uncaught ${this.explain(thrown)}`);
  }

  /**
   * Promises rejected without a handler, and those that got one after they had been reported (`slice` -1).
   * @param list promise, reason and number of the Slice that ran, for each
   * @param events false: listeners are not told
   */
  rejections(list: readonly unknown[], events = true): void {
    for (let index = 0; index + 2 < list.length; index += 3) {
      const promise = list[index] as object;
      const slice = list[index + 2] as number;
      if (slice !== -1) this.#rejected(promise, list[index + 1], slice, events);
      else if (events) this.#handled(promise);
    }
  }

  #rejected(promise: object, reason: unknown, slice: number, events: boolean): void {
    if (this.#isKnown(reason)) return;
    apply(set, this.#outstanding, [promise, { reason }]);
    // Another Slice's listeners are not asked: they would take care of what is not theirs.
    const isCurrent = slice === this.control[Control.slice];
    if (
      events &&
      isCurrent &&
      this.#offer('onunhandledrejection', (told) => told.fireRejection(promise, reason))
    ) {
      return;
    }
    this.messages.console(ERROR, `Uncaught (in promise) ${this.explain(reason)}`, slice);
  }

  #handled(promise: object): void {
    const known = apply(get, this.#outstanding, [promise]) as { readonly reason: unknown } | undefined;
    if (known === undefined) return;
    apply(remove, this.#outstanding, [promise]);
    this.#offer('onrejectionhandled', (events) => {
      events.fireRejectionHandled(promise, known.reason);
      return true;
    });
  }

  /** Whether listeners, or the handler that is this property of the global object, took care of it. */
  #offer(handler: string, fire: (events: GlobalEvents) => boolean): boolean {
    const nested = this.#reporting;
    this.#reporting = true;
    try {
      if (this.events === null && typeof realm[handler] === 'function') this.events = this.loadEvents();
      return this.events !== null && fire(this.events);
    } catch (second) {
      this.messages.console(ERROR, `Uncaught ${this.explain(second)}`);
      return false;
    } finally {
      this.#reporting = nested;
    }
  }
}
