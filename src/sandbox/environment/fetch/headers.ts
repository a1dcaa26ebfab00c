/** Headers. https://fetch.spec.whatwg.org/#headers-class */
import { requireArguments } from '../webidl.js';
import { toByteString, toObject } from '../webidl-types.js';
import { HeaderList, toName, toValue, type Header } from './header-list.js';
import { realm } from './realm.js';

/** Only this group makes Headers of a list. */
const MAKE = Symbol('make');

/** The list of a real Headers object; undefined for everything else. */
let listOf: (value: unknown) => HeaderList | undefined;

export function makeHeaders(list: HeaderList): Headers {
  return new Headers(MAKE, list);
}

export class Headers {
  readonly #list: HeaderList;

  static {
    listOf = (value) =>
      typeof value === 'object' && value !== null && #list in value ? value.#list : undefined;
  }

  constructor(...args: unknown[]) {
    if (args[0] === MAKE) {
      this.#list = args[1] as HeaderList;
      return;
    }
    this.#list = new HeaderList('none');
    if (args[0] !== undefined) fillHeaders(this.#list, args[0], 'Headers: init');
  }

  append(name: unknown, value: unknown): void {
    const list = this.#list;
    requireArguments(realm.primordials, arguments.length, 2, 'Headers.append');
    append(list, 'Headers.append', name, value);
  }

  delete(name: unknown): void {
    const list = this.#list;
    requireArguments(realm.primordials, arguments.length, 1, 'Headers.delete');
    const known = toName('Headers.delete', name);
    if (list.admits('Headers.delete', known, '')) list.delete(known);
  }

  get(name: unknown): string | null {
    const list = this.#list;
    requireArguments(realm.primordials, arguments.length, 1, 'Headers.get');
    return list.get(toName('Headers.get', name));
  }

  getSetCookie(): string[] {
    const { all } = this.#list;
    const values: string[] = [];
    for (let index = 0; index < all.length; index++) {
      const [name, value] = all[index]!;
      if (name === 'set-cookie') values[values.length] = value;
    }
    return values;
  }

  has(name: unknown): boolean {
    const list = this.#list;
    requireArguments(realm.primordials, arguments.length, 1, 'Headers.has');
    return list.has(toName('Headers.has', name));
  }

  set(name: unknown, value: unknown): void {
    const list = this.#list;
    requireArguments(realm.primordials, arguments.length, 2, 'Headers.set');
    const known = toName('Headers.set', name);
    const text = toValue('Headers.set', value);
    if (list.admits('Headers.set', known, text)) list.set(known, text);
  }

  forEach(callback: unknown, thisArgument: unknown = undefined): void {
    const list = this.#list;
    const { TypeError, apply } = realm.primordials;
    requireArguments(realm.primordials, arguments.length, 1, 'Headers.forEach');
    if (typeof callback !== 'function') throw new TypeError('Headers.forEach: a function expected');
    for (let index = 0, pairs = list.sorted(); index < pairs.length; index++) {
      const [name, value] = pairs[index]!;
      apply(callback as (...args: unknown[]) => unknown, thisArgument, [value, name, this]);
      // What the callback adds or takes away is seen.
      pairs = list.sorted();
    }
  }

  entries(): object {
    return makeIterator(this.#list, 'entries');
  }
  keys(): object {
    return makeIterator(this.#list, 'keys');
  }
  values(): object {
    return makeIterator(this.#list, 'values');
  }
}

/** Values of a HeadersInit: pairs, or a record. Throws TypeError. */
export function fillHeaders(list: HeaderList, init: unknown, where: string): void {
  const { TypeError, SymbolIterator, ownKeys, getOwnPropertyDescriptor } = realm.primordials;
  const object = toObject(init);
  if (object === null) throw new TypeError(`${where}: pairs or an object expected`);
  const given = listOf(object);
  const iterate: unknown = (object as Record<symbol, unknown>)[SymbolIterator];
  // As they are, unless somebody has given them another iterator.
  if (given !== undefined && iterate === HeadersPrototypeEntries) {
    const pairs = given.sorted();
    for (let index = 0; index < pairs.length; index++) append(list, where, ...pairs[index]!);
    return;
  }
  if (iterate !== undefined && iterate !== null) {
    if (typeof iterate !== 'function') throw new TypeError(`${where}: not iterable`);
    const pairs: [unknown, unknown][] = [];
    for (const pair of object as Iterable<unknown>) {
      pairs[pairs.length] = toPair(pair, `${where}[${pairs.length}]`);
    }
    for (let index = 0; index < pairs.length; index++) append(list, where, ...pairs[index]!);
    return;
  }
  const record: [string, string][] = [];
  const keys = ownKeys(object);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    if (getOwnPropertyDescriptor(object, key)?.enumerable !== true) continue;
    const name = toByteString(realm.primordials, key, `${where}: name`);
    record[record.length] = [
      name,
      toByteString(realm.primordials, (object as Record<string, unknown>)[name], `${where}: value`),
    ];
  }
  for (let index = 0; index < record.length; index++) append(list, where, ...record[index]!);
}

function toPair(value: unknown, where: string): [unknown, unknown] {
  const { TypeError } = realm.primordials;
  const pair: unknown[] = [];
  if (toObject(value) === null) throw new TypeError(`${where}: a pair expected`);
  for (const part of value as Iterable<unknown>) pair[pair.length] = part;
  if (pair.length !== 2) throw new TypeError(`${where}: a pair expected, got ${pair.length} values`);
  return [pair[0], pair[1]];
}

function append(list: HeaderList, where: string, name: unknown, value: unknown): void {
  const known = toName(where, name);
  const text = toValue(where, value);
  if (list.admits(where, known, text)) list.append(known, text);
}

type Kind = 'entries' | 'keys' | 'values';

/** Web IDL, "default iterator object": it sees what is added while it goes on. */
class HeadersIterator {
  #index = 0;
  readonly #list: HeaderList;
  readonly #kind: Kind;

  constructor(list: HeaderList, kind: Kind) {
    this.#list = list;
    this.#kind = kind;
  }

  next(): { value: unknown; done: boolean } {
    const pairs = this.#list.sorted();
    if (this.#index >= pairs.length) return { value: undefined, done: true };
    const [name, value] = pairs[this.#index++]!;
    if (this.#kind === 'entries') return { value: [name, value] satisfies Header, done: false };
    return { value: this.#kind === 'keys' ? name : value, done: false };
  }
}

function makeIterator(list: HeaderList, kind: Kind): object {
  return new HeadersIterator(list, kind);
}

/** The function that is `Headers.prototype[Symbol.iterator]` as well. */
let HeadersPrototypeEntries: unknown;

/** Gives Headers and their iterators the shape that Web IDL says. */
export function defineIteration(): void {
  const { defineProperty, getPrototypeOf, setPrototypeOf, SymbolIterator, SymbolToStringTag } =
    realm.primordials;
  HeadersPrototypeEntries = getOwnValue(Headers.prototype, 'entries');
  defineProperty(Headers.prototype, SymbolIterator, {
    value: HeadersPrototypeEntries,
    writable: true,
    configurable: true,
  });
  const prototype = HeadersIterator.prototype as object;
  // %IteratorPrototype%, by the way that nobody can change.
  const generatorPrototype = getPrototypeOf(function* () {}.prototype as object)!;
  const iteratorPrototype = getPrototypeOf(generatorPrototype);
  setPrototypeOf(prototype, iteratorPrototype);
  defineProperty(prototype, 'next', {
    value: getOwnValue(prototype, 'next'),
    writable: true,
    enumerable: true,
    configurable: true,
  });
  defineProperty(prototype, SymbolToStringTag, { value: 'Headers Iterator', configurable: true });
  realm.primordials.deleteProperty(prototype, 'constructor');
}

function getOwnValue(object: object, key: string): unknown {
  return realm.primordials.getOwnPropertyDescriptor(object, key)!.value;
}
