/** EventTarget and dispatch. https://dom.spec.whatwg.org/#interface-eventtarget */
import { requireArguments, toDictionary } from '../webidl.js';
import { toDOMString, toObject } from '../webidl-types.js';
import { stateOf, type Event, type EventState } from './event.js';
import { domException, realm } from './realm.js';

interface Listener {
  readonly type: string;
  readonly callback: object;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  removed: boolean;
}

/** Calls `end` when `signal` aborts; false when it has already. Throws TypeError when it is no AbortSignal. */
type OnAbort = (signal: unknown, end: () => void) => boolean;

let onAbort: OnAbort;

/** Signals are EventTargets, so what this file needs of them comes later. */
export function setOnAbort(given: OnAbort): void {
  onAbort = given;
}

/** The event listener list of one target. */
export class Listeners {
  #list: readonly Listener[] = [];

  /** @param onChange is told the type whenever a listener comes or goes */
  constructor(private readonly onChange: (type: string) => void = () => undefined) {}

  has(type: string): boolean {
    for (let index = 0; index < this.#list.length; index++) {
      if (this.#list[index]!.type === type) return true;
    }
    return false;
  }

  add(listener: Listener): void {
    if (this.#find(listener.type, listener.callback, listener.capture) !== undefined) return;
    const list: Listener[] = [];
    for (let index = 0; index < this.#list.length; index++) list[index] = this.#list[index]!;
    list[list.length] = listener;
    this.#list = list;
    this.onChange(listener.type);
  }

  remove(type: string, callback: object, capture: boolean): void {
    const listener = this.#find(type, callback, capture);
    if (listener !== undefined) this.drop(listener);
  }

  drop(listener: Listener): void {
    if (listener.removed) return;
    listener.removed = true;
    const left: Listener[] = [];
    for (let index = 0; index < this.#list.length; index++) {
      const other = this.#list[index]!;
      if (other !== listener) left[left.length] = other;
    }
    this.#list = left;
    this.onChange(listener.type);
  }

  clear(): void {
    for (let index = 0; index < this.#list.length; index++) this.#list[index]!.removed = true;
    this.#list = [];
  }

  /** DOM, "invoke", for a target without a tree: those that capture first. */
  invoke(event: Event, state: EventState, target: object): void {
    for (let capture = true; ; capture = false) {
      // Those that are added in this pass are not called in it, those that are removed neither.
      const list = this.#list;
      for (let index = 0; index < list.length; index++) {
        const listener = list[index]!;
        if (listener.removed || listener.type !== state.type || listener.capture !== capture) continue;
        if (listener.once) this.drop(listener);
        state.inPassiveListener = listener.passive;
        try {
          callListener(listener.callback, target, event);
        } catch (thrown) {
          realm.reports.exception(thrown);
        }
        state.inPassiveListener = false;
        if (state.stoppedAtOnce) return;
      }
      if (state.stopped || !capture) return;
    }
  }

  #find(type: string, callback: object, capture: boolean): Listener | undefined {
    for (let index = 0; index < this.#list.length; index++) {
      const listener = this.#list[index]!;
      if (listener.type === type && listener.callback === callback && listener.capture === capture) {
        return listener;
      }
    }
    return undefined;
  }
}

type AnyFunction = (...args: unknown[]) => unknown;

/** Web IDL, "call a user object's operation". */
function callListener(callback: object, target: object, event: Event): void {
  if (typeof callback === 'function') {
    realm.primordials.apply(callback as AnyFunction, target, [event]);
    return;
  }
  const { handleEvent } = callback as { handleEvent?: unknown };
  if (typeof handleEvent !== 'function') throw new TypeError('EventListener.handleEvent is not a function');
  realm.primordials.apply(handleEvent as AnyFunction, callback, [event]);
}

/** The arguments of `addEventListener`, as both EventTarget and the global object take them. */
export function addListener(listeners: Listeners, name: unknown, given: unknown, options: unknown): void {
  const type = toDOMString(name);
  const callback = toListener(given, 'EventTarget.addEventListener');
  const { capture, once, passive, signal } = toOptions(options);
  const listener: Listener | null = callback && {
    type,
    callback,
    capture: Boolean(capture),
    once: Boolean(once),
    passive: Boolean(passive),
    removed: false,
  };
  if (signal === undefined) {
    if (listener) listeners.add(listener);
    return;
  }
  const end = (): void => {
    if (listener) listeners.drop(listener);
  };
  if (onAbort(signal, end) && listener) listeners.add(listener);
}

/** The arguments of `removeEventListener`. */
export function removeListener(listeners: Listeners, name: unknown, given: unknown, options: unknown): void {
  const type = toDOMString(name);
  const callback = toListener(given, 'EventTarget.removeEventListener');
  const { capture } = toOptions(options);
  if (callback) listeners.remove(type, callback, Boolean(capture));
}

/** The argument of `dispatchEvent`. Answers whether nobody prevented the default. */
export function dispatchGiven(listeners: Listeners, target: object, event: unknown): boolean {
  const state = stateOf(event);
  if (state === undefined) throw new TypeError('EventTarget.dispatchEvent: argument 1 is not an Event');
  if (state.dispatching) {
    throw domException(
      'EventTarget.dispatchEvent: the event is being dispatched already',
      'InvalidStateError',
    );
  }
  state.isTrusted = false;
  return dispatch(event as Event, state, listeners, target);
}

/** DOM, "fire an event": one of ours. Answers whether nobody prevented the default. */
export function fire(event: Event, listeners: Listeners, target: object): boolean {
  const state = stateOf(event)!;
  state.isTrusted = true;
  return dispatch(event, state, listeners, target);
}

function dispatch(event: Event, state: EventState, listeners: Listeners, target: object): boolean {
  state.dispatching = true;
  state.target = target;
  state.currentTarget = target;
  if (!state.stopped) listeners.invoke(event, state, target);
  state.currentTarget = null;
  state.dispatching = false;
  state.stopped = false;
  state.stoppedAtOnce = false;
  return !state.canceled;
}

function toListener(value: unknown, where: string): object | null {
  const callback = toObject(value);
  if (callback === null && value !== null && value !== undefined) {
    throw new TypeError(`${where}: the listener is neither a function nor an object, but ${typeof value}`);
  }
  return callback;
}

interface ListenerOptions {
  capture: boolean;
  once: boolean;
  passive: boolean;
  signal: object;
}

/** A dictionary, or a boolean for `capture` (DOM, "flatten more"). */
function toOptions(value: unknown): { readonly [Key in keyof ListenerOptions]?: unknown } {
  if (typeof value === 'object' || typeof value === 'function' || value === undefined) {
    return toDictionary<ListenerOptions>(realm.primordials, value, 'EventTarget');
  }
  return { capture: value };
}

/** Of a real EventTarget; undefined for everything else. */
export let listenersOf: (value: object) => Listeners | undefined;

/** Its constructor answers what it is given, so that private fields of classes that extend it are that object's. */
class Given {
  constructor(object: object) {
    return object;
  }
}

/** What makes an object an EventTarget, whoever has made the object. */
class Target extends Given {
  readonly #listeners: Listeners = new Listeners((type) => {
    changed(this, type);
  });

  // Said, because the bundler's own would spread its arguments, by an iterator that may be anybody's.
  constructor(object: object) {
    super(object);
  }

  static {
    listenersOf = (value) => (#listeners in value ? value.#listeners : undefined);
  }
}

/** Makes an object an EventTarget that did not come from the constructor of that name. Once. */
export function adopt(object: object): void {
  new Target(object);
}

function requireListeners(target: object): Listeners {
  const listeners = listenersOf(target);
  if (listeners === undefined) throw new TypeError('EventTarget: Illegal invocation');
  return listeners;
}

export class EventTarget {
  constructor() {
    adopt(this);
  }

  addEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    const listeners = requireListeners(this);
    requireArguments(realm.primordials, arguments.length, 2, 'EventTarget.addEventListener');
    addListener(listeners, type, callback, options);
  }

  removeEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    const listeners = requireListeners(this);
    requireArguments(realm.primordials, arguments.length, 2, 'EventTarget.removeEventListener');
    removeListener(listeners, type, callback, options);
  }

  dispatchEvent(event: unknown): boolean {
    const listeners = requireListeners(this);
    requireArguments(realm.primordials, arguments.length, 1, 'EventTarget.dispatchEvent');
    return dispatchGiven(listeners, this, event);
  }
}

let changed: (target: object, type: string) => void = () => undefined;

/** `listener` hears of every listener that comes or goes, at any target. */
export function onListenersChanged(listener: (target: object, type: string) => void): void {
  changed = listener;
}
