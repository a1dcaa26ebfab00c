import type { Primordials } from '../primordials.js';

/** Beyond these, what is left out is said in the text. */
const MAX_DEPTH = 4;
const MAX_ITEMS = 100;
const MAX_STRING = 10_000;
/** So many holes of arrays are counted, and so long may an array be that is asked for properties beside its elements. */
const MAX_LOOKED_AT = 10_000;
/** Wide and deep at once: a text so long gets nothing more. Characters. */
const MAX_TEXT = 100_000;

const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, keys } = Object;

/** What every error has, and what its stack begins with. */
const OF_EVERY_ERROR = ['stack', 'message', 'name'];

/**
 * A value as a person reads it, on one line but for errors. Shows data only: no getter of a property or element is called; what
 * a class of its own makes of a Date, RegExp, Map or Set is. Never throws.
 */
export type Inspect = (value: unknown) => string;

/** @param explain shows errors, without what `makeErrorDetails` is for */
export function makeInspect(explain: (error: unknown) => string, primordials: Primordials): Inspect {
  return (value) => {
    try {
      return new Inspection(explain, primordials).show(value, 0, []);
    } catch {
      // A Proxy, or something that pretends to be what it is not.
      return '[a value that cannot be shown]';
    }
  };
}

/** What follows the stack of an error: its cause, its errors and what else it has been given; empty for most. Never throws. */
export function makeErrorDetails(
  explain: (error: unknown) => string,
  primordials: Primordials,
): (error: object) => string {
  return (error) => {
    try {
      return new Inspection(explain, primordials).details(error, 0, []);
    } catch {
      return '';
    }
  };
}

/** A string among other values. */
function quote(text: string): string {
  const shown =
    text.length > MAX_STRING ? `${text.slice(0, MAX_STRING)}… ${text.length - MAX_STRING} more` : text;
  return `'${shown.replace(/['\\]/g, '\\$&').replace(/\n/g, '\\n')}'`;
}

function labelOf(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key);
}

function inLines(open: string, items: readonly string[], close: string): string {
  return `${open}\n  ${items.join(',\n').replace(/\n/g, '\n  ')}\n${close}`;
}

class Inspection {
  #left = MAX_TEXT;
  /** For holes. */
  #looks = MAX_LOOKED_AT;

  constructor(
    private readonly explain: (error: unknown) => string,
    private readonly primordials: Primordials,
  ) {}

