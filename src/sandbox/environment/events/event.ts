/** Event and the events made of it. https://dom.spec.whatwg.org/#interface-event */
import { requireArguments, toDictionary } from '../webidl.js';
import { toDOMString } from '../webidl-types.js';
import { realm } from './realm.js';

export const PHASES = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 } as const;

/** What dispatching reads and writes. There is no tree here: the path of an event is its target. */
export interface EventState {
  type: string;
  bubbles: boolean;
  cancelable: boolean;
  readonly composed: boolean;
  readonly timeStamp: number;
  isTrusted: boolean;
  target: object | null;
  currentTarget: object | null;
  dispatching: boolean;
  stopped: boolean;
  stoppedAtOnce: boolean;
  canceled: boolean;
  inPassiveListener: boolean;
}

/** The state of a real Event, undefined for everything else. */
export let stateOf: (value: unknown) => EventState | undefined;

/** Cannot be redefined: nobody can make a trusted event ([LegacyUnforgeable]). */
const isTrusted = {
  get(this: unknown): boolean {
    const state = stateOf(this);
    if (state === undefined) throw new TypeError('Event.isTrusted: not an Event');
    return state.isTrusted;
  },
}['get'];

export class Event {
  readonly #state: EventState;

  static {
    stateOf = (value) =>
      typeof value === 'object' && value !== null && #state in value ? value.#state : undefined;
  }

  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(realm.primordials, arguments.length, 1, 'Event');
    const name = toDOMString(type);
    // Members are read in the order of their names.
    const { bubbles, cancelable, composed } = toDictionary<{
      bubbles: unknown;
      cancelable: unknown;
      composed: unknown;
    }>(realm.primordials, init, 'Event: init');
    this.#state = {
      type: name,
      bubbles: Boolean(bubbles),
      cancelable: Boolean(cancelable),
      composed: Boolean(composed),
      timeStamp: realm.clock.now(),
      isTrusted: false,
      target: null,
      currentTarget: null,
      dispatching: false,
      stopped: false,
      stoppedAtOnce: false,
      canceled: false,
      inPassiveListener: false,
    };
    realm.primordials.defineProperty(this, 'isTrusted', { get: isTrusted, enumerable: true });
  }

  get type(): string {
    return this.#state.type;
  }
  get target(): object | null {
    return this.#state.target;
  }
  get srcElement(): object | null {
    return this.#state.target;
  }
  get currentTarget(): object | null {
    return this.#state.currentTarget;
  }
  get eventPhase(): number {
    return this.#state.dispatching ? PHASES.AT_TARGET : PHASES.NONE;
  }
  get bubbles(): boolean {
    return this.#state.bubbles;
  }
  get cancelable(): boolean {
    return this.#state.cancelable;
  }
  get composed(): boolean {
    return this.#state.composed;
  }
  get timeStamp(): number {
    return this.#state.timeStamp;
  }
  get defaultPrevented(): boolean {
    return this.#state.canceled;
  }

  get cancelBubble(): boolean {
    return this.#state.stopped;
  }
  set cancelBubble(stop: unknown) {
    if (stop) this.#state.stopped = true;
  }

  get returnValue(): boolean {
    return !this.#state.canceled;
  }
  set returnValue(keep: unknown) {
    if (!keep) cancel(this.#state);
  }

  composedPath(): object[] {
    const { currentTarget } = this.#state;
    return currentTarget === null ? [] : [currentTarget];
  }

  stopPropagation(): void {
    this.#state.stopped = true;
  }

  stopImmediatePropagation(): void {
    this.#state.stopped = true;
    this.#state.stoppedAtOnce = true;
  }

  preventDefault(): void {
    cancel(this.#state);
  }

  initEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false): void {
    requireArguments(realm.primordials, arguments.length, 1, 'Event.initEvent');
    const state = this.#state;
    const name = toDOMString(type);
    if (state.dispatching) return;
    state.type = name;
    state.bubbles = Boolean(bubbles);
    state.cancelable = Boolean(cancelable);
    state.isTrusted = false;
    state.target = null;
    state.stopped = false;
    state.stoppedAtOnce = false;
    state.canceled = false;
  }
}

/** DOM, "set the canceled flag". */
export function cancel(state: EventState): void {
  if (state.cancelable && !state.inPassiveListener) state.canceled = true;
}

export class CustomEvent extends Event {
  #detail: unknown;

  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(realm.primordials, arguments.length, 1, 'CustomEvent');
    super(type, init);
    const { detail = null } = toDictionary<{ detail: unknown }>(realm.primordials, init, 'CustomEvent: init');
    this.#detail = detail;
  }

  get detail(): unknown {
    return this.#detail;
  }

  initCustomEvent(
    type: unknown,
    bubbles: unknown = false,
    cancelable: unknown = false,
    detail: unknown = null,
  ): void {
    requireArguments(realm.primordials, arguments.length, 1, 'CustomEvent.initCustomEvent');
    const { eventPhase } = this;
    super.initEvent(type, bubbles, cancelable);
    if (eventPhase === PHASES.NONE) this.#detail = detail;
  }
}

/** https://html.spec.whatwg.org/#the-errorevent-interface */
export class ErrorEvent extends Event {
  readonly #message: string;
  readonly #filename: string;
  readonly #lineno: number;
  readonly #colno: number;
  readonly #error: unknown;

  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(realm.primordials, arguments.length, 1, 'ErrorEvent');
    super(type, init);
    const {
      colno = 0,
      error,
      filename = '',
      lineno = 0,
      message = '',
    } = toDictionary<Record<'colno' | 'error' | 'filename' | 'lineno' | 'message', unknown>>(
      realm.primordials,
      init,
      'ErrorEvent: init',
    );
    this.#colno = (colno as number) >>> 0;
    this.#error = error;
    this.#filename = toDOMString(filename);
    this.#lineno = (lineno as number) >>> 0;
    this.#message = toDOMString(message);
  }

  get message(): string {
    return this.#message;
  }
  get filename(): string {
    return this.#filename;
  }
  get lineno(): number {
    return this.#lineno;
  }
  get colno(): number {
    return this.#colno;
  }
  get error(): unknown {
    return this.#error;
  }
}

/** https://html.spec.whatwg.org/#promiserejectionevent */
export class PromiseRejectionEvent extends Event {
  readonly #promise: object;
  readonly #reason: unknown;

  constructor(type: unknown, init: unknown) {
    requireArguments(realm.primordials, arguments.length, 2, 'PromiseRejectionEvent');
    super(type, init);
    const { promise, reason } = toDictionary<{ promise: unknown; reason: unknown }>(
      realm.primordials,
      init,
      'PromiseRejectionEvent: init',
    );
    if ((typeof promise !== 'object' || promise === null) && typeof promise !== 'function') {
      throw new TypeError('PromiseRejectionEvent: init.promise: an object expected');
    }
    this.#promise = promise;
    this.#reason = reason;
  }

  get promise(): object {
    return this.#promise;
  }
  get reason(): unknown {
    return this.#reason;
  }
}
