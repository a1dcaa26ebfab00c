import { ConsoleLevels, type ConsoleLevelIndex } from './message-kinds.js';
import { explain } from './failure.js';
import { Control, type Host } from './host.js';
import type { Messages } from './messages.js';

interface Timer {
  readonly id: number;
  readonly callback: (...args: unknown[]) => unknown;
  readonly args: readonly unknown[];
  /** 0 for a timer that fires once. */
  readonly intervalMs: number;
  dueMs: number;
  /** Timers due at the same time fire in the order in which they were set. */
  order: number;
}

/** The web clamps nested and repeated timers; a signed 32-bit delay is the most it takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;
const MIN_INTERVAL_MS = 1;

const { resolve } = Promise;
const { then } = Promise.prototype;
const { apply } = Reflect;
const ERROR = ConsoleLevels.indexOf('error') as ConsoleLevelIndex;

/**
 * Timers of the Work Function. Native code knows only when the next one is due.
 * The end of a Slice clears them all: nothing runs on into the next Slice.
 */
export class Timers {
  readonly #timers = new Map<number, Timer>();
  #lastId = 0;
  #order = 0;

  constructor(
    private readonly host: Host,
    private readonly messages: Messages,
  ) {}

  readonly setTimeout = (callback: unknown, delay?: unknown, ...args: unknown[]): number =>
    this.#add('setTimeout', callback, delay, args, false);

  readonly setInterval = (callback: unknown, delay?: unknown, ...args: unknown[]): number =>
    this.#add('setInterval', callback, delay, args, true);

  readonly setImmediate = (callback: unknown, ...args: unknown[]): number =>
    this.#add('setImmediate', callback, 0, args, false);

  readonly clear = (id?: unknown): void => {
    const timer = this.#timers.get(Number(id));
    if (!timer) return;
    this.#timers.delete(timer.id);
    if (timer.dueMs <= this.host.control[Control.nextTimerMs]!) this.#announce();
  };

  readonly queueMicrotask = (callback: unknown): void => {
    if (typeof callback !== 'function')
      throw new TypeError(`queueMicrotask: ${typeof callback} is not a function`);
    const job = apply(resolve, Promise, [undefined]) as Promise<undefined>;
    void apply(then, job, [
      () => {
        this.#call(callback as Timer['callback'], []);
      },
    ]);
  };

  clearAll(): void {
    if (this.#timers.size === 0) return;
    this.#timers.clear();
    this.#announce();
  }

  /** Runs the timers that are due now; those they set wait for the next turn. */
  runDue(): void {
    const now = this.host.now();
    const due = [...this.#timers.values()].filter((timer) => timer.dueMs <= now);
    due.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
    for (const timer of due) {
      // An earlier one may have cleared it.
      if (this.#timers.get(timer.id) !== timer) continue;
      if (timer.intervalMs > 0) {
        timer.dueMs = Math.max(timer.dueMs + timer.intervalMs, now);
        timer.order = this.#order++;
      } else {
        this.#timers.delete(timer.id);
      }
      this.#call(timer.callback, timer.args);
    }
    this.#announce();
  }

  #add(name: string, callback: unknown, delay: unknown, args: readonly unknown[], repeat: boolean): number {
    if (typeof callback !== 'function') throw new TypeError(`${name}: ${typeof callback} is not a function`);
    const wanted = Number(delay ?? 0);
    const delayMs = wanted > 0 && wanted <= MAX_DELAY_MS ? wanted : 0;
    const id = ++this.#lastId;
    const dueMs = this.host.now() + delayMs;
    this.#timers.set(id, {
      id,
      callback: callback as Timer['callback'],
      args,
      intervalMs: repeat ? Math.max(delayMs, MIN_INTERVAL_MS) : 0,
      dueMs,
      order: this.#order++,
    });
    const next = this.host.control[Control.nextTimerMs]!;
    if (next === 0 || dueMs < next) this.host.control[Control.nextTimerMs] = dueMs;
    return id;
  }

  /** Tells native code when to call `runDue`. */
  #announce(): void {
    let next = 0;
    for (const { dueMs } of this.#timers.values()) if (next === 0 || dueMs < next) next = dueMs;
    this.host.control[Control.nextTimerMs] = next;
  }

  /** An error in a callback belongs to nobody who could catch it: it is printed, and the Slice goes on. */
  #call(callback: Timer['callback'], args: readonly unknown[]): void {
    try {
      callback(...args);
    } catch (thrown) {
      this.messages.console(ERROR, `Uncaught ${explain(thrown)}`);
    }
  }
}
