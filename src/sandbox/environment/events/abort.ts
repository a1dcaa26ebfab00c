/** AbortController and AbortSignal. https://dom.spec.whatwg.org/#aborting-ongoing-activities */
import type { ScheduledTimer } from '../../timers.js';
import { requireArguments } from '../webidl.js';
import { toUnsignedLongLong } from '../webidl-types.js';
import { EventTarget, fire, type Listeners, listenersOf, onListenersChanged } from './event-target.js';
import { Event } from './event.js';
import { EventHandler } from './handler.js';
import { domException, realm } from './realm.js';
import type { Signals } from './signals.js';

/** Dead references are looked for when there are so many, and again at twice what is left. */
const MIN_SWEEP = 16;

const NativeWeakRef = WeakRef;
const NativeSet = Set;

/** Only this file makes signals. */
const MAKE = Symbol('make');

/** Counts Slices, of those that make timeouts: a timeout is over with its Slice. */
let timeoutsOf = 0;
const endTimeouts = (): void => {
  timeoutsOf++;
};

/** An AbortSignal from inside. */
class SignalState {
  #aborted = false;
  reason: unknown = undefined;
  /** Called once, before listeners are. */
  readonly algorithms = new NativeSet<() => void>();
  /** Those that a dependent signal aborts with. None of them is dependent itself. */
  readonly sources = new NativeSet<SignalState>();
  /** Whether one of these, or this itself, has a timeout. */
  #timed = false;
  dependent = false;
  /** Weak: what `any()` makes of a signal that lives long must not pile up there. */
  readonly #dependents = new NativeSet<WeakRef<SignalState>>();
  #sweepAt = MIN_SWEEP;
  /** Dependents that somebody listens to stay. */
  readonly #observedDependents = new NativeSet<SignalState>();
  #observed = false;
  /** When its timeout is due, and of which Slice that is. */
  #dueMs = Infinity;
  #dueIn = 0;
  /**
   * Only while somebody would notice: of a signal that nobody knows any more, or only asks now and then, the clock tells enough, and
   * nothing keeps it.
   */
  #timer: ScheduledTimer | null = null;

  constructor(
    readonly signal: AbortSignal,
    readonly listeners: Listeners,
  ) {}

  get aborted(): boolean {
    if (this.#timed && !this.#aborted) this.#readClock();
    return this.#aborted;
  }

  /** DOM, "signal abort". */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#markAborted(reason);
    const ended: SignalState[] = [];
    for (const reference of this.#dependents) {
      const dependent = reference.deref();
      if (dependent === undefined || dependent.#aborted) continue;
      dependent.#markAborted(this.reason);
      ended[ended.length] = dependent;
    }
    this.#runSteps();
    for (let index = 0; index < ended.length; index++) ended[index]!.#runSteps();
  }

  dependOn(source: SignalState): void {
    if (this.sources.has(source)) return;
    this.sources.add(source);
    if (source.#timed) this.#timed = true;
    source.#sweep();
    source.#dependents.add(new NativeWeakRef<SignalState>(this));
  }

  abortAfter(delayMs: number): void {
    realm.scope.atEnd(endTimeouts);
    this.#timed = true;
    this.#dueMs = realm.timers.now() + delayMs;
    this.#dueIn = timeoutsOf;
  }

  /** Its timeout, or a source's, may have passed since somebody looked. */
  #readClock(): void {
    for (const source of this.sources) if (source.#timed) source.#readClock();
    if (this.#timer === null && this.#hasTimeout() && this.#dueMs <= realm.timers.now()) this.#timeOut();
  }

  #hasTimeout(): boolean {
    return this.#dueMs < Infinity && this.#dueIn === timeoutsOf && !this.#aborted;
  }

  #timeOut(): void {
    this.abort(domException('The operation timed out', 'TimeoutError'));
  }

  #updateTimer(observed: boolean): void {
    if (!observed) {
      if (this.#timer !== null) realm.timers.cancel(this.#timer);
      this.#timer = null;
    } else if (this.#timer === null && this.#hasTimeout()) {
      this.#timer = realm.timers.soon(() => {
        this.#timer = null;
        this.#timeOut();
      }, this.#dueMs);
    }
  }

  /** Looks whether somebody would notice it abort: only then a Slice waits for its timeout. */
  updateObserved(): void {
    const observed =
      this.algorithms.size > 0 || this.#observedDependents.size > 0 || this.listeners.has('abort');
    if (observed === this.#observed) return;
    this.#updateTimer(observed);
    this.#observed = observed;
    for (const source of this.sources) {
      if (observed) source.#observedDependents.add(this);
      else source.#observedDependents.delete(this);
      source.updateObserved();
    }
  }

  #markAborted(reason: unknown): void {
    this.#aborted = true;
    this.reason = reason === undefined ? domException('The operation was aborted', 'AbortError') : reason;
  }

