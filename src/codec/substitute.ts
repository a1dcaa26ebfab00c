import { EncodingError, OversizeError } from '../model/index.js';
import { classify } from './brand.js';
import { ERROR_CLASSES, Kind, MAX_DEPTH, NAMED_PROPERTIES_UP_TO, VIEW_TYPES } from './format.js';
import {
  ObjectPrototype,
  bigintToString,
  bigintValue,
  booleanValue,
  dataViewBuffer,
  dataViewByteLength,
  dataViewByteOffset,
  dateTime,
  getPrototypeOf,
  hasOwn,
  isArray,
  isView,
  isWellFormed,
  keys,
  mapForEach,
  numberValue,
  propertyIsEnumerable,
  regExpFlags,
  regExpSource,
  setForEach,
  stringValue,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayByteOffset,
  typedArrayLength,
  typedArrayName,
} from './intrinsics.js';
import { MARK } from './msgpack.js';
import { entryStep, pathText, type Step } from './path.js';
import { isPlainKey, isPlainPrimitive, isPlainString } from './plain.js';
import { BufferUse } from './segments.js';
import { hasTextPrimitives, textToUtf16, textToUtf8 } from './text.js';

const ALLOWED =
  'allowed are primitives, arrays, plain objects, Map, Set, Date, RegExp, Error, ArrayBuffer, typed arrays and DataView';

/** What a node of bytes has of msgpack besides these. */
const NODE_BYTES = 16;

/** A value in a form that msgpackr carries faithfully, and the bytes that travel beside it. */
export interface Substitute {
  readonly tree: unknown;
  readonly segments: readonly Uint8Array[];
  /** Bytes of long strings in the tree: so much it will have when it is packed, at least. */
  readonly textBytes: number;
}

/**
 * Builds the substitute of any value: the same tree, with nodes (see `Kind`) in place of all that msgpack has no word for.
 * @throws {EncodingError} with the path to what cannot be encoded, or (OversizeError) to what is too much for `maxBytes`
 */
export function substitute(value: unknown, maxBytes = Infinity): Substitute {
  const substitution = new Substitution(maxBytes);
  try {
    const tree = substitution.of(value);
    return { tree, segments: substitution.finish(), textBytes: substitution.textBytes };
  } catch (error) {
    if (error instanceof EncodingError) throw error;
    // A getter or a proxy threw (a revoked one throws whatever one does), or the stack ended.
    throw new EncodingError(substitution.path(), `reading it failed: ${describeFailure(error)}`);
  }
}

export function describeFailure(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'what was thrown has no description';
  }
}

/** One substitution in progress. */
class Substitution {
  /** Number of each object met, in the order in which a reader meets it. */
  readonly #numbers = new Map<object, number>();
  readonly #buffers = new Map<object, BufferUse>();
  /** From the value to where we are. What throws leaves it as it was. */
  readonly #steps: Step[] = [];
  textBytes = 0;
  /** Bytes met so far in long strings and buffers; what else there is counts when it has been packed. */
  #bytes = 0;

  constructor(readonly maxBytes: number) {}

  path(): string {
    return pathText(this.#steps);
  }

  of(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        return isPlainPrimitive(value) ? value : [MARK, Kind.negativeZero];
      case 'bigint':
        return isPlainPrimitive(value) ? value : [MARK, Kind.bigint, bigintToString(value, 16)];
      case 'object':
        return value === null ? null : this.#object(value);
      case 'function':
        return this.#refuse('a function');
      case 'symbol':
        return this.#refuse('a symbol');
      default:
        return value;
    }
  }

