import { clip } from './clip.js';
import type { Failures } from './failure.js';

// As they were before any Work Function could change them.
const NativeError = Error;
const toText = String;
const { defineProperty } = Object;

/** Made before `Error.prepareStackTrace` can be anybody's, and used again: it is encoded at once. */
const failure = new Error();

/**
 * The Error that a failed Slice delivers: `code` says how it failed, message and stack come from what was thrown.
 * Reads each property of hostile values once, and survives what their getters throw.
 */
export function makeFailure({ detailsOf, explain, stackOf }: Failures, code: string, thrown: unknown): Error {
  const define = (key: string, value: string, enumerable = false): void => {
    defineProperty(failure, key, {
      // Whatever `Object.prototype` has by now is no part of it.
      __proto__: null,
      value: clip(value),
      enumerable,
      writable: true,
      configurable: true,
    } as PropertyDescriptor);
  };
  define('name', 'Error');
  define('message', 'an error that cannot be shown');
  define('stack', '');
  define('code', code, true);
  try {
    if (thrown instanceof NativeError) {
      define('name', toText(thrown.name));
      define('message', toText(thrown.message));
      define('stack', toText(stackOf(thrown) ?? '') + detailsOf(thrown));
    } else {
      define('message', `not an Error but: ${explain(thrown)}`);
    }
  } catch {
    // What could be read is there.
  }
  return failure;
}
