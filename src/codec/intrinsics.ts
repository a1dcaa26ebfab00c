/**
 * The intrinsics the codec relies on, taken when this module loads: before any Work Function can patch
 * them. Internal to the codec.
 */

/** `method` as a function of its receiver: safe against a patched `call` or prototype later. */
function uncurry<T, A extends unknown[], R>(method: (this: T, ...args: A) => R): (self: T, ...args: A) => R {
  return Function.prototype.call.bind(method) as (self: T, ...args: A) => R;
}

function getter<T, R>(prototype: object, key: PropertyKey): (self: T) => R {
  return uncurry(Object.getOwnPropertyDescriptor(prototype, key)!.get as (this: T) => R);
}

export const ObjectConstructor = Object;
export const ArrayConstructor = Array;
export const ObjectPrototype = Object.prototype;
export const ArrayPrototype = Array.prototype;
export const { getPrototypeOf, keys, hasOwn, is, defineProperty } = Object;
export const { isArray } = Array;
export const { isSafeInteger } = Number;
export const { fromCharCode } = String;
export const { apply } = Reflect;
export const isView = ArrayBuffer.isView;
export const propertyIsEnumerable = uncurry(ObjectPrototype.propertyIsEnumerable);
export const objectTag = uncurry(ObjectPrototype.toString);

export const isWellFormed = uncurry(
  // ES2024; in every V8 since 11.1. The library this project compiles against does not know it yet.
  (String.prototype as unknown as { isWellFormed(this: string): boolean }).isWellFormed,
);
export const stringSlice = uncurry(String.prototype.slice);
export const charCodeAt = uncurry(String.prototype.charCodeAt);

export const dateTime = uncurry(Date.prototype.getTime);
export const regExpSource = getter<RegExp, string>(RegExp.prototype, 'source');
export const regExpFlags = getter<RegExp, string>(RegExp.prototype, 'flags');
export const mapSize = getter<Map<unknown, unknown>, number>(Map.prototype, 'size');
export const mapForEach = uncurry(Map.prototype.forEach);
export const mapSet = uncurry(Map.prototype.set);
export const setSize = getter<Set<unknown>, number>(Set.prototype, 'size');
export const setForEach = uncurry(Set.prototype.forEach);
export const setAdd = uncurry(Set.prototype.add);
export const booleanValue = uncurry(Boolean.prototype.valueOf);
export const numberValue = uncurry(Number.prototype.valueOf);
export const stringValue = uncurry(String.prototype.valueOf);
export const bigintValue = uncurry(BigInt.prototype.valueOf);
export const bigintToString = uncurry(BigInt.prototype.toString);

const typedArray = getPrototypeOf(Uint8Array.prototype) as object;
/** The class of a typed array, `undefined` for a DataView; cannot be fooled by `Symbol.toStringTag`. */
export const typedArrayName = getter<ArrayBufferView, string | undefined>(typedArray, Symbol.toStringTag);
export const typedArrayBuffer = getter<ArrayBufferView, ArrayBufferLike>(typedArray, 'buffer');
export const typedArrayByteOffset = getter<ArrayBufferView, number>(typedArray, 'byteOffset');
export const typedArrayByteLength = getter<ArrayBufferView, number>(typedArray, 'byteLength');
export const typedArrayLength = getter<ArrayBufferView, number>(typedArray, 'length');
export const dataViewBuffer = getter<ArrayBufferView, ArrayBufferLike>(DataView.prototype, 'buffer');
export const dataViewByteOffset = getter<ArrayBufferView, number>(DataView.prototype, 'byteOffset');
export const dataViewByteLength = getter<ArrayBufferView, number>(DataView.prototype, 'byteLength');
export const bufferByteLength = getter<ArrayBufferLike, number>(ArrayBuffer.prototype, 'byteLength');
const ArrayBufferPrototype = ArrayBuffer.prototype;
/** False where the engine has no resizable ArrayBuffers. */
export const bufferResizable = hasOwn(ArrayBufferPrototype, 'resizable')
  ? getter<ArrayBufferLike, boolean>(ArrayBufferPrototype, 'resizable')
  : () => false;
/** Absent before V8 11.4. */
export const bufferTransfer = (
  ArrayBufferPrototype as unknown as { transfer?: (this: ArrayBufferLike, length: number) => ArrayBuffer }
).transfer;
/** Null where there is no SharedArrayBuffer (a Sandbox of a Job that does not ask for it). */
export const sharedBufferByteLength =
  typeof SharedArrayBuffer === 'undefined'
    ? null
    : getter<ArrayBufferLike, number>(SharedArrayBuffer.prototype, 'byteLength');

export const setBytes = uncurry(Uint8Array.prototype.set);
export const subarray = uncurry(Uint8Array.prototype.subarray);
