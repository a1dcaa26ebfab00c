/** Beyond these, what is left out is said in the text. */
const MAX_DEPTH = 4;
const MAX_ITEMS = 100;
const MAX_STRING = 10_000;
/** Wide and deep at once: a text so long gets nothing more. Characters. */
const MAX_TEXT = 100_000;

const { getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, keys } = Object;

/** What every error has, and what its stack begins with. */
const OF_EVERY_ERROR = ['stack', 'message', 'name'];

/**
 * A value as a person reads it, on one line but for errors. Shows data only: no getter of a property or element is called; what
 * a class of its own makes of a Date, RegExp, Map or Set is. Never throws.
 */
export type Inspect = (value: unknown) => string;

/** @param explain shows errors, without what `makeErrorDetails` is for */
export function makeInspect(explain: (error: unknown) => string): Inspect {
  return (value) => {
    try {
      return new Inspection(explain).show(value, 0, []);
    } catch {
      // A Proxy, or something that pretends to be what it is not.
      return '[a value that cannot be shown]';
    }
  };
}

/** What follows the stack of an error: its cause, its errors and what else it has been given; empty for most. Never throws. */
export function makeErrorDetails(explain: (error: unknown) => string): (error: object) => string {
  return (error) => {
    try {
      return new Inspection(explain).details(error, 0, []);
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

  constructor(private readonly explain: (error: unknown) => string) {}

  show(value: unknown, depth: number, seen: readonly unknown[]): string {
    if (typeof value === 'object' && value !== null) return this.#showObject(value, depth, seen);
    const text = showPrimitive(value);
    this.#left -= text.length;
    return text;
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
    const own = (key: string): string => {
      const descriptor = getOwnPropertyDescriptor(object, key);
      return descriptor === undefined || 'value' in descriptor ? show(descriptor?.value) : '[Getter]';
    };
    if (Array.isArray(object)) {
      return this.#list('[', object.length, (index) => own(`${index}`), ']');
    }
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
    const names = keys(object);
    const property = (index: number): string => `${labelOf(names[index]!)}: ${own(names[index]!)}`;
    return this.#list(name === 'Object' ? '{' : `${name} {`, names.length, property, '}');
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
