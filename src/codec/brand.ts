import {
  bigintValue,
  booleanValue,
  bufferByteLength,
  dateTime,
  mapSize,
  numberValue,
  objectTag,
  regExpSource,
  setSize,
  sharedBufferByteLength,
  stringValue,
} from './intrinsics.js';

/** Built-in classes whose instances carry data that is not in their properties. */
export type Brand =
  'Map' | 'Set' | 'Date' | 'RegExp' | 'Error' | 'ArrayBuffer' | 'Boolean' | 'Number' | 'String' | 'BigInt';

/** True when the intrinsic, which throws for any other receiver, accepts the object. */
function accepts(intrinsic: (self: never) => unknown): (object: object) => boolean {
  return (object) => {
    try {
      intrinsic(object as never);
      return true;
    } catch {
      return false;
    }
  };
}

const isSharedBuffer = sharedBufferByteLength ? accepts(sharedBufferByteLength) : () => false;

const CHECKS = new Map<string, { readonly brand: Brand; readonly check: (object: object) => boolean }>([
  ['Map', { brand: 'Map', check: accepts(mapSize) }],
  ['Set', { brand: 'Set', check: accepts(setSize) }],
  ['Date', { brand: 'Date', check: accepts(dateTime) }],
  // The getter also answers for RegExp.prototype itself, with what that would match.
  [
    'RegExp',
    { brand: 'RegExp', check: (object) => object !== RegExp.prototype && accepts(regExpSource)(object) },
  ],
  [
    'Error',
    { brand: 'Error', check: (object) => object instanceof Error || objectTag(object) === '[object Error]' },
  ],
  ['ArrayBuffer', { brand: 'ArrayBuffer', check: accepts(bufferByteLength) }],
  ['SharedArrayBuffer', { brand: 'ArrayBuffer', check: isSharedBuffer }],
  ['Boolean', { brand: 'Boolean', check: accepts(booleanValue) }],
  ['Number', { brand: 'Number', check: accepts(numberValue) }],
  ['String', { brand: 'String', check: accepts(stringValue) }],
  ['BigInt', { brand: 'BigInt', check: accepts(bigintValue) }],
]);

/** Objects that are what they do, or hold what nobody can list: by the name they give themselves. */
const UNCARRIED =
  /^(Promise|WeakMap|WeakSet|WeakRef|FinalizationRegistry|Symbol|Module|(Async)?Generator|.*Iterator|Iterator Helper|Intl\..+|WebAssembly\..+|Temporal\..+)$/;
const UNCARRIED_CLASSES = [Promise, WeakMap, WeakSet, WeakRef, FinalizationRegistry];

/** What an object is to the codec: of a built-in class, an instance of somebody's class, or not data at all. */
export type Classified =
  { readonly brand: Brand } | { readonly instance: string } | { readonly uncarried: string };

const ORDINARY: Classified = { instance: 'Object' };

/** Classifies an object that is no array, view or plain object. */
export function classify(object: object): Classified {
  // Class name by internal slots, unless Symbol.toStringTag says something else; so it is only a first guess.
  const tag = objectTag(object).slice('[object '.length, -1);
  if (tag === 'Object') return ORDINARY;
  const guess = CHECKS.get(tag);
  if (guess?.check(object)) return guess;
  if (UNCARRIED.test(tag)) return { uncarried: tag };
  for (const uncarried of UNCARRIED_CLASSES)
    if (object instanceof uncarried) return { uncarried: uncarried.name };
  for (const known of CHECKS.values()) if (known.check(object)) return known;
  return { instance: tag };
}
