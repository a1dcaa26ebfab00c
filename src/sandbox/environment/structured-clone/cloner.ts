/**
 * One structured clone: https://html.spec.whatwg.org/#structuredserializeinternal and its counterpart in one walk, which
 * nobody can tell from two: getters run in the same order, and none can reach the copy. V8's own serializer is not used:
 * in Node 20 it takes objects of our interfaces for plain ones, and it copies every buffer more than once.
 */
import { GROWING_BUFFER, makeMapped, MODULE } from '../../mapped.js';
import type { EnvironmentHost } from '../host.js';
import type { Realm } from '../realm.js';
import type { Transfer } from '../transfer.js';
import { uncurry } from '../uncurry.js';
import { toDOMString } from '../webidl-types.js';
import type { Clone } from './clone.js';
import { Kind } from './kinds.js';

type Holder = Record<PropertyKey, unknown>;

/** What can only be made once buffers are transferred, and the place it then takes in the copy. */
interface Late {
  readonly make: () => object;
  made: object | undefined;
}
interface Hole {
  readonly holder: object;
  readonly key: PropertyKey;
  readonly late: Late;
}

/** What is its own copy. A symbol has none. */
function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case 'object':
      return value === null;
    case 'function':
    case 'symbol':
      return false;
    default:
      return true;
  }
}

