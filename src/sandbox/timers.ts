import { limitError } from './failure.js';
import { Control, type Host } from './host.js';
import { TimerHeap, type Due } from './timer-heap.js';

type Callback = (...args: unknown[]) => unknown;

/** Something to be called later. */
interface Timer extends Due {
  /** What the Work Function calls it; 0 for a timer of ours, which it cannot name. */
  readonly id: number;
  readonly callback: Callback;
  readonly args: readonly unknown[];
  /** -1 for a timer that fires once. */
  readonly intervalMs: number;
  /** The nesting level of the task that it becomes. */
  level: number;
  /** Whether a Slice may wait for it. */
  awaited: boolean;
}

/** A timer of ours, see `Timers.schedule`. */
export type ScheduledTimer = Timer;

/** HTML, "timer initialization steps": what is nested deeper than this waits at least so long. */
const MAX_FREE_LEVEL = 5;
const MIN_NESTED_MS = 4;

/** Timers a Slice may have pending at once. */
const MAX_TIMERS = 10_000;
/** The largest of Web IDL's `long`, which the ids of timers are. */
const MAX_ID = 2 ** 31 - 1;

// As they were before any Work Function could change them.
const NativePromise = Promise;
const { resolve } = Promise;
const { then } = Promise.prototype;
const { apply } = Reflect;
const { create } = Object;
const realm = globalThis;

/**
 * Timers of the Work Function (HTML, "Timers"). Each callback is a task: it runs alone, and its promise jobs run before
 * the next. Native code knows only when the next one is due, and whether a Slice may wait for any.
 * The end of a Slice clears them all: nothing runs on into the next Slice.
 */
export class Timers {
  readonly #heap = new TimerHeap<Timer>();
  #byId: Record<number, Timer | undefined> = create(null) as Record<number, Timer>;
  #order = 0;
  /** HTML's timer nesting level: that of the task that runs, 0 outside of timers. */
  #level = 0;

  #lastId: number;

  /** @param lastId the timers' ids come after it */
  constructor(
    private readonly host: Host,
    private readonly report: (thrown: unknown) => void,
    lastId = 0,
  ) {
    this.#lastId = lastId;
  }

  readonly setTimeout = (callback: unknown, delay: unknown = 0, ...args: unknown[]): number =>
    this.#set('setTimeout', callback, delay, args, false);

  readonly setInterval = (callback: unknown, delay: unknown = 0, ...args: unknown[]): number =>
    this.#set('setInterval', callback, delay, args, true);

  /** Not of the web, but DCP has it: a task that comes after the timers that are due already. Never made to wait. */
  readonly setImmediate = (callback: unknown, ...args: unknown[]): number => {
    const id = this.#nextId();
    this.#add(id, requireFunction('setImmediate', callback), args, 0, -1, 0);
    return id;
  };

  readonly clearTimeout = (id: unknown = 0): void => {
    this.#clear(id);
  };

  readonly clearInterval = (id: unknown = 0): void => {
    this.#clear(id);
  };

  readonly clearImmediate = (id: unknown = 0): void => {
    this.#clear(id);
  };

  readonly queueMicrotask = (callback: unknown): void => {
    const job = requireFunction('queueMicrotask', callback);
    void apply(then, apply(resolve, NativePromise, [undefined]), [
      () => {
        this.#call(job, []);
      },
    ]);
  };

  /**
   * A timer of ours, `delayMs` from now, that no Slice waits for until `setAwaited` says so. It ends with the Slice like
   * all others.
   */
  schedule(callback: () => void, delayMs: number): ScheduledTimer {
    return this.#add(0, callback, [], delayMs, -1, 0, false);
  }

  /**
   * A task of ours that is due at `dueMs` (`now`), which may be past: it comes after the timers that are due before. The Slice waits
   * for it, and ends it; it counts as no timer.
   */
  soon(callback: () => void, dueMs: number): ScheduledTimer {
    return this.#insertNew(0, callback, [], dueMs, -1, 0);
  }

  /** By which timers are due, see `Host.now`. */
  now(): number {
    return this.host.now();
  }

  cancel(timer: ScheduledTimer): void {
    if (timer.place < 0) return;
    this.host.requireStack();
    this.#remove(timer);
    this.#announce();
  }

  /** Whether a Slice that waits for nothing else waits for this. */
  setAwaited(timer: ScheduledTimer, awaited: boolean): void {
    if (timer.awaited === awaited) return;
    timer.awaited = awaited;
    if (timer.place >= 0) this.host.control[Control.awaitedTimers]! += awaited ? 1 : -1;
  }