  show(value: unknown, depth: number, seen: readonly unknown[]): string {
    if (typeof value === 'object' && value !== null) return this.#showObject(value, depth, seen);
    const text = showPrimitive(value);
    this.#left -= text.length;
    if (typeof value !== 'function' || depth > MAX_DEPTH || seen.includes(value)) return text;
    const more = ownKeys(value);
    if (more.length === 0) return text;
    const own = this.#ownOf(value, depth, [...seen, value]);
    return this.#list(
      `${text} {`,
      more.length,
      (index) => `${keyText(more[index]!)}: ${own(more[index]!)}`,
      '}',
    );
  }

  #showObject(object: object, depth: number, seen: readonly unknown[]): string {
    if (seen.includes(object)) return '[Circular]';
    if (object instanceof Error) return this.#showError(object, depth, seen);
    if (object instanceof Date) return Number.isNaN(object.getTime()) ? 'Invalid Date' : object.toISOString();
    if (object instanceof RegExp) return String(object);
    if (object instanceof Promise) return 'Promise {}';
    const name = constructorName(object);
    if (depth > MAX_DEPTH) return Array.isArray(object) ? '[Array]' : `[${name}]`;
    const inner = [...seen, object];
    const show = (item: unknown): string => this.show(item, depth + 1, inner);
    const own = this.#ownOf(object, depth, inner);
    if (Array.isArray(object)) return this.#showArray(object, own);
    const boxed = boxedText(object);
    if (boxed !== null) return boxed;
    if (ArrayBuffer.isView(object) && !(object instanceof DataView)) {
      const items = object as unknown as ArrayLike<unknown>;
      const { length } = items;
      return this.#list(`${name}(${length}) [`, length, (index) => show(items[index]), ']');
    }
    if (object instanceof ArrayBuffer) return `ArrayBuffer { byteLength: ${object.byteLength} }`;
    if (object instanceof Map) {
      const { size } = object;
      const shown = firstOf(object as Map<unknown, unknown>);
      const pair = (index: number): string => {
        const [key, item] = shown[index]!;
        return `${show(key)} => ${show(item)}`;
      };
      return this.#list(`Map(${size}) {`, size, pair, '}');
    }
    if (object instanceof Set) {
      const { size } = object;
      const shown = firstOf(object as Set<unknown>);
      return this.#list(`Set(${size}) {`, size, (index) => show(shown[index]), '}');
    }
    const names = ownKeys(object);
    const members = this.#membersOf(object);
    const item = (index: number): string => {
      if (index >= members.length) {
        const key = names[index - members.length]!;
        return `${keyText(key)}: ${own(key)}`;
      }
      const [label, value] = members[index]!;
      return label === '' ? show(value) : `${label}: ${show(value)}`;
    };
    return this.#list(name === 'Object' ? '{' : `${name} {`, members.length + names.length, item, '}');
  }

  /** Shows a property of an object. */
  #ownOf(object: object, depth: number, seen: readonly unknown[]): (key: PropertyKey) => string {
    return (key) => {
      const descriptor = getOwnPropertyDescriptor(object, key);
      return descriptor === undefined || 'value' in descriptor
        ? this.show(descriptor?.value, depth + 1, seen)
        : '[Getter]';
    };
  }

  /** What an interface of the environment's has stated, of an object that is one. */
  #membersOf(object: object): (readonly [label: string, value: unknown])[] {
    const { apply, MapPrototypeGet, platformMembers } = this.primordials;
    const members: (readonly [string, unknown])[] = [];
    let at = getPrototypeOf(object) as object | null;
    for (let steps = 0; at !== null && steps < MAX_ITEMS; steps++) {
      const stated = apply(MapPrototypeGet, platformMembers, [at]) as
        readonly (readonly [string, () => unknown])[] | undefined;
      try {
        const values = stated?.map(([label, get]) => [label, apply(get, object, [])] as const);
        // Of the interface that it extends first.
        if (values) members.unshift(...values);
      } catch {
        // It only has the prototype.
        return [];
      }
      at = getPrototypeOf(at) as object | null;
    }
    return members;
  }

  /** Elements, holes and what else it has been given. */
  #showArray(array: readonly unknown[], own: (key: PropertyKey) => string): string {
    const { length } = array;
    const shown: string[] = [];
    let index = 0;
    while (index < length && shown.length < MAX_ITEMS && this.#left > 0) {
      const first = index;
      for (; index < length && this.#looks > 0 && !getOwnPropertyDescriptor(array, index); index++)
        this.#looks--;
      const holes = index - first;
      if (this.#looks === 0 && holes > 0) {
        index = first;
        break;
      }
      if (holes > 0) shown.push(`<${holes} empty item${holes === 1 ? '' : 's'}>`);
      else shown.push(own(index++));
    }
    if (index < length) shown.push(`… ${length - index} more`);
    else if (length <= MAX_LOOKED_AT) {
      const others = ownKeys(array).filter((key) => typeof key === 'symbol' || !isIndex(key));
      for (const key of others.slice(0, MAX_ITEMS)) shown.push(`${keyText(key)}: ${own(key)}`);
      if (others.length > MAX_ITEMS) shown.push(`… ${others.length - MAX_ITEMS} more`);
    }
    return shown.some((item) => item.includes('\n')) ? inLines('[', shown, ']') : `[${shown.join(', ')}]`;
  }

  #showError(error: object, depth: number, seen: readonly unknown[]): string {
    const text = this.explain(error);
    this.#left -= text.length;
    return depth > MAX_DEPTH ? text : text + this.details(error, depth, seen);
  }

  details(error: object, depth: number, seen: readonly unknown[]): string {
    const inner = [...seen, error];
    const lines: string[] = [];
    for (const key of getOwnPropertyNames(error)) {
      const descriptor = getOwnPropertyDescriptor(error, key)!;
      // A cause and the errors of several are there, if not enumerable.
      const isPart = !descriptor.enumerable && (key === 'cause' || key === 'errors');
      if (OF_EVERY_ERROR.includes(key) || !(isPart || descriptor.enumerable)) continue;
      if (lines.length === MAX_ITEMS || this.#left <= 0) break;
      const value = 'value' in descriptor ? this.show(descriptor.value, depth + 1, inner) : '[Getter]';
      lines.push(`${isPart ? `[${key}]` : labelOf(key)}: ${value}`);
    }
    return lines.length === 0 ? '' : ` ${inLines('{', lines, '}')}`;
  }

  /** @param show answers the text of the item of that index, of which there are `length` */
  #list(open: string, length: number, show: (index: number) => string, close: string): string {
    if (length === 0) return `${open}${close}`;
    const shown: string[] = [];
    for (let index = 0; index < Math.min(length, MAX_ITEMS) && this.#left > 0; index++) {
      shown.push(show(index));
    }
    if (shown.length < length) shown.push(`… ${length - shown.length} more`);
    if (shown.some((item) => item.includes('\n'))) return inLines(open, shown, close);
    return close === ']' ? `${open}${shown.join(', ')}${close}` : `${open} ${shown.join(', ')} ${close}`;
  }
}