  /** Lays out the buffers met and returns the segments. Nothing of the value is read after this. */
  finish(): Uint8Array[] {
    const segments: Uint8Array[] = [];
    this.#buffers.forEach((use) => {
      this.#charge(use.byteLength, 'value');
    });
    this.#buffers.forEach((use) => use.finish(MARK, segments));
    return segments;
  }

  /** `path` is where we are when it is null. */
  #charge(bytes: number, path: string | null): void {
    this.#bytes += bytes;
    if (this.#bytes > this.maxBytes) throw new OversizeError(path ?? this.path(), this.maxBytes);
  }

  #refuse(what: string, hint = ALLOWED): never {
    throw new EncodingError(this.path(), `${what} cannot be carried to or from a Sandbox; ${hint}`);
  }

  #step(step: Step, value: unknown): unknown {
    this.#steps.push(step);
    const result = this.of(value);
    this.#steps.pop();
    return result;
  }

  #property(object: object, name: string): unknown {
    // The step comes before the reading, so that the path names a getter that throws.
    this.#steps.push(name);
    const result = this.of((object as Record<string, unknown>)[name]);
    this.#steps.pop();
    return result;
  }

  #string(string: string): unknown {
    if (isPlainString(string)) return string;
    const { length } = string;
    if (hasTextPrimitives() && isWellFormed(string)) {
      this.#charge(length, null);
      const bytes = textToUtf8(string);
      this.#charge(bytes.length - length, null);
      this.textBytes += bytes.length + NODE_BYTES;
      return [MARK, Kind.text, bytes];
    }
    this.#charge(2 * length, null);
    this.textBytes += 2 * length + NODE_BYTES;
    return [MARK, Kind.utf16, textToUtf16(string)];
  }

  #object(object: object): unknown {
    const known = this.#numbers.get(object);
    if (known !== undefined) {
      // A buffer known from its views is now wanted in full.
      this.#buffers.get(object)?.addWhole();
      return [MARK, Kind.ref, known];
    }
    if (this.#steps.length >= MAX_DEPTH) {
      throw new EncodingError(
        this.path(),
        `the value is nested deeper than ${MAX_DEPTH} levels, which is the limit`,
      );
    }
    this.#number(object);
    if (isArray(object)) return this.#array(object);
    const prototype = getPrototypeOf(object) as unknown;
    if (prototype === ObjectPrototype || prototype === null) return this.#plain(object);
    if (isView(object)) return this.#view(object);
    return this.#classified(object);
  }

  #number(object: object): void {
    this.#numbers.set(object, this.#numbers.size);
  }

  #array(array: readonly unknown[]): unknown {
    const { length } = array;
    if (length <= NAMED_PROPERTIES_UP_TO && keys(array).length !== length)
      return this.#irregularArray(array, []);
    const elements: unknown[] = [];
    for (let i = 0; i < length; i++) {
      this.#steps.push(i);
      const value = array[i];
      if (value === undefined && !hasOwn(array, i)) {
        this.#steps.pop();
        return this.#irregularArray(array, elements);
      }
      elements.push(this.of(value));
      this.#steps.pop();
    }
    return elements;
  }

  /** `done`: elements from 0 on that are substituted (and numbered) already; no holes among them. */
  #irregularArray(array: readonly unknown[], done: readonly unknown[]): unknown {
    const node: unknown[] = [MARK, Kind.array, array.length];
    for (let i = 0; i < done.length; i++) node.push(i, done[i]);
    for (const key of keys(array)) {
      const index = Number(key);
      // Array indices are the integers below the length; any other key, also one like "01", is a name.
      if (String(index >>> 0) !== key || index >= array.length)
        node.push(this.#string(key), this.#property(array, key));
      else if (index >= done.length) node.push(index, this.#step(index, array[index]));
    }
    return node;
  }

  #plain(object: object): unknown {
    const names = keys(object);
    for (const name of names) if (!isPlainKey(name)) return this.#pairs([MARK, Kind.object], object, names);
    const result: Record<string, unknown> = {};
    for (const name of names) result[name] = this.#property(object, name);
    return result;
  }

  #pairs(node: unknown[], object: object, names: readonly string[]): unknown[] {
    for (const name of names) node.push(this.#string(name), this.#property(object, name));
    return node;
  }

  #classified(object: object): unknown {
    const classified = classify(object);
    if ('uncarried' in classified) return this.#refuse(`an object of class ${classified.uncarried}`);
    if ('instance' in classified) {
      const { instance } = classified;
      // An object that names its class and shows nothing of itself is a handle (URL, GPUBuffer, …): {} would lose it.
      if (instance !== 'Object' && keys(object).length === 0)
        return this.#refuse(`an object of class ${instance}`);
      return this.#plain(object);
    }
    switch (classified.brand) {
      case 'Map':
        return this.#map(object as Map<unknown, unknown>);
      case 'Set':
        return this.#set(object as Set<unknown>);
      case 'Date':
        return [MARK, Kind.date, dateTime(object)];
      case 'RegExp':
        return this.#regExp(object as RegExp);
      case 'Error':
        return this.#error(object as Error);
      case 'ArrayBuffer':
        return this.#buffer(object as ArrayBufferLike);
      case 'Boolean':
        return [MARK, Kind.boxed, booleanValue(object)];
      case 'Number':
        return [MARK, Kind.boxed, this.of(numberValue(object))];
      case 'String':
        return [MARK, Kind.boxed, this.#string(stringValue(object))];
      case 'BigInt':
        return [MARK, Kind.boxed, this.of(bigintValue(object))];
    }
  }

  #map(map: Map<unknown, unknown>): unknown {
    const node: unknown[] = [MARK, Kind.map];
    let index = 0;
    mapForEach(map, (value, key) => {
      node.push(this.#step({ text: `.key(${index})` }, key), this.#step(entryStep(key, index), value));
      index++;
    });
    return node;
  }

  #set(set: Set<unknown>): unknown {
    const node: unknown[] = [MARK, Kind.set];
    setForEach(set, (element) => {
      node.push(this.#step({ text: `.element(${node.length - 2})` }, element));
    });
    return node;
  }

  #regExp(regExp: RegExp): unknown {
    return [MARK, Kind.regexp, this.#string(regExpSource(regExp)), regExpFlags(regExp)];
  }

  /**
   * The nearest built-in class; name, message, stack, cause and errors, whether enumerable or not; and every other
   * enumerable property. What a class gives its instances through its prototype (`name`, mostly) becomes their own.
   */
  #error(error: Error): unknown {
    const type = errorClass(error);
    const hidden: string[] = [];
    for (const name of ['name', 'message', 'stack', 'cause', 'errors'] as const) {
      const own = hasOwn(error, name);
      if (own && propertyIsEnumerable(error, name)) continue;
      const value = (error as unknown as Record<string, unknown>)[name];
      if (name === 'cause' || name === 'errors') {
        if (own) hidden.push(name);
      } else if (name === 'stack') {
        // Engines differ in whose property it is; Error.prepareStackTrace can make it anything, CallSites mostly.
        if (typeof value === 'string') hidden.push(name);
      } else if (
        own ||
        (typeof value === 'string' && value !== (name === 'name' ? ERROR_CLASSES[type] : ''))
      ) {
        hidden.push(name);
      }
    }
    const shown = keys(error);
    return this.#pairs([MARK, Kind.error, type, hidden.length], error, [...hidden, ...shown]);
  }

  #view(view: ArrayBufferView): unknown {
    const name = typedArrayName(view);
    const type = (VIEW_TYPES as readonly string[]).indexOf(name ?? 'DataView');
    if (type < 0) return this.#refuse(`a ${name}`);
    const isTyped = name !== undefined;
    const buffer = isTyped ? typedArrayBuffer(view) : dataViewBuffer(view);
    this.#refuseDetached(buffer);
    const byteLength = isTyped ? typedArrayByteLength(view) : dataViewByteLength(view);
    const byteOffset = isTyped ? typedArrayByteOffset(view) : dataViewByteOffset(view);
    const length = isTyped ? typedArrayLength(view) : byteLength;
    const known = this.#buffers.get(buffer);
    const use = known ?? this.#use(buffer);
    const bufferNode = known ? [MARK, Kind.ref, this.#numbers.get(buffer)] : use.node;
    const node = [MARK, Kind.view, type, bufferNode, byteOffset, length];
    use.addView(node, type, byteOffset, byteLength);
    return node;
  }

  #buffer(buffer: ArrayBufferLike): unknown {
    this.#refuseDetached(buffer);
    const use = this.#use(buffer);
    use.addWhole();
    return use.node;
  }

  #use(buffer: ArrayBufferLike): BufferUse {
    if (!this.#numbers.has(buffer)) this.#number(buffer);
    const use = new BufferUse(buffer, []);
    this.#buffers.set(buffer, use);
    return use;
  }

  #refuseDetached(buffer: ArrayBufferLike): void {
    if (buffer.byteLength > 0) return;
    try {
      // Works on an empty buffer and throws on a detached one; `detached` itself is younger than Node 20.
      new Uint8Array(buffer);
    } catch {
      this.#refuse(
        'a detached ArrayBuffer',
        'its memory was moved away, as a result is when a Slice returns it: return a copy of what is kept',
      );
    }
  }
}

const NATIVE_ERRORS = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
];

/** Position in ERROR_CLASSES of the nearest built-in class. */
function errorClass(error: Error): number {
  for (let type = NATIVE_ERRORS.length - 1; type > 0; type--)
    if (error instanceof NATIVE_ERRORS[type]!) return type;
  return 0;
}
