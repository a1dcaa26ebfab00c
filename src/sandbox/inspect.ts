import { explain } from './failure.js';

/** Beyond these, what is left out is said in the text. */
const MAX_DEPTH = 4;
const MAX_ITEMS = 100;
const MAX_STRING = 10_000;

/** A value as a person reads it, on one line. Shows data only: no getter is called. */
export function inspect(value: unknown, depth = 0, seen: readonly unknown[] = []): string {
  switch (typeof value) {
    case 'string':
      return depth === 0 ? value : quote(value);
    case 'bigint':
      return `${value}n`;
    case 'symbol':
      return value.toString();
    case 'function':
      return `[Function: ${value.name || '(anonymous)'}]`;
    case 'object':
      return value === null ? 'null' : inspectObject(value, depth, seen);
    default:
      return Object.is(value, -0) ? '-0' : String(value);
  }
}

function quote(text: string): string {
  const shown =
    text.length > MAX_STRING ? `${text.slice(0, MAX_STRING)}… ${text.length - MAX_STRING} more` : text;
  return `'${shown.replace(/['\\]/g, '\\$&').replace(/\n/g, '\\n')}'`;
}

function inspectObject(object: object, depth: number, seen: readonly unknown[]): string {
  if (seen.includes(object)) return '[Circular]';
  if (object instanceof Error) return explain(object);
  if (object instanceof Date) return Number.isNaN(object.getTime()) ? 'Invalid Date' : object.toISOString();
  if (object instanceof RegExp) return String(object);
  if (object instanceof Promise) return 'Promise {}';
  const name = constructorName(object);
  if (depth > MAX_DEPTH) return Array.isArray(object) ? '[Array]' : `[${name}]`;
  const inner = [...seen, object];
  const show = (item: unknown): string => inspect(item, depth + 1, inner);
  if (Array.isArray(object)) return list('[', object, object.length, show, ']');
  if (ArrayBuffer.isView(object) && !(object instanceof DataView)) {
    const items = object as unknown as ArrayLike<unknown>;
    return list(`${name}(${items.length}) [`, items, items.length, show, ']');
  }
  if (object instanceof ArrayBuffer) return `ArrayBuffer { byteLength: ${object.byteLength} }`;
  if (object instanceof Map) {
    const entries = [...(object as Map<unknown, unknown>)].map(([key, item]) => ({ key, item }));
    const pair = (entry: unknown): string => {
      const { key, item } = entry as (typeof entries)[number];
      return `${show(key)} => ${show(item)}`;
    };
    return list(`Map(${object.size}) {`, entries, object.size, pair, '}');
  }
  if (object instanceof Set)
    return list(`Set(${object.size}) {`, [...(object as Set<unknown>)], object.size, show, '}');
  const properties = Object.entries(Object.getOwnPropertyDescriptors(object)).filter(
    ([, property]) => property.enumerable,
  );
  const property = (entry: unknown): string => {
    const [key, descriptor] = entry as [string, PropertyDescriptor];
    const label = /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key);
    return `${label}: ${'value' in descriptor ? show(descriptor.value) : '[Getter]'}`;
  };
  return list(name === 'Object' ? '{' : `${name} {`, properties, properties.length, property, '}');
}

function list(
  open: string,
  items: ArrayLike<unknown>,
  length: number,
  show: (item: unknown) => string,
  close: string,
): string {
  if (length === 0) return `${open}${close}`;
  const shown: string[] = [];
  for (let index = 0; index < Math.min(length, MAX_ITEMS); index++) shown.push(show(items[index]));
  if (length > MAX_ITEMS) shown.push(`… ${length - MAX_ITEMS} more`);
  return close === ']' ? `${open}${shown.join(', ')}${close}` : `${open} ${shown.join(', ')} ${close}`;
}

function constructorName(object: object): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype === null) return '[Object: null prototype]';
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'constructor');
  const constructor: unknown = descriptor?.value;
  return typeof constructor === 'function' && constructor.name ? constructor.name : 'Object';
}