export function createClone(host: EnvironmentHost, realm: Realm): Clone {
  const { primordials } = realm;
  const { ObjectHasOwn, ObjectKeys, TypedArrays, construct, defineProperty, getOwnPropertyDescriptor } =
    primordials;
  const { getPrototypeOf, setPrototypeOf } = primordials;
  const get = uncurry(primordials, primordials.MapPrototypeGet as (key: unknown) => unknown);
  const put = uncurry(primordials, primordials.MapPrototypeSet);
  const eachEntry = uncurry(primordials, primordials.MapPrototypeForEach);
  const eachMember = uncurry(primordials, primordials.SetPrototypeForEach);
  const add = uncurry(primordials, primordials.SetPrototypeAdd);
  const getTime = uncurry(primordials, primordials.DatePrototypeGetTime);
  const bytesOf = uncurry(primordials, primordials.ArrayBufferPrototypeByteLength);
  const isResizable = uncurry(primordials, primordials.ArrayBufferPrototypeResizable);
  const maxBytesOf = uncurry(primordials, primordials.ArrayBufferPrototypeMaxByteLength);
  const setBytes = uncurry(primordials, primordials.TypedArrayPrototypeSet);
  const typeOf = uncurry(primordials, primordials.TypedArrayPrototypeToStringTag);
  const lengthOf = uncurry(primordials, primordials.TypedArrayPrototypeLength);
  const plainPrototype = primordials.Object.prototype;
  const errors = {
    __proto__: null,
    EvalError: primordials.EvalError,
    RangeError: primordials.RangeError,
    ReferenceError: primordials.ReferenceError,
    SyntaxError: primordials.SyntaxError,
    TypeError: primordials.TypeError,
    URIError: primordials.URIError,
  } as unknown as Record<string, ErrorConstructor | undefined>;

  const refuse = (message: string): never => {
    const { DOMException } = realm.group('dom-exception');
    throw new DOMException(message, 'DataCloneError');
  };
  const refuseValue = (value: unknown): never => {
    if (typeof value === 'symbol') return refuse(`${primordials.String(value)} could not be cloned.`);
    const name = host.nameOf(value as object);
    if (typeof value === 'function') return refuse(`function ${name ?? ''} could not be cloned.`);
    return refuse(`#<${name ?? 'Object'}> could not be cloned.`);
  };

  /** A property of a copy, whatever the Work Function has made of the prototypes. */
  const define = (holder: object, key: PropertyKey, value: unknown): void => {
    if (key in holder) {
      defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
    } else {
      (holder as Holder)[key] = value;
    }
  };
  /** An empty list that can be written to as it is, whatever the Work Function has made of the prototypes. */
  const list = <T>(): T[] => {
    const empty: T[] = [];
    setPrototypeOf(empty, null);
    return empty;
  };
  const hide = (holder: object, key: PropertyKey, value: unknown): void => {
    defineProperty(holder, key, { value, writable: true, enumerable: false, configurable: true });
  };

  /** "IsArrayBufferViewOutOfBounds". A DataView tells no length then; a typed array has none, and takes not even nothing. */
  const isOutOfBounds = (view: object, isDataView: boolean): boolean => {
    try {
      if (isDataView) primordials.apply(primordials.DataViewPrototypeByteLength, view, []);
      else if (lengthOf(view) === 0) setBytes(view, []);
      return false;
    } catch {
      return true;
    }
  };

  /** How an object of one of our interfaces moves; undefined when it cannot. */
  const transferOf = (object: object): Transfer | undefined => {
    if (host.kindOf(object) !== Kind.ordinary) return undefined;
    for (let at = getPrototypeOf(object); at !== null; at = getPrototypeOf(at)) {
      if (host.kindOf(at) === Kind.uncloneable) return undefined;
      const find = get(primordials.platformTransfers, at) as
        ((value: object) => Transfer | undefined) | undefined;
      const transfer = find?.(object);
      if (transfer !== undefined) return transfer;
    }
    return undefined;
  };

  return (value, transfer, moved) => {
    /** The copy of each object that was met, or the `Late` that will be. */
    const copies = new primordials.Map<object, unknown>();
    const lates = new primordials.Set<object>();
    const isLate = (copy: unknown): copy is Late =>
      hasLate && primordials.apply(primordials.SetPrototypeHas, lates, [copy]);
    const holes = list<Hole>();
    const fills = list<() => void>();
    /** Only transfers are made late. */
    const hasLate = transfer.length > 0;

    const late = (make: () => object): Late => {
      const made: Late = { make, made: undefined };
      add(lates, made);
      return made;
    };
    const settle = (one: Late): object => (one.made ??= one.make());

    const remember = <T>(original: object, copy: T): T => {
      put(copies, original, copy);
      return copy;
    };
    const place = (holder: object, key: PropertyKey, original: unknown): void => {
      const copy = visit(original);
      if (isLate(copy)) {
        define(holder, key, undefined);
        holes[holes.length] = { holder, key, late: copy };
      } else {
        define(holder, key, copy);
      }
    };

    const visit = (original: unknown): unknown => {
      if (typeof original === 'symbol' || typeof original === 'function') return refuseValue(original);
      if (typeof original !== 'object' || original === null) return original;
      const known = get(copies, original);
      return known ?? copyOf(original);
    };

    const copyOf = (original: object): unknown => {
      switch (host.kindOf(original)) {
        case Kind.array: {
          const copy: unknown[] = [];
          copy.length = (original as unknown[]).length;
          return elements(original as unknown[], remember(original, copy));
        }
        case Kind.date:
          return remember(original, new primordials.Date(getTime(original)));
        case Kind.regExp:
          return remember(original, host.copyRegExp(original));
        case Kind.wrapper:
          return remember(original, primordials.Object(host.primitiveOf(original)));
        case Kind.map:
          return copyMap(original);
        case Kind.set:
          return copySet(original);
        case Kind.error:
          return copyError(original);
        case Kind.arrayBuffer:
          return remember(original, copyBuffer(original));
        case Kind.sharedArrayBuffer:
          return remember(original, host.shareBuffer(original));
        case Kind.view:
          return copyView(original);
        case Kind.wasmModule:
          return remember(
            original,
            makeMapped(host, 'structuredClone', MODULE, () => host.copyModule(original)),
          );
        case Kind.ordinary:
          return copyPlatform(original) ?? properties(original, remember(original, {}));
        default:
          return refuseValue(original);
      }
    };

    /** Undefined for an object that is of no interface. */
    const copyPlatform = (original: object): object | undefined => {
      for (
        let prototype = getPrototypeOf(original);
        prototype !== null;
        prototype = getPrototypeOf(prototype)
      ) {
        if (prototype === plainPrototype || host.kindOf(prototype) === Kind.uncloneable) return undefined;
        const clone = get(primordials.platformPrototypes, prototype) as
          ((value: object) => object | undefined) | null | undefined;
        if (clone === null) return refuseValue(original);
        const copy = clone?.(original);
        if (copy !== undefined) return remember(original, copy);
      }
      return undefined;
    };

    const elements = (original: unknown[], copy: unknown[]): object => {
      const { length } = copy;
      const keys = ObjectKeys(original);
      // Elements come first, in order: where the last is at its place there are no gaps. Numbers are faster than their names.
      const isDense = length > 0 && keys.length >= length && keys[length - 1] === `${length - 1}`;
      if (!isDense) return properties(original, copy, keys);
      for (let index = 0; index < length; index++) {
        if (!ObjectHasOwn(original, index)) continue;
        const element = original[index];
        if (isPlain(element) && !(index in copy)) copy[index] = element;
        else place(copy, index, element);
      }
      return properties(original, copy, keys, length);
    };

    const properties = (original: object, copy: object, keys = ObjectKeys(original), from = 0): object => {
      for (let index = from; index < keys.length; index++) {
        const key = keys[index]!;
        // A getter may have deleted it.
        if (ObjectHasOwn(original, key)) place(copy, key, (original as Holder)[key]);
      }
      return copy;
    };

    /**
     * Calls `fill` with the copies of these, once none of them is late: what is in a Map or a Set cannot be changed in its place.
     */
    const fillWith = (originals: readonly unknown[], fill: (copies: readonly unknown[]) => void): void => {
      if (originals.length === 0) return;
      const copied = list<unknown>();
      for (let index = 0; index < originals.length; index++) place(copied, index, originals[index]);
      if (!hasLate) fill(copied);
      else {
        fills[fills.length] = () => {
          fill(copied);
        };
      }
    };

    /** What is in it at the start; getters may change it meanwhile: from the first object on it is listed before that is copied. */
    const copyMap = (original: object): object => {
      const copy = remember(original, new primordials.Map<unknown, unknown>());
      const entries = list<unknown>();
      eachEntry(original, (entry, key) => {
        if (entries.length === 0 && isPlain(key) && isPlain(entry)) {
          put(copy, key, entry);
          return;
        }
        entries[entries.length] = key;
        entries[entries.length] = entry;
      });
      fillWith(entries, (copies) => {
        for (let index = 0; index < copies.length; index += 2) put(copy, copies[index], copies[index + 1]);
      });
      return copy;
    };

    const copySet = (original: object): object => {
      const copy = remember(original, new primordials.Set<unknown>());
      const members = list<unknown>();
      eachMember(original, (member) => {
        if (members.length === 0 && isPlain(member)) add(copy, member);
        else members[members.length] = member;
      });
      fillWith(members, (copies) => {
        for (let index = 0; index < copies.length; index++) add(copy, copies[index]);
      });
      return copy;
    };

    /** Name and message as the standard says; stack and cause are what it calls interesting accompanying data. */
    const copyError = (original: object): object => {
      const { name } = original as Error;
      const type = errors[name === undefined ? 'Error' : toDOMString(name)] ?? primordials.Error;
      const message = getOwnPropertyDescriptor(original, 'message');
      const copy = remember(original, construct(type, []) as object);
      const { stack } = original as Error;
      if (typeof stack === 'string') hide(copy, 'stack', stack);
      if (message !== undefined && 'value' in message) hide(copy, 'message', toDOMString(message.value));
      const cause = getOwnPropertyDescriptor(original, 'cause');
      if (cause !== undefined && 'value' in cause) {
        place(copy, 'cause', cause.value);
        hide(copy, 'cause', (copy as Error).cause);
      }
      return copy;
    };

    const copyBuffer = (original: object): ArrayBuffer => {
      if (host.isDetached(original)) return refuse('An ArrayBuffer is detached and could not be cloned.');
      const options = isResizable(original) ? { maxByteLength: maxBytesOf(original) } : undefined;
      const make = (): ArrayBuffer =>
        construct(primordials.ArrayBuffer, [bytesOf(original), options]) as ArrayBuffer;
      const copy = options === undefined ? make() : makeMapped(host, 'structuredClone', GROWING_BUFFER, make);
      setBytes(new primordials.Uint8Array(copy), new primordials.Uint8Array(original as ArrayBuffer));
      return copy;
    };

    const copyView = (original: object): unknown => {
      const name = typeOf(original);
      const type = name === undefined ? primordials.DataView : TypedArrays[name]!;
      const read = <T>(ofDataView: () => T, ofTypedArray: () => T): T =>
        primordials.apply(name === undefined ? ofDataView : ofTypedArray, original, []);
      const buffer = read(primordials.DataViewPrototypeBuffer, primordials.TypedArrayPrototypeBuffer);
      const copied = visit(buffer);
      if (host.isDetached(buffer)) return refuse('An ArrayBuffer is detached and could not be cloned.');
      if (isOutOfBounds(original, name === undefined)) {
        return refuse('A view is out of the bounds of its ArrayBuffer and could not be cloned.');
      }
      const offset = read(primordials.DataViewPrototypeByteOffset, primordials.TypedArrayPrototypeByteOffset);
      const length = read(primordials.DataViewPrototypeByteLength, primordials.TypedArrayPrototypeLength);
      const make = (on: unknown): object => construct(type, [on, offset, length]) as object;
      return remember(original, isLate(copied) ? late(() => make(settle(copied))) : make(copied));
    };

    for (let index = 0; index < transfer.length; index++) {
      const original = transfer[index]!;
      const isBuffer = host.kindOf(original) === Kind.arrayBuffer;
      const platform = isBuffer ? undefined : transferOf(original);
      if (!isBuffer && platform === undefined) {
        refuse(`Value at index ${index} of transfer could not be transferred.`);
      }
      const name = isBuffer ? 'ArrayBuffer' : platform!.name;
      if (get(copies, original) !== undefined) {
        refuse(`${name} at index ${index} of transfer is a duplicate of an earlier ${name}.`);
      }
      remember(
        original,
        late(() => {
          if (isBuffer ? host.isDetached(original) : platform!.isDetached()) {
            refuse(`${name} at index ${index} of transfer is detached and could not be transferred.`);
          }
          const made = isBuffer ? host.transferBuffer(original) : platform!.move();
          if (made !== undefined) return made;
          throw new primordials.TypeError(
            `structuredClone: ArrayBuffer at index ${index} of transfer cannot be detached`,
          );
        }),
      );
    }
    const root = { __proto__: null, value: undefined as unknown };
    place(root, 'value', value);
    for (let index = 0; index < transfer.length; index++) {
      const made = settle(get(copies, transfer[index]!) as Late);
      if (moved !== undefined) defineProperty(moved, index, { value: made });
    }
    for (let index = 0; index < holes.length; index++) {
      const { holder, key, late: missing } = holes[index]!;
      defineProperty(holder, key, { value: settle(missing) });
    }
    for (let index = 0; index < fills.length; index++) fills[index]!();
    return root.value;
  };
}
