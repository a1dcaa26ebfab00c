import { DecodingError } from '../model/index.js';
import { ERROR_CLASSES, Kind, VIEW_ELEMENT_BYTES, VIEW_TYPES } from './format.js';
import { defineProperty, isArray, isSafeInteger, isView, keys, mapSet, setAdd } from './intrinsics.js';
import { MARK } from './msgpack.js';
import { adoptSegment, copyBytes } from './segments.js';
import { utf16ToText, utf8ToText } from './text.js';

/** Arrays this much longer than what they hold are made sparse, so that a few bytes cannot claim gigabytes. */
const MOSTLY_HOLES = 1024;
const MAX_ARRAY_LENGTH = 2 ** 32 - 1;

/**
 * Turns what msgpackr made of a validated head into the value: nodes become what they stand for, in place.
 * @param segments the list in which the head's segments are entries `from` (inclusive) to `to` (exclusive)
 * @throws {DecodingError} when a node's fields do not fit its kind
 */
export function revive(tree: unknown, segments: readonly Uint8Array[], from: number, to: number): unknown {
  return new Revival(segments, from, to).of(tree);
}

type ViewConstructor = new (buffer: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView;
const VIEW_CONSTRUCTORS = VIEW_TYPES.map(
  (name) => (globalThis as Record<string, unknown>)[name] as ViewConstructor | undefined,
);
const ERROR_CONSTRUCTORS = ERROR_CLASSES.map(
  (name) => (globalThis as Record<string, unknown>)[name] as new (first?: unknown) => Error,
);
const HIDDEN_IN_ERRORS = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** One value in the making. */
class Revival {
  /** By number, see `Kind.ref`. Undefined while what it stands for is not made yet. */
  readonly #objects: (object | undefined)[] = [];
  /** Segments that are part of the value by now. */
  #adopted: boolean[] | null = null;

  constructor(
    readonly segments: readonly Uint8Array[],
    readonly from: number,
    readonly to: number,
  ) {}

  of(tree: unknown): unknown {
    if (typeof tree !== 'object' || tree === null) return tree;
    if (!isArray(tree)) {
      // Would be a view on the head, which is not the value's.
      if (isView(tree)) return malformed('bytes where a value should be');
      const object = tree as Record<string, unknown>;
      this.#objects.push(object);
      for (const key of keys(object)) {
        const value = object[key];
        if (typeof value === 'object' && value !== null) object[key] = this.of(value);
      }
      return object;
    }
    const array = tree as unknown[];
    if (array[0] === MARK) return this.#node(array);
    this.#objects.push(array);
    for (let i = 0; i < array.length; i++) {
      const value = array[i];
      if (typeof value === 'object' && value !== null) array[i] = this.of(value);
    }
    return array;
  }

  #node(node: unknown[]): unknown {
    switch (node[1]) {
      case Kind.ref:
        return this.#objects[integer(node[2])] ?? malformed('a reference to an object that is not there');
      case Kind.negativeZero:
        return -0;
      case Kind.bigint:
        return bigint(node[2]);
      case Kind.utf16:
      case Kind.text:
        return string(node);
      case Kind.object:
        return this.#fill(this.#made({}), node, 2);
      case Kind.array:
        return this.#array(node);
      case Kind.date:
        return this.#made(
          new Date(typeof node[2] === 'number' ? node[2] : malformed('a Date without a number')),
        );
      case Kind.regexp:
        return this.#regExp(node);
      case Kind.map: {
        const map = this.#made(new Map<unknown, unknown>());
        if (node.length % 2 !== 0) malformed('a Map with a key without a value');
        for (let i = 2; i < node.length; i += 2) {
          const key = this.of(node[i]);
          mapSet(map, key, this.of(node[i + 1]));
        }
        return map;
      }
      case Kind.set: {
        const set = this.#made(new Set<unknown>());
        for (let i = 2; i < node.length; i++) setAdd(set, this.of(node[i]));
        return set;
      }
      case Kind.error:
        return this.#error(node);
      case Kind.boxed:
        return this.#made(Object(primitive(node[2])) as object);
      case Kind.buffer:
        return this.#made(copyBytes(bytes(node[2])));
      case Kind.segment:
        return this.#segment(integer(node[2]));
      case Kind.view:
        return this.#view(node);
      default:
        return malformed('a node of unknown kind');
    }
  }

  /** Gives an object the next number. */
  #made<T extends object>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  /** Defines what the pairs from `at` say; never assigns, so that no setter and no `__proto__` is in the way. */
  #fill<T extends object>(object: T, node: unknown[], at: number): T {
    if ((node.length - at) % 2 !== 0) malformed('a property without a value');
    for (let i = at; i < node.length; i += 2) define(object, string(node[i]), this.of(node[i + 1]), true);
    return object;
  }

  #array(node: unknown[]): unknown[] {
    const length = integer(node[2]);
    if (length > MAX_ARRAY_LENGTH) malformed('an array longer than arrays can be');
    const array: unknown[] = this.#made([]);
    if (length > node.length + MOSTLY_HOLES) array.length = MAX_ARRAY_LENGTH;
    array.length = length;
    if (node.length % 2 === 0) malformed('an element without a value');
    for (let i = 3; i < node.length; i += 2) {
      const key = node[i];
      const index = typeof key === 'number';
      if (index && !(integer(key) < length)) malformed('an element beyond the end of its array');
      const name = index ? String(key) : string(key);
      if (name === 'length') malformed('an array with a second length');
      define(array, name, this.of(node[i + 1]), true);
    }
    return array;
  }

  #regExp(node: unknown[]): RegExp {
    const source = string(node[2]);
    const flags = string(node[3]);
    try {
      return this.#made(new RegExp(source, flags));
    } catch {
      return malformed('a RegExp that this engine does not understand');
    }
  }

  #error(node: unknown[]): Error {
    const type = integer(node[2]);
    const hidden = integer(node[3]);
    const constructor = ERROR_CONSTRUCTORS[type];
    if (!constructor || node.length % 2 !== 0 || hidden > (node.length - 4) / 2)
      malformed('an Error with the wrong fields');
    const error = this.#made(
      ERROR_CLASSES[type] === 'AggregateError' ? new constructor([]) : new constructor(),
    );
    // What the constructor put there belongs to this place, not to the error.
    delete (error as Partial<Error>).stack;
    delete (error as { errors?: unknown }).errors;
    for (let i = 4; i < node.length; i += 2) {
      const name = string(node[i]);
      const isHidden = i < 4 + 2 * hidden;
      if (isHidden && !HIDDEN_IN_ERRORS.has(name)) malformed('an Error with the wrong fields');
      define(error, name, this.of(node[i + 1]), !isHidden);
    }
    return error;
  }

  #segment(index: number): ArrayBuffer {
    if (index >= this.to - this.from) malformed(`a reference to segment ${index} of ${this.to - this.from}`);
    // Each is one ArrayBuffer: a few bytes could otherwise have one copied again and again.
    if (this.#adopted?.[index] === true) malformed(`a second reference to segment ${index}`);
    (this.#adopted ??= [])[index] = true;
    return this.#made(adoptSegment(this.segments[this.from + index]!));
  }

  #view(node: unknown[]): ArrayBufferView {
    const number = this.#objects.push(undefined) - 1;
    const type = integer(node[2]);
    const buffer = this.of(node[3]);
    const byteOffset = integer(node[4]);
    const length = integer(node[5]);
    const elementBytes = VIEW_ELEMENT_BYTES[type];
    if (elementBytes === undefined) malformed('a view of unknown type');
    const constructor = VIEW_CONSTRUCTORS[type];
    if (!constructor) throw new DecodingError(`this engine has no ${VIEW_TYPES[type]}`);
    if (!(buffer instanceof ArrayBuffer)) malformed('a view without a buffer');
    if (byteOffset % elementBytes !== 0)
      malformed(`a ${VIEW_TYPES[type]} at the misaligned offset ${byteOffset}`);
    if (byteOffset + length * elementBytes > buffer.byteLength)
      malformed('a view beyond the end of its buffer');
    const view = new constructor(buffer, byteOffset, length);
    this.#objects[number] = view;
    return view;
  }
}

