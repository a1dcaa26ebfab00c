/** EventTarget and dispatch. https://dom.spec.whatwg.org/#interface-eventtarget */
import { requireArguments, toDictionary } from '../webidl.js';
import { toDOMString, toObject } from '../webidl-types.js';
import { stateOf, type Event, type EventState } from './event.js';
import { domException, realm } from './realm.js';

interface Listener {
  readonly type: string;
  /** Null once it has been removed. */
  callback: object | null;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  /** Whether a target has it now: one that was added twice never is. */
  listed: boolean;
}

/** Calls `end` when `signal` aborts; false when it has already. Throws TypeError when it is no AbortSignal. */
type OnAbort = (signal: unknown, end: () => void) => boolean;

let onAbort: OnAbort;

/** Signals are EventTargets, so what this file needs of them comes later. */
export function setOnAbort(given: OnAbort): void {
  onAbort = given;
}

/** A list of so many is copied when one goes, and looked through for duplicates; longer ones would take too long. */
const SHORT_LIST = 16;

/** The listeners for one type of event that capture, or those that do not, in the order in which they came. */
class ListenerList {
  /**
   * Only added to, or replaced: a dispatch goes on with those that it began with. Those that are not listed any more stay for a while.
   */
  entries: Listener[] = [];
  /** How many of them are listed. */
  size = 0;
  /** The listed ones, once they are many. */
  #byCallback: Map<object, Listener> | null = null;

  find(callback: object): Listener | undefined {
    const { apply, MapPrototypeGet } = realm.primordials;
    if (this.#byCallback !== null) {
      return apply(MapPrototypeGet, this.#byCallback, [callback]) as Listener | undefined;
    }
    for (let index = 0; index < this.entries.length; index++) {
      const listener = this.entries[index]!;
      if (listener.listed && listener.callback === callback) return listener;
    }
    return undefined;
  }

  add(listener: Listener): void {
    listener.listed = true;
    this.entries[this.entries.length] = listener;
    this.size++;
    if (this.#byCallback !== null) this.#know(listener);
    else if (this.size > SHORT_LIST) {
      this.#byCallback = new realm.primordials.Map();
      for (let index = 0; index < this.entries.length; index++) {
        if (this.entries[index]!.listed) this.#know(this.entries[index]!);
      }
    }
  }

  drop(listener: Listener): void {
    const { apply, MapPrototypeDelete } = realm.primordials;
    if (this.#byCallback !== null) apply(MapPrototypeDelete, this.#byCallback, [listener.callback!]);
    listener.listed = false;
    // Nobody shall be kept alive by a list that is not theirs any more.
    listener.callback = null;
    this.size--;
    const { entries } = this;
    if (entries.length > SHORT_LIST && entries.length - this.size <= this.size) return;
    const left: Listener[] = [];
    for (let index = 0; index < entries.length; index++) {
      if (entries[index]!.listed) left[left.length] = entries[index]!;
    }
    this.entries = left;
  }

  clear(): void {
    for (let index = 0; index < this.entries.length; index++) {
      this.entries[index]!.listed = false;
      this.entries[index]!.callback = null;
    }
  }

  #know(listener: Listener): void {
    const { apply, MapPrototypeSet } = realm.primordials;
    apply(MapPrototypeSet, this.#byCallback, [listener.callback, listener]);
  }
}

type ListsByType = Record<string, ListenerList | undefined>;

/** A dispatch that goes on calls none of them any more. */
function clearLists(lists: ListsByType | null): void {
  if (lists === null) return;
  const types = realm.primordials.ObjectKeys(lists);
  for (let index = 0; index < types.length; index++) lists[types[index]!]!.clear();
}

const noLists = (): ListsByType => ({ __proto__: null }) as unknown as ListsByType;

/** The event listener list of one target. Only those for the same type know an order among themselves. */
export class Listeners {
  #capturing: ListsByType | null = null;
  #others: ListsByType | null = null;

  /** @param onChange is told the type whenever a listener comes or goes */
  constructor(private readonly onChange: (type: string) => void = () => undefined) {}

  has(type: string): boolean {
    return this.#of(type, false) !== undefined || this.#of(type, true) !== undefined;
  }

  add(listener: Listener): void {
    const { type, capture } = listener;
    let list = this.#of(type, capture);
    if (list === undefined) {
      list = new ListenerList();
      if (capture) (this.#capturing ??= noLists())[type] = list;
      else (this.#others ??= noLists())[type] = list;
    } else if (list.find(listener.callback!) !== undefined) return;
    list.add(listener);
    this.onChange(type);
  }

  remove(type: string, callback: object, capture: boolean): void {
    const listener = this.#of(type, capture)?.find(callback);
    if (listener !== undefined) this.drop(listener);
  }

  drop(listener: Listener): void {
    if (!listener.listed) return;
    const { type, capture } = listener;
    const list = this.#of(type, capture)!;
    list.drop(listener);
    if (list.size === 0) delete (capture ? this.#capturing : this.#others)![type];
    this.onChange(type);
  }

  clear(): void {
    clearLists(this.#capturing);
    clearLists(this.#others);
    this.#capturing = null;
    this.#others = null;
  }

  /** DOM, "invoke", for a target without a tree: those that capture first. */
  invoke(event: Event, state: EventState, target: object): void {
    for (let capture = true; ; capture = false) {
      const entries = this.#of(state.type, capture)?.entries;
      // Those that are added in this pass are not called in it, those that are removed neither.
      const count = entries === undefined ? 0 : entries.length;
      for (let index = 0; index < count; index++) {
        const listener = entries![index]!;
        const { callback } = listener;
        if (callback === null) continue;
        if (listener.once) this.drop(listener);
        state.inPassiveListener = listener.passive;
        try {
          callListener(callback, target, event);
        } catch (thrown) {
          realm.reports.exception(thrown);
        }
        state.inPassiveListener = false;
        if (state.stoppedAtOnce) return;
      }
      if (state.stopped || !capture) return;
    }
  }

  #of(type: string, capture: boolean): ListenerList | undefined {
    const lists = capture ? this.#capturing : this.#others;
    return lists === null ? undefined : lists[type];
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
    listed: false,
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