  /** DOM, "run the abort steps". */
  #runSteps(): void {
    const algorithms = [...this.algorithms];
    this.algorithms.clear();
    for (let index = 0; index < algorithms.length; index++) algorithms[index]!();
    fire(new Event('abort'), this.listeners, this.signal);
    this.#dependents.clear();
    this.#observedDependents.clear();
  }

  #sweep(): void {
    if (this.#dependents.size < this.#sweepAt) return;
    for (const reference of this.#dependents) {
      if (reference.deref() === undefined) this.#dependents.delete(reference);
    }
    this.#sweepAt = Math.max(MIN_SWEEP, 2 * this.#dependents.size);
  }
}

let signalStateOf: (value: unknown) => SignalState | undefined;

export class AbortSignal extends EventTarget {
  readonly #state: SignalState;
  readonly #onabort = new EventHandler(this, 'abort');

  static {
    signalStateOf = (value) =>
      typeof value === 'object' && value !== null && #state in value ? value.#state : undefined;
  }

  // Not public: its length, as Web IDL has it, is 0.
  constructor(...keys: unknown[]) {
    if (keys[0] !== MAKE) throw new TypeError('AbortSignal: Illegal constructor');
    super();
    this.#state = new SignalState(this, listenersOf(this)!);
  }

  static abort(reason: unknown = undefined): AbortSignal {
    const state = makeSignal();
    state.abort(reason);
    return state.signal;
  }

  static timeout(milliseconds: unknown): AbortSignal {
    requireArguments(realm.primordials, arguments.length, 1, 'AbortSignal.timeout');
    const delayMs = toUnsignedLongLong(realm.primordials, milliseconds, 'AbortSignal.timeout: milliseconds');
    const state = makeSignal();
    state.abortAfter(delayMs);
    return state.signal;
  }

  static any(signals: unknown): AbortSignal {
    requireArguments(realm.primordials, arguments.length, 1, 'AbortSignal.any');
    const given = toSignals(signals);
    const state = makeSignal();
    for (let index = 0; index < given.length; index++) {
      const source = given[index]!;
      if (source.aborted) {
        state.abort(source.reason);
        return state.signal;
      }
    }
    state.dependent = true;
    for (let index = 0; index < given.length; index++) {
      const source = given[index]!;
      if (!source.dependent) state.dependOn(source);
      else for (const origin of source.sources) state.dependOn(origin);
    }
    return state.signal;
  }

  get aborted(): boolean {
    return this.#state.aborted;
  }

  get reason(): unknown {
    return this.#state.aborted ? this.#state.reason : undefined;
  }

  throwIfAborted(): void {
    const { aborted, reason } = this.#state;
    if (aborted) throw reason;
  }

  get onabort(): object | null {
    return this.#onabort.get();
  }
  set onabort(value: unknown) {
    this.#onabort.set(value);
  }
}

export class AbortController {
  readonly #state = makeSignal();

  get signal(): AbortSignal {
    return this.#state.signal;
  }

  abort(reason: unknown = undefined): void {
    this.#state.abort(reason);
  }
}

function makeSignal(): SignalState {
  return signalStateOf(new AbortSignal(MAKE))!;
}

/** sequence<AbortSignal> */
function toSignals(value: unknown): SignalState[] {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    throw new TypeError('AbortSignal.any: signals is not iterable');
  }
  const states: SignalState[] = [];
  for (const signal of value as Iterable<unknown>) {
    const state = signalStateOf(signal);
    if (state === undefined) {
      throw new TypeError(`AbortSignal.any: signals[${states.length}] is not an AbortSignal`);
    }
    states[states.length] = state;
  }
  return states;
}

/**
 * DOM, "add an abort algorithm", for `addEventListener` with a signal and for other groups.
 * Answers false, and forgets `algorithm`, when the signal has aborted. Throws TypeError when it is no signal.
 */
export function onAbort(signal: unknown, algorithm: () => void): boolean {
  const state = signalStateOf(signal);
  if (state === undefined) throw new TypeError('options.signal is not an AbortSignal');
  if (state.aborted) return false;
  state.algorithms.add(algorithm);
  state.updateObserved();
  return true;
}

export const signals: Signals = {
  isSignal: (value) => signalStateOf(value) !== undefined,
  follow: (source) => (source === null ? makeSignal().signal : AbortSignal.any([source])),
  abortion(signal) {
    const { aborted, reason } = stateOfSignal(signal);
    return aborted ? { reason } : null;
  },
  onAbort,
  offAbort(signal, algorithm) {
    const state = stateOfSignal(signal);
    if (state.algorithms.delete(algorithm)) state.updateObserved();
  },
};

function stateOfSignal(value: unknown): SignalState {
  const state = signalStateOf(value);
  if (state === undefined) throw new TypeError('not an AbortSignal');
  return state;
}

onListenersChanged((target, type) => {
  if (type === 'abort') signalStateOf(target)?.updateObserved();
});