function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  // Whatever `Object.prototype` has by now is no part of the descriptor.
  const property = { __proto__: null, value, enumerable, writable: true, configurable: true };
  defineProperty(object, key, property as PropertyDescriptor);
}

function malformed(what: string): never {
  throw new DecodingError(`the encoded value has ${what}`);
}

function integer(field: unknown): number {
  return typeof field === 'number' && isSafeInteger(field) && field >= 0
    ? field
    : malformed('a field that is no whole number');
}

function bytes(field: unknown): Uint8Array {
  return field instanceof Uint8Array ? field : malformed('a field without bytes');
}

/** A string, or the node of one. */
function string(field: unknown): string {
  if (typeof field === 'string') return field;
  if (!isArray(field) || field[0] !== MARK) return malformed('a field that is no string');
  const units = bytes(field[2]);
  if (field[1] === Kind.text) return utf8ToText(units);
  if (field[1] !== Kind.utf16 || units.length % 2 !== 0) return malformed('a field that is no string');
  return utf16ToText(units);
}

function bigint(field: unknown): bigint {
  if (typeof field !== 'string' || !/^-?[0-9a-f]+$/.test(field)) return malformed('a BigInt without digits');
  return field[0] === '-' ? -BigInt(`0x${field.slice(1)}`) : BigInt(`0x${field}`);
}

/** What an object can be made of with `Object(…)`. */
function primitive(field: unknown): unknown {
  if (isArray(field) && field[0] === MARK) {
    if (field[1] === Kind.negativeZero) return -0;
    if (field[1] === Kind.bigint) return bigint(field[2]);
    return string(field);
  }
  return typeof field === 'object' || field === undefined
    ? malformed('a boxed value that is no primitive')
    : field;
}