/** The enumerable ones. */
function ownKeys(object: object): (string | symbol)[] {
  const symbols = getOwnPropertySymbols(object);
  const names = keys(object);
  if (symbols.length === 0) return names;
  return [...names, ...symbols.filter((key) => getOwnPropertyDescriptor(object, key)?.enumerable)];
}

function keyText(key: string | symbol): string {
  return typeof key === 'symbol' ? `[${String(key)}]` : labelOf(key);
}

function isIndex(key: string): boolean {
  return /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1;
}

const BOXES = [Number, String, Boolean, BigInt, Symbol].map((type) => ({
  prototype: type.prototype,
  name: type.name,
  valueOf: type.prototype.valueOf,
}));
const { isPrototypeOf } = Object.prototype;

/** A primitive value that has been made an object; null: it is none. */
function boxedText(object: object): string | null {
  for (const { prototype, name, valueOf } of BOXES) {
    if (!Reflect.apply(isPrototypeOf, prototype, [object])) continue;
    try {
      return `[${name}: ${showPrimitive(Reflect.apply(valueOf, object, []))}]`;
    } catch {
      // It only has the prototype.
    }
  }
  return null;
}

function showPrimitive(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'bigint':
      return `${value}n`;
    case 'symbol':
      return value.toString();
    case 'function':
      return functionName(value);
    default:
      return Object.is(value, -0) ? '-0' : String(value);
  }
}

function functionName(value: object): string {
  const name: unknown = getOwnPropertyDescriptor(value, 'name')?.value;
  return `[Function: ${typeof name === 'string' && name !== '' ? name : '(anonymous)'}]`;
}

/** No more of a large collection than is shown. */
function firstOf<T>(items: Iterable<T>): T[] {
  const first: T[] = [];
  for (const item of items) {
    if (first.length === MAX_ITEMS) break;
    first.push(item);
  }
  return first;
}

function constructorName(object: object): string {
  const prototype: unknown = getPrototypeOf(object);
  if (prototype === null) return '[Object: null prototype]';
  const constructor: unknown = getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  const name: unknown =
    typeof constructor === 'function' ? getOwnPropertyDescriptor(constructor, 'name')?.value : undefined;
  return typeof name === 'string' && name !== '' ? name : 'Object';
}
