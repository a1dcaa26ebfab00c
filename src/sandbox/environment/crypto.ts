/**
 * What of the Web Cryptography API (https://w3c.github.io/webcrypto/) needs no keys: random values and digests. Random
 * values come from the system, also where a Job fixes `Math.random`.
 */
import type { MakeGroup } from './realm.js';
import { uncurry } from './uncurry.js';
import { defineInterface, requireArguments } from './webidl.js';
import { toDOMString } from './webidl-types.js';

/** Only this file makes them. */
const MAKE = Symbol('make');

/** Names and bytes of digests by number; the same list is `Algorithm` in native/sandbox/crypto_functions.cc. */
const DIGESTS = [
  ['SHA-1', 20],
  ['SHA-256', 32],
  ['SHA-384', 48],
  ['SHA-512', 64],
] as const;

const MAX_RANDOM_BYTES = 65_536;

/** Answers of `host.randomKind`. */
const RandomKind = { integers: 0, otherView: 1 } as const;

const makeCrypto: MakeGroup = (host, realm) => {
  const { primordials } = realm;
  const { ArrayBuffer, Promise, TypeError, Uint8Array } = primordials;
  const toLowerCase = uncurry(primordials, primordials.StringPrototypeToLowerCase);
  const byteLength = uncurry(primordials, primordials.TypedArrayPrototypeByteLength);

  const domException = (message: string, name: string): Error => {
    const { DOMException } = realm.group('dom-exception');
    return new DOMException(message, name);
  };

  const HEX: string[] = [];
  for (let byte = 0; byte < 256; byte++)
    HEX[byte] = '0123456789abcdef'[byte >> 4]! + '0123456789abcdef'[byte & 15]!;

  /** Where V8 looks whether the Sandbox is to stop. */
  const pause = (): void => undefined;

  /** "Normalize an algorithm", for digests: a name, or an object that has one. */
  function digestNumber(algorithm: unknown): number {
    const isObject = (typeof algorithm === 'object' && algorithm !== null) || typeof algorithm === 'function';
    const given = isObject ? (algorithm as { name: unknown }).name : algorithm;
    if (isObject && given === undefined)
      throw new TypeError('SubtleCrypto.digest: algorithm.name is missing');
    const name = toDOMString(given);
    // Of ASCII alone, as it should be: no other character becomes one of these letters in lower case, but some do in upper case.
    const lowerCase = toLowerCase(name);
    for (let number = 0; number < DIGESTS.length; number++) {
      if (toLowerCase(DIGESTS[number]![0]) === lowerCase) return number;
    }
    throw domException(
      `SubtleCrypto.digest: there is no algorithm ${name}; there are SHA-1, SHA-256, SHA-384 and SHA-512`,
      'NotSupportedError',
    );
  }

  class SubtleCrypto {
    readonly #isSubtle = true;

    constructor(...keys: unknown[]) {
      if (keys[0] !== MAKE) throw new TypeError('SubtleCrypto: Illegal constructor');
    }

    /** Computed before it returns, so that what becomes of `data` does not matter and the Slice's CPU time is its own. */
    digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
      // What an operation that answers a promise throws, the promise rejects with.
      return new Promise((resolve) => {
        if (!(#isSubtle in this)) throw new TypeError('SubtleCrypto.digest: Illegal invocation');
        requireArguments(primordials, arguments.length, 2, 'SubtleCrypto.digest');
        if (host.isBufferSource(data) !== true || host.isSharedSource(data)) {
          throw new TypeError('SubtleCrypto.digest: data is no ArrayBuffer or view on one');
        }
        const number = digestNumber(algorithm);
        const target = new ArrayBuffer(DIGESTS[number]![1]);
        host.digest(number, data, target, pause);
        resolve(target);
      });
    }
  }

  class Crypto {
    readonly #subtle = new SubtleCrypto(MAKE);

    constructor(...keys: unknown[]) {
      if (keys[0] !== MAKE) throw new TypeError('Crypto: Illegal constructor');
    }

    get subtle(): SubtleCrypto {
      return this.#subtle;
    }

    getRandomValues(array: unknown): unknown {
      void this.#subtle;
      requireArguments(primordials, arguments.length, 1, 'Crypto.getRandomValues');
      const kind = host.randomKind(array);
      if (kind === RandomKind.otherView) {
        throw domException('Crypto.getRandomValues: an array of integers expected', 'TypeMismatchError');
      }
      if (kind !== RandomKind.integers) {
        throw new TypeError('Crypto.getRandomValues: a view on an ArrayBuffer of fixed size expected');
      }
      const bytes = byteLength(array);
      if (bytes > MAX_RANDOM_BYTES) {
        throw domException(
          `Crypto.getRandomValues: ${bytes} bytes asked for, there are at most ${MAX_RANDOM_BYTES} at once`,
          'QuotaExceededError',
        );
      }
      host.randomFill(array);
      return array;
    }

    /** Version 4 of RFC 9562. */
    randomUUID(): string {
      void this.#subtle;
      const bytes = new Uint8Array(16);
      host.randomFill(bytes);
      bytes[6] = (bytes[6]! & 0x0f) | 0x40;
      bytes[8] = (bytes[8]! & 0x3f) | 0x80;
      let text = '';
      for (let at = 0; at < 16; at++) {
        if (at === 4 || at === 6 || at === 8 || at === 10) text += '-';
        text += HEX[bytes[at]!]!;
      }
      return text;
    }
  }

  defineInterface(primordials, 'Crypto', Crypto);
  defineInterface(primordials, 'SubtleCrypto', SubtleCrypto);
  return { crypto: new Crypto(MAKE), Crypto, SubtleCrypto };
};

export default makeCrypto;
