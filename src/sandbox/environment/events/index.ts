/**
 * Group `events`: what the DOM standard has about events and aborting, and the global object as an EventTarget.
 * Listeners of the global object go when the Slice ends that added them.
 */

import type { GlobalEvents } from '../../reports.js';
import type { MakeGroup } from '../realm.js';
import { defineInterface, requireArguments } from '../webidl.js';
import { defineConstants } from '../webidl-types.js';
import { AbortController, AbortSignal, onAbort, signals } from './abort.js';
import {
  addListener,
  adopt,
  dispatchGiven,
  EventTarget,
  fire,
  Listeners,
  listenersOf,
  removeListener,
  setOnAbort,
} from './event-target.js';
import { CustomEvent, ErrorEvent, Event, PHASES, PromiseRejectionEvent, stateOf } from './event.js';
import { EventHandler } from './handler.js';
import { enterRealm } from './realm.js';
import type { Targets } from './targets.js';

const realmGlobal = globalThis as unknown as Record<string, unknown>;

/** `at function (file:line:column)` or `at file:line:column`. */
const POSITION = /\n[^\S\n]*at (?:.*\()?([^()\n]+):(\d+):(\d+)\)?(?:\n|$)/;

const makeEvents: MakeGroup = (_host, realm) => {
  enterRealm(realm);
  setOnAbort(onAbort);
  const { primordials } = realm;
  defineInterface(primordials, 'Event', Event, null, ['type', 'defaultPrevented', 'cancelable', 'timeStamp']);
  defineConstants(primordials, Event, PHASES);
  defineInterface(primordials, 'CustomEvent', CustomEvent, null, ['detail']);
  defineInterface(primordials, 'ErrorEvent', ErrorEvent, null, [
    'message',
    'filename',
    'lineno',
    'colno',
    'error',
  ]);
  defineInterface(primordials, 'PromiseRejectionEvent', PromiseRejectionEvent, null, ['reason']);
  defineInterface(primordials, 'EventTarget', EventTarget);
  defineInterface(primordials, 'AbortController', AbortController, null, ['signal']);
  defineInterface(primordials, 'AbortSignal', AbortSignal, null, ['aborted']);

  const listeners = new Listeners();
  let clearing = false;
  /** HTML, "the event handler processing algorithm": what it throws is reported, and listeners are called all the same. */
  const callHandler = (handler: AnyFunction, args: unknown[]): unknown => {
    try {
      return primordials.apply(handler, globalThis, args);
    } catch (thrown) {
      realm.reports.exception(thrown);
      return undefined;
    }
  };
  const globalEvents: GlobalEvents = {
    fireError(thrown) {
      const init = describe(realm.explain, thrown);
      const event = new ErrorEvent('error', { ...init, error: thrown, cancelable: true });
      const { onerror } = realmGlobal;
      if (typeof onerror === 'function') {
        const { message, filename, lineno, colno } = init;
        // `true` means dealt with, for this one handler.
        if (callHandler(onerror as AnyFunction, [message, filename, lineno, colno, thrown]) === true) {
          event.preventDefault();
        }
      }
      return !fire(event, listeners, globalThis);
    },
    fireRejection(promise, reason) {
      return fireRejectionEvent('unhandledrejection', promise, reason, true);
    },
    fireRejectionHandled(promise, reason) {
      fireRejectionEvent('rejectionhandled', promise, reason, false);
    },
  };
  const fireRejectionEvent = (
    type: string,
    promise: unknown,
    reason: unknown,
    cancelable: boolean,
  ): boolean => {
    const event = new PromiseRejectionEvent(type, { promise, reason, cancelable });
    const handler = realmGlobal[`on${type}`];
    if (typeof handler === 'function' && callHandler(handler as AnyFunction, [event]) === false) {
      event.preventDefault();
    }
    return !fire(event, listeners, globalThis);
  };
  realm.reports.events = globalEvents;

  const targets: Targets = {
    adopt,
    fire: (event, target) => fire(event as Event, listenersOf(target)!, target),
    isDispatching: (event) => stateOf(event)!.dispatching,
    handler: (target, type) => new EventHandler(target, type),
  };

  return {
    Event,
    EventTarget,
    CustomEvent,
    ErrorEvent,
    PromiseRejectionEvent,
    AbortController,
    AbortSignal,
    addEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
      requireArguments(primordials, arguments.length, 2, 'addEventListener');
      addListener(listeners, type, callback, options);
      if (clearing) return;
      clearing = true;
      realm.scope.atEnd(() => {
        listeners.clear();
        clearing = false;
      });
    },
    removeEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
      requireArguments(primordials, arguments.length, 2, 'removeEventListener');
      removeListener(listeners, type, callback, options);
    },
    dispatchEvent(event: unknown): boolean {
      requireArguments(primordials, arguments.length, 1, 'dispatchEvent');
      return dispatchGiven(listeners, globalThis, event);
    },
    globalEvents,
    signals,
    targets,
  };
};

export default makeEvents;

type AnyFunction = (...args: unknown[]) => unknown;

/** What an ErrorEvent says of the error: as far as its stack tells. */
function describe(
  explain: (thrown: unknown) => string,
  thrown: unknown,
): { message: string; filename: string; lineno: number; colno: number } {
  const text = explain(thrown);
  const position = POSITION.exec(text);
  return {
    message: `Uncaught ${text.split('\n', 1)[0]!}`,
    filename: position?.[1] ?? '',
    lineno: Number(position?.[2] ?? 0),
    colno: Number(position?.[3] ?? 0),
  };
}
