/** Conversions of WebIDL's types (https://webidl.spec.whatwg.org/#js-type-mapping), and constants of interfaces. */
import type { Primordials } from './primordials.js';

/** DOMString. Throws TypeError for a Symbol. */
export function toDOMString(value: unknown): string {
  return typeof value === 'string' ? value : `${value as string}`;
}

/** USVString: lone surrogates are replaced. Throws TypeError for a Symbol. */
export function toUSVString({ apply, StringPrototypeToWellFormed }: Primordials, value: unknown): string {
  return apply(StringPrototypeToWellFormed, toDOMString(value), []);
}

/** ByteString: no character above U+00FF. `what` names the value in the error. */
export function toByteString(
  { TypeError, apply, StringPrototypeCharCodeAt }: Primordials,
  value: unknown,
  what: string,
): string {
  const text = toDOMString(value);
  for (let at = 0; at < text.length; at++) {
    if (apply(StringPrototypeCharCodeAt, text, [at]) > 0xff)
      throw new TypeError(`${what}: a character above U+00FF, at ${at}`);
  }
  return text;
}

/** One of the values of an enumeration. `what` names it in the error. */
export function toEnumeration<Value extends string>(
  { TypeError }: Primordials,
  value: unknown,
  values: readonly Value[],
  what: string,
): Value {
  const text = toDOMString(value);
  for (let index = 0; index < values.length; index++) if (values[index] === text) return text as Value;
  throw new TypeError(`${what}: "${text}" is none of its values`);
}

/** [EnforceRange] unsigned long long. `what` names the value in the error. */
export function toUnsignedLongLong(
  { TypeError, MathTrunc }: Primordials,
  value: unknown,
  what: string,
): number {
  const number = MathTrunc(+(value as number));
  // -0 is 0.
  if (number >= 0 && number <= 2 ** 53 - 1) return number + 0;
  throw new TypeError(`${what}: a number from 0 to ${2 ** 53 - 1} expected, got ${number}`);
}

/** double: finite. `what` names the value in the error. */
export function toDouble({ TypeError }: Primordials, value: unknown, what: string): number {
  const number = +(value as number);
  if (number - number === 0) return number;
  throw new TypeError(`${what}: a finite number expected, got ${number}`);
}

/** An object or function, as event listeners and handlers are; null for anything else. */
export function toObject(value: unknown): object | null {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? value : null;
}

/** sequence<object>. `what` names the value in the error. */
export function toObjects({ TypeError, defineProperty }: Primordials, list: unknown, what: string): object[] {
  const objects: object[] = [];
  if (toObject(list) === null) throw new TypeError(`${what}: a sequence expected, got ${typeof list}`);
  for (const item of list as Iterable<unknown>) {
    const object = toObject(item);
    if (object === null) throw new TypeError(`${what}[${objects.length}]: an object expected`);
    defineProperty(objects, objects.length, { value: object });
  }
  return objects;
}

/** Constants stand on the interface and on its prototype, and nobody can change them. */
export function defineConstants(
  { ObjectKeys, defineProperty }: Primordials,
  type: abstract new (...args: never[]) => object,
  constants: Readonly<Record<string, number>>,
): void {
  const names = ObjectKeys(constants);
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    const property = { value: constants[name], enumerable: true };
    defineProperty(type, name, property);
    defineProperty(type.prototype as object, name, property);
  }
}
