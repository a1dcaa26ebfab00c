/**
 * What WebIDL (https://webidl.spec.whatwg.org/) asks of every interface, for our own classes: how its members look, and
 * how arguments are converted.
 */
import type { Primordials } from './primordials.js';
import type { Transfer } from './transfer.js';

/**
 * Makes a class look like a WebIDL interface: operations and attributes enumerable, `Symbol.toStringTag` on the
 * prototype, the name of the class stated (a bundler may change it).
 * @param clone copies an object for structuredClone, or answers undefined for what is none; without it there is no copy
 * @param shown the attributes that console shows beside those of the interfaces this one extends
 */
export function defineInterface(
  primordials: Primordials,
  name: string,
  type: abstract new (...args: never[]) => object,
  clone: ((value: object) => object | undefined) | null = null,
  shown: readonly string[] = [],
) {
  const { defineProperty, SymbolToStringTag } = primordials;
  primordials.apply(primordials.MapPrototypeSet, primordials.platformPrototypes, [type.prototype, clone]);
  defineProperty(type, 'name', { value: name, configurable: true });
  showMembers(primordials, type.prototype as object, 'constructor');
  showMembers(primordials, type, '');
  defineProperty(type.prototype as object, SymbolToStringTag, { value: name, configurable: true });
  if (shown.length > 0) showInConsole(primordials, type.prototype as object, shown);
}

/** The getters as they are now: nobody's but the interface's own are called. */
export function showInConsole(primordials: Primordials, prototype: object, shown: readonly string[]): void {
  const members: [name: string, get: () => unknown][] = [];
  for (let index = 0; index < shown.length; index++) {
    const { get } = primordials.getOwnPropertyDescriptor(prototype, shown[index]!)!;
    primordials.defineProperty(members, index, { value: [shown[index]!, get!] });
  }
  primordials.apply(primordials.MapPrototypeSet, primordials.platformMembers, [prototype, members]);
}

/**
 * Makes an interface transferable.
 * @param transfer answers undefined for what is no object of the interface
 */
export function defineTransfer(
  primordials: Primordials,
  type: abstract new (...args: never[]) => object,
  transfer: (value: object) => Transfer | undefined,
): void {
  primordials.apply(primordials.MapPrototypeSet, primordials.platformTransfers, [type.prototype, transfer]);
}

/** What a class declares is hidden from enumeration, what an interface declares is not. */
function showMembers(primordials: Primordials, holder: object, except: string): void {
  const { ownKeys, getOwnPropertyDescriptor, defineProperty } = primordials;
  const keys = ownKeys(holder);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    const descriptor = getOwnPropertyDescriptor(holder, key)!;
    // `length`, `name` and `prototype` of a function are none of its members.
    if (typeof key !== 'string' || key === except || (typeof holder === 'function' && isOfFunction(key)))
      continue;
    descriptor.enumerable = true;
    defineProperty(holder, key, descriptor);
  }
}

function isOfFunction(key: string): boolean {
  return key === 'length' || key === 'name' || key === 'prototype';
}

/**
 * An argument that is a dictionary: undefined and null have no members.
 * @param what names the argument in the error
 */
export function toDictionary<Members extends object>(
  { TypeError }: Primordials,
  value: unknown,
  what: string,
): { readonly [Key in keyof Members]?: unknown } {
  if (value === undefined || value === null) return NO_MEMBERS;
  if (typeof value !== 'object' && typeof value !== 'function') {
    throw new TypeError(`${what}: an object expected, got ${typeof value}`);
  }
  return value;
}

const NO_MEMBERS = { __proto__: null } as object;

/** @throws {TypeError} fewer arguments than an operation requires. */
export function requireArguments(
  { TypeError }: Primordials,
  given: number,
  least: number,
  what: string,
): void {
  if (given < least) {
    throw new TypeError(
      `${what}: ${least} argument${least === 1 ? '' : 's'} required, but only ${given} present`,
    );
  }
}
