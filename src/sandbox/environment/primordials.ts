import type { Transfer } from './transfer.js';

const TypedArray = Object.getPrototypeOf(Uint8Array) as { readonly prototype: Uint8Array };

function getterOf<T>(prototype: object, name: PropertyKey): () => T {
  return Object.getOwnPropertyDescriptor(prototype, name)!.get as () => T;
}

/** Not in every V8. */
const { Float16Array } = globalThis as unknown as {
  Float16Array?: new (buffer: ArrayBuffer) => ArrayBufferView;
};

/**
 * Intrinsics as they were before any Work Function could change them. A group is made much later, when they may be
 * anybody's, so its own code uses these. Taken from the realm at every start of a Sandbox: few, and as they are.
 */
export const primordials = {
  apply: Reflect.apply,
  construct: Reflect.construct,
  defineProperty: Reflect.defineProperty,
  deleteProperty: Reflect.deleteProperty,
  getOwnPropertyDescriptor: Reflect.getOwnPropertyDescriptor,
  getPrototypeOf: Reflect.getPrototypeOf,
  ownKeys: Reflect.ownKeys,
  setPrototypeOf: Reflect.setPrototypeOf,
  ObjectCreate: Object.create,
  Object,
  ObjectHasOwn: Object.hasOwn,
  ObjectKeys: Object.keys,
  ObjectFreeze: Object.freeze,

  Array,
  ArrayIsArray: Array.isArray,
  ArrayPrototypeJoin: Array.prototype.join,
  ArrayPrototypePush: Array.prototype.push,
  ArrayPrototypeSlice: Array.prototype.slice,
  ArrayPrototypeSplice: Array.prototype.splice,
  ArrayPrototypeValues: Array.prototype.values,

  ArrayBuffer,
  ArrayBufferPrototypeByteLength: getterOf<number>(ArrayBuffer.prototype, 'byteLength'),
  ArrayBufferPrototypeMaxByteLength: getterOf<number>(ArrayBuffer.prototype, 'maxByteLength'),
  ArrayBufferPrototypeResizable: getterOf<boolean>(ArrayBuffer.prototype, 'resizable'),
  ArrayBufferIsView: ArrayBuffer.isView,
  ArrayBufferPrototypeSlice: ArrayBuffer.prototype.slice,
  /** Taken before the prelude removes it from the global object. */
  SharedArrayBuffer,
  Uint8Array,
  Uint32Array,
  TypedArrayPrototypeByteLength: getterOf<number>(TypedArray.prototype, 'byteLength'),
  TypedArrayPrototypeBuffer: getterOf<object>(TypedArray.prototype, 'buffer'),
  TypedArrayPrototypeByteOffset: getterOf<number>(TypedArray.prototype, 'byteOffset'),
  TypedArrayPrototypeLength: getterOf<number>(TypedArray.prototype, 'length'),
  TypedArrayPrototypeToStringTag: getterOf<string | undefined>(TypedArray.prototype, Symbol.toStringTag),
  /** Constructors of views by the names that `TypedArrayPrototypeToStringTag` gives. */
  TypedArrays: {
    __proto__: null,
    ...{ Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array },
    ...{ BigInt64Array, BigUint64Array, Float32Array, Float64Array, Float16Array },
  } as unknown as Readonly<
    Record<string, new (buffer: object, byteOffset: number, length: number) => ArrayBufferView>
  >,
  DataView,
  DataViewPrototypeBuffer: getterOf<object>(DataView.prototype, 'buffer'),
  DataViewPrototypeByteLength: getterOf<number>(DataView.prototype, 'byteLength'),
  DataViewPrototypeByteOffset: getterOf<number>(DataView.prototype, 'byteOffset'),
  TypedArrayPrototypeSet: Uint8Array.prototype.set,
  TypedArrayPrototypeSlice: Uint8Array.prototype.slice,
  TypedArrayPrototypeSubarray: Uint8Array.prototype.subarray,

  Map,
  MapPrototypeDelete: Map.prototype.delete,
  MapPrototypeGet: Map.prototype.get,
  MapPrototypeHas: Map.prototype.has,
  MapPrototypeSet: Map.prototype.set,
  MapPrototypeForEach: Map.prototype.forEach,
  Set,
  SetPrototypeAdd: Set.prototype.add,
  SetPrototypeHas: Set.prototype.has,
  SetPrototypeForEach: Set.prototype.forEach,
  SetPrototypeEntries: Set.prototype.entries,
  SetPrototypeSize: getterOf<number>(Set.prototype, 'size'),
  SetPrototypeValues: Set.prototype.values,
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
  StringPrototypeToWellFormed: (String.prototype as unknown as { toWellFormed(): string }).toWellFormed,
  RegExpPrototypeExec: RegExp.prototype.exec,

  JSONParse: JSON.parse,
  JSONStringify: JSON.stringify,
  MathMin: Math.min,
  MathMax: Math.max,
  MathTrunc: Math.trunc,

  Promise,
  PromiseReject: Promise.reject,
  PromiseResolve: Promise.resolve,
  PromisePrototypeThen: Promise.prototype.then,

  Date,
  DatePrototypeGetTime: Date.prototype.getTime,
  Error,
  EvalError,
  captureStackTrace: Error.captureStackTrace,
  RangeError,
  ReferenceError,
  SyntaxError,
  URIError,
  TypeError,
  SymbolIterator: Symbol.iterator,
  SymbolAsyncIterator: Symbol.asyncIterator,
  SymbolToStringTag: Symbol.toStringTag,

  /**
   * Prototypes of objects that are more than their properties, where V8 has no other way to tell: those of our interfaces
   * (webidl.ts adds them) and some of V8's own. With each, how structuredClone copies such an object; null: not at all.
   * A function answers undefined for an object that only has the prototype.
   */
  platformPrototypes: new Map<object, ((value: object) => object | undefined) | null>(
    slottedPrototypes().map((prototype) => [prototype, null]),
  ),
  /** What console shows of objects of such a prototype: names of attributes (empty: without one) and their getters. */
  platformMembers: new Map<object, readonly (readonly [name: string, get: () => unknown])[]>(),
  /** The same for what structuredClone moves. */
  platformTransfers: new Map<object, (value: object) => Transfer | undefined>(),
};

function slottedPrototypes(): object[] {
  const found: (object | null)[] = [FinalizationRegistry.prototype];
  for (const iterator of [[].values(), ''[Symbol.iterator](), ''.matchAll(/x/g)]) {
    found.push(Object.getPrototypeOf(iterator) as object);
  }
  const globals = globalThis as unknown as Record<string, Record<string, unknown> | undefined>;
  const constructors = [
    ...['Instance', 'Table', 'Global', 'Tag', 'Exception'].map((name) => globals['WebAssembly']![name]),
    ...['DisposableStack', 'AsyncDisposableStack'].map((name) => globals[name]),
  ] as ({ prototype: object } | undefined)[];
  for (const constructor of constructors) if (constructor !== undefined) found.push(constructor.prototype);
  return found as object[];
}

export type Primordials = typeof primordials;
