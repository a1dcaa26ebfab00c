import { MAX_DEPTH, NAMED_PROPERTIES_UP_TO, TEXT_THRESHOLD } from './format.js';
import {
  ArrayPrototype,
  ObjectPrototype,
  charCodeAt,
  getPrototypeOf,
  hasOwn,
  is,
  isArray,
  isWellFormed,
  keys,
} from './intrinsics.js';
import { hasTextPrimitives } from './text.js';

const BYTE_ORDER_MARK = 0xfeff;
const INT64_END = 2n ** 63n;
const UINT64_END = 2n ** 64n;

/**
 * Whether msgpackr carries a value faithfully as it is: the quick way for most data. False means "not
 * proven", also for what cannot be encoded at all; the slow way then finds out.
 * May run user code (getters, proxies), and throws what that throws.
 */
export function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? isPlainContainer(value, 1, null) : isPlainPrimitive(value);
}

/** Whether msgpackr carries a string: UTF-8 has no lone surrogates, and TextDecoder drops a leading U+FEFF. */
export function isPlainString(string: string): boolean {
  const { length } = string;
  if (length === 0) return true;
  if (length >= TEXT_THRESHOLD && hasTextPrimitives()) return false;
  return isWellFormed(string) && charCodeAt(string, 0) !== BYTE_ORDER_MARK;
}

/** Whether a property of that name survives msgpackr, which renames `__proto__` and goes by `value.constructor`. */
export function isPlainKey(key: string): boolean {
  return key !== '__proto__' && key !== 'constructor' && isPlainString(key);
}

/** msgpackr writes -0 as 0, and has 64 bits for a BigInt. */
export function isPlainPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case 'number':
      return value !== 0 || is(value, 0);
    case 'string':
      return isPlainString(value);
    case 'boolean':
    case 'undefined':
      return true;
    case 'bigint':
      return value < UINT64_END && value >= -INT64_END;
    case 'object':
      return value === null;
    default:
      return false;
  }
}

function isPlainContainer(container: object, depth: number, seen: Seen | null): boolean {
  const prototype = getPrototypeOf(container) as unknown;
  if (prototype === ObjectPrototype) {
    for (const key in container) {
      if (!isPlainKey(key)) return false;
      const value = (container as Record<string, unknown>)[key];
      if (typeof value !== 'object' || value === null) {
        if (!isPlainPrimitive(value)) return false;
        continue;
      }
      if (depth === MAX_DEPTH) return false;
      seen ??= new Seen(container);
      if (!seen.isNew(value) || !isPlainContainer(value, depth + 1, seen)) return false;
    }
    return true;
  }
  if (prototype !== ArrayPrototype || !isArray(container)) return false;
  const { length } = container;
  for (let i = 0; i < length; i++) {
    const value = container[i] as unknown;
    if (typeof value !== 'object' || value === null) {
      if (!isPlainPrimitive(value) || (value === undefined && !hasOwn(container, i))) return false;
      continue;
    }
    if (depth === MAX_DEPTH) return false;
    seen ??= new Seen(container);
    if (!seen.isNew(value) || !isPlainContainer(value, depth + 1, seen)) return false;
  }
  return length > NAMED_PROPERTIES_UP_TO ? !hasOwn(container, 'constructor') : keys(container).length === length;
}

const FEW = 8;

/** The objects met so far. Looking through a few is quicker than hashing them. */
class Seen {
  #few: object[];
  #many: Set<object> | null = null;

  constructor(first: object) {
    this.#few = [first];
  }

  isNew(object: object): boolean {
    const few = this.#few;
    if (this.#many === null) {
      for (let i = 0; i < few.length; i++) if (few[i] === object) return false;
      few.push(object);
      if (few.length > FEW) this.#many = new Set(few);
      return true;
    }
    const { size } = this.#many;
    return this.#many.add(object).size !== size;
  }
}