  clearAll(): void {
    // A Slice that ends in a timer's promise jobs is followed by the next one there.
    this.#level = 0;
    if (this.#heap.size === 0) return;
    this.#heap.clear();
    this.#byId = create(null) as Record<number, Timer>;
    this.host.control[Control.awaitedTimers] = 0;
    this.#announce();
  }

  /** Runs the timer whose turn it is, and the promise jobs it leaves. */
  runDue(): void {
    const timer = this.#heap.first;
    const now = this.host.now();
    if (timer === undefined || timer.dueMs > now) return;
    this.#remove(timer);
    // What it throws, or sets, must not make an interval forget itself.
    if (timer.intervalMs >= 0) this.#repeat(timer, now);
    this.#announce();
    this.#level = timer.level;
    this.#call(timer.callback, timer.args);
    this.host.runMicrotasks();
    this.#level = 0;
  }

  #set(name: string, callback: unknown, delay: unknown, args: readonly unknown[], repeat: boolean): number {
    const handler = requireFunction(name, callback);
    const delayMs = this.#clamp((delay as number) | 0, this.#level);
    const id = this.#nextId();
    this.#add(id, handler, args, delayMs, repeat ? delayMs : -1, this.#level + 1);
    return id;
  }

  /** They begin again once all have been used; those of timers that are still pending are left out. */
  #nextId(): number {
    let id = this.#lastId;
    do id = id === MAX_ID ? 1 : id + 1;
    while (this.#byId[id] !== undefined);
    this.#lastId = id;
    return id;
  }

  #clamp(delayMs: number, level: number): number {
    if (level > MAX_FREE_LEVEL && delayMs < MIN_NESTED_MS) return MIN_NESTED_MS;
    return delayMs < 0 ? 0 : delayMs;
  }

  #add(
    id: number,
    callback: Callback,
    args: readonly unknown[],
    delayMs: number,
    intervalMs: number,
    level: number,
    awaited = true,
  ): Timer {
    if (this.#heap.size >= MAX_TIMERS) {
      throw limitError('ETIMERLIMIT', `a Slice may have no more than ${MAX_TIMERS} timers pending at once`);
    }
    return this.#insertNew(id, callback, args, this.host.now() + delayMs, intervalMs, level, awaited);
  }

  /** @throws {RangeError} where the stack ends */
  #insertNew(
    id: number,
    callback: Callback,
    args: readonly unknown[],
    dueMs: number,
    intervalMs: number,
    level: number,
    awaited = true,
  ): Timer {
    this.host.requireStack();
    const timer: Timer = {
      id,
      callback,
      args,
      intervalMs,
      level,
      awaited,
      dueMs,
      order: this.#order++,
      place: -1,
    };
    this.#insert(timer);
    const { control } = this.host;
    const next = control[Control.nextTimerMs]!;
    if (next === 0 || timer.dueMs < next) control[Control.nextTimerMs] = timer.dueMs;
    return timer;
  }

  /** An interval keeps its pace: a late call does not put off the next ones, and those it missed are left out. */
  #repeat(timer: Timer, now: number): void {
    const due = timer.dueMs + this.#clamp(timer.intervalMs, timer.level);
    timer.dueMs = due > now ? due : now;
    timer.order = this.#order++;
    timer.level++;
    this.#insert(timer);
  }

  #insert(timer: Timer): void {
    this.#heap.add(timer);
    if (timer.id !== 0) this.#byId[timer.id] = timer;
    if (timer.awaited) this.host.control[Control.awaitedTimers]!++;
  }

  #remove(timer: Timer): void {
    this.#heap.remove(timer);
    if (timer.id !== 0) delete this.#byId[timer.id];
    if (timer.awaited) this.host.control[Control.awaitedTimers]!--;
  }

  #clear(id: unknown): void {
    const timer = this.#byId[(id as number) | 0];
    if (timer === undefined) return;
    this.host.requireStack();
    this.#remove(timer);
    if (timer.dueMs <= this.host.control[Control.nextTimerMs]!) this.#announce();
  }

  /** Tells native code when to call `runDue`. */
  #announce(): void {
    this.host.control[Control.nextTimerMs] = this.#heap.first?.dueMs ?? 0;
  }

  /** An error in a callback belongs to nobody who could catch it: it is reported, and the Slice goes on. */
  #call(callback: Callback, args: readonly unknown[]): void {
    try {
      apply(callback, realm, args);
    } catch (thrown) {
      this.report(thrown);
    }
  }
}

function requireFunction(name: string, callback: unknown): Callback {
  if (typeof callback === 'function') return callback as Callback;
  throw new TypeError(
    typeof callback === 'string'
      ? `${name}: source text is not taken, pass a function`
      : `${name}: ${callback === null ? 'null' : typeof callback} is not a function`,
  );
}
