/** GPUDevice as an EventTarget, and its event. https://www.w3.org/TR/webgpu/#gpudevice */
import type { Handler } from '../events/targets.js';
import { defineInterface, requireArguments, toDictionary } from '../webidl.js';
import { describe, isError, type GPUError } from './errors.js';
import { realm } from './realm.js';

/** Its constructor answers what it is given, so that private fields of a class that extends it are that object's. */
class Given {
  constructor(object: object) {
    return object;
  }
}

/** What a GPUDevice has beyond what native code has made. */
class Device extends Given {
  readonly #onuncapturederror = realm.group('events').targets.handler(this, 'uncapturederror');

  // Said, because the bundler's own would spread its arguments, by an iterator that may be anybody's.
  constructor(object: object) {
    super(object);
  }

  /** Throws TypeError when it is none. */
  static handler(value: object): Handler {
    if (#onuncapturederror in value) return value.#onuncapturederror;
    throw new realm.primordials.TypeError('GPUDevice.onuncapturederror: Illegal invocation');
  }
}

/** Makes a GPUDevice that native code has made an EventTarget. */
export function adoptDevice(device: object): void {
  realm.group('events').targets.adopt(device);
  new Device(device);
}

/** What native code does not make of the prototype of GPUDevice. */
export function defineDevice(prototype: object): void {
  const { getOwnPropertyDescriptor, defineProperty } = realm.primordials;
  const attribute = getOwnPropertyDescriptor(
    {
      get onuncapturederror(): object | null {
        return Device.handler(this).get();
      },
      set onuncapturederror(value: unknown) {
        Device.handler(this).set(value);
      },
    },
    'onuncapturederror',
  )!;
  defineProperty(prototype, 'onuncapturederror', attribute);
}

interface UncapturedErrors {
  readonly GPUUncapturedErrorEvent: abstract new (...args: never[]) => object;
  fireUncapturedError(device: object, error: GPUError): void;
}

export function makeUncapturedErrors(): UncapturedErrors {
  const { primordials, messages } = realm;
  const { Event, targets } = realm.group('events');

  class GPUUncapturedErrorEvent extends Event {
    readonly #error: object;

    constructor(type: unknown, init: unknown) {
      requireArguments(primordials, arguments.length, 2, 'GPUUncapturedErrorEvent');
      super(type, init);
      const what = 'GPUUncapturedErrorEvent: gpuUncapturedErrorEventInitDict';
      const { error } = toDictionary<{ error: unknown }>(primordials, init, what);
      if (!isError(error)) throw new primordials.TypeError(`${what}.error: not a GPUError`);
      this.#error = error;
    }

    get error(): object {
      return this.#error;
    }
  }

  defineInterface(primordials, 'GPUUncapturedErrorEvent', GPUUncapturedErrorEvent);
  return {
    GPUUncapturedErrorEvent,
    /** Nobody listening is told by a line among the Slice's console messages. */
    fireUncapturedError(device, error) {
      const init = { __proto__: null, bubbles: false, cancelable: true, composed: false, error };
      const event = new GPUUncapturedErrorEvent('uncapturederror', init);
      if (targets.fire(event, device)) messages.warn(`Uncaught ${describe(error)}`);
    },
  };
}
