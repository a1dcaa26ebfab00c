import { MAX_DEPTH, NAMED_PROPERTIES_UP_TO, TEXT_THRESHOLD } from './format.js';
import {
  ArrayConstructor,
  ArrayPrototype,
  ObjectConstructor,
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
/** msgpackr uses TextDecoder from 65 bytes on, and a UTF-16 unit takes at most 3. */
const BYTE_ORDER_MARK_LOST_FROM = 22;
const INT64_END = 2n ** 63n;
const UINT64_END = 2n ** 64n;

/**
 * Whether msgpackr carries a value faithfully as it is: the quick way for most data. False means "not
 * proven", also for what cannot be encoded at all; the slow way then finds out.
 * May run user code (getters, proxies), and throws what that throws.
 */
export function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isPlainPrimitive(value);
  // A getter of another value encodes this one: `few` is in use, so this one goes the slow way.
  if (met > 0) return false;
  few[met++] = value;
  try {
    return isPlainContainer(value, 1);
  } finally {
    forget();
  }
}

/** Whether msgpackr carries a string: UTF-8 has no lone surrogates, and TextDecoder drops a leading U+FEFF. */
export function isPlainString(string: string): boolean {
  const { length } = string;
  if (length === 0) return true;
  if (length >= TEXT_THRESHOLD && hasTextPrimitives()) return false;
  return (
    isWellFormed(string) && (length < BYTE_ORDER_MARK_LOST_FROM || charCodeAt(string, 0) !== BYTE_ORDER_MARK)
  );
}

/** Whether a property of that name survives msgpackr, which renames `__proto__` and goes by `value.constructor`, even one that is not enumerable. */
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

function isPlainContainer(container: object, depth: number): boolean {
  const prototype = getPrototypeOf(container) as unknown;
  if (prototype === ObjectPrototype) {
    if (container.constructor !== ObjectConstructor) return false;
    for (const key in container) {
      if (!isPlainKey(key)) return false;
      const value = (container as Record<string, unknown>)[key];
      if (typeof value === 'object' && value !== null) {
        if (depth === MAX_DEPTH || !isNew(value) || !isPlainContainer(value, depth + 1)) return false;
      } else if (!isPlainPrimitive(value)) return false;
    }
    return true;
  }
  if (prototype !== ArrayPrototype || !isArray(container)) return false;
  const array = container as readonly unknown[];
  const { length, constructor } = array;
  if (constructor !== ArrayConstructor) return false;
  for (let i = 0; i < length; i++) {
    const value = array[i];
    if (typeof value === 'number' && value !== 0) continue;
    if (typeof value === 'object' && value !== null) {
      if (depth === MAX_DEPTH || !isNew(value) || !isPlainContainer(value, depth + 1)) return false;
    } else if (!isPlainPrimitive(value) || (value === undefined && !hasOwn(array, i))) return false;
  }
  return length > NAMED_PROPERTIES_UP_TO || keys(array).length === length;
}

/**
 * The objects met so far in the value at hand. Looking through a few is quicker than hashing them, and keeping the
 * list from value to value quicker than making one; `met` is 0 between values.
 */
const few: (object | null)[] = [null, null, null, null, null, null, null, null];
let met = 0;
let many: Set<object> | null = null;

function isNew(object: object): boolean {
  if (many) {
    const { size } = many;
    return many.add(object).size !== size;
  }
  for (let i = 0; i < met; i++) if (few[i] === object) return false;
  if (met < few.length) few[met++] = object;
  else many = new Set(few as object[]).add(object);
  return true;
}

function forget(): void {
  for (let i = 0; i < met; i++) few[i] = null;
  met = 0;
  many = null;
}
