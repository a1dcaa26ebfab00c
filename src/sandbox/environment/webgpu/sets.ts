/** GPUSupportedFeatures and WGSLLanguageFeatures: `readonly setlike<DOMString>`. https://webidl.spec.whatwg.org/#js-setlike */
import { defineInterface, requireArguments } from '../webidl.js';
import { toDOMString } from '../webidl-types.js';
import { MAKE, realm, requireMake } from './realm.js';

/** A constructor whose objects hold the names that it is given behind `MAKE`. */
type SetlikeType = new (...args: unknown[]) => object;

function makeSetlike(name: string): SetlikeType {
  const { primordials } = realm;
  const { apply, defineProperty, SymbolIterator, TypeError } = primordials;

  /** Iterators of it are those of a Set. */
  class Setlike {
    readonly #set: Set<string>;

    constructor(...args: unknown[]) {
      requireMake(args[0], name);
      const names = args[1] as readonly string[];
      this.#set = new primordials.Set<string>();
      for (let index = 0; index < names.length; index++) {
        apply(primordials.SetPrototypeAdd, this.#set, [names[index]]);
      }
    }

    get size(): number {
      return apply(primordials.SetPrototypeSize, this.#set, []);
    }

    entries(): object {
      return apply(primordials.SetPrototypeEntries, this.#set, []);
    }

    forEach(callback: unknown, thisArgument: unknown = undefined): void {
      const set = this.#set;
      requireArguments(primordials, arguments.length, 1, `${name}.forEach`);
      if (typeof callback !== 'function') throw new TypeError(`${name}.forEach: a function expected`);
      apply(primordials.SetPrototypeForEach, set, [
        (value: unknown) => {
          apply(callback as (...args: unknown[]) => unknown, thisArgument, [value, value, this]);
        },
      ]);
    }

    has(value: unknown): boolean {
      const set = this.#set;
      requireArguments(primordials, arguments.length, 1, `${name}.has`);
      return apply(primordials.SetPrototypeHas, set, [toDOMString(value)]);
    }

    values(): object {
      return apply(primordials.SetPrototypeValues, this.#set, []);
    }
  }

  const { prototype } = Setlike;
  const { values } = prototype;
  defineProperty(prototype, 'keys', { value: values, writable: true, configurable: true });
  defineInterface(primordials, name, Setlike);
  defineProperty(prototype, SymbolIterator, { value: values, writable: true, configurable: true });
  return Setlike;
}

interface Sets {
  readonly GPUSupportedFeatures: SetlikeType;
  readonly WGSLLanguageFeatures: SetlikeType;
  newFeatures(names: readonly string[]): object;
  newLanguageFeatures(names: readonly string[]): object;
}

export function makeSets(): Sets {
  const GPUSupportedFeatures = makeSetlike('GPUSupportedFeatures');
  const WGSLLanguageFeatures = makeSetlike('WGSLLanguageFeatures');
  return {
    GPUSupportedFeatures,
    WGSLLanguageFeatures,
    newFeatures: (names) => new GPUSupportedFeatures(MAKE, names),
    newLanguageFeatures: (names) => new WGSLLanguageFeatures(MAKE, names),
  };
}
