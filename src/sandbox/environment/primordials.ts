/**
 * Intrinsics as they were before any Work Function could change them. A group is made much later, when they may be
 * anybody's, so its own code uses these. Taken from the realm at every start of a Sandbox: few, and as they are.
 */
export const primordials = {
  apply: Reflect.apply,
  construct: Reflect.construct,
  defineProperty: Reflect.defineProperty,
  getOwnPropertyDescriptor: Reflect.getOwnPropertyDescriptor,
  getPrototypeOf: Reflect.getPrototypeOf,
  ownKeys: Reflect.ownKeys,
  setPrototypeOf: Reflect.setPrototypeOf,
  ObjectCreate: Object.create,
  ObjectFreeze: Object.freeze,

  Array,
  ArrayIsArray: Array.isArray,
  ArrayPrototypeJoin: Array.prototype.join,
  ArrayPrototypePush: Array.prototype.push,
  ArrayPrototypeSlice: Array.prototype.slice,
  ArrayPrototypeSplice: Array.prototype.splice,

  ArrayBuffer,
  ArrayBufferIsView: ArrayBuffer.isView,
  ArrayBufferPrototypeSlice: ArrayBuffer.prototype.slice,
  /** Taken before the prelude removes it from the global object. */
  SharedArrayBuffer,
  Uint8Array,
  Uint32Array,
  TypedArrayPrototypeByteLength: Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(Uint8Array.prototype),
    'byteLength',
  )!.get as () => number,
  TypedArrayPrototypeSet: Uint8Array.prototype.set,
  TypedArrayPrototypeSlice: Uint8Array.prototype.slice,
  TypedArrayPrototypeSubarray: Uint8Array.prototype.subarray,

  Map,
  MapPrototypeDelete: Map.prototype.delete,
  MapPrototypeGet: Map.prototype.get,
  MapPrototypeHas: Map.prototype.has,
  MapPrototypeSet: Map.prototype.set,
  WeakMap,
  WeakMapPrototypeGet: WeakMap.prototype.get,
  WeakMapPrototypeSet: WeakMap.prototype.set,

  Number,
  String,
  StringFromCharCode: String.fromCharCode,
  StringPrototypeCharCodeAt: String.prototype.charCodeAt,
  StringPrototypeSlice: String.prototype.slice,
  StringPrototypeToLowerCase: String.prototype.toLowerCase,
  StringPrototypeToUpperCase: String.prototype.toUpperCase,
  RegExpPrototypeExec: RegExp.prototype.exec,

  MathMin: Math.min,
  MathMax: Math.max,
  MathTrunc: Math.trunc,

  Promise,
  PromiseReject: Promise.reject,
  PromiseResolve: Promise.resolve,
  PromisePrototypeThen: Promise.prototype.then,

  Error,
  RangeError,
  TypeError,
  SymbolIterator: Symbol.iterator,
  SymbolAsyncIterator: Symbol.asyncIterator,
  SymbolToStringTag: Symbol.toStringTag,
};

export type Primordials = typeof primordials;
