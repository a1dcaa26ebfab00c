/** Header lists and what may be in them. https://fetch.spec.whatwg.org/#terminology-headers */
import { isForbiddenRequestHeader, isToken } from '../../../model/index.js';
import { sortStably } from '../sort.js';
import { toByteString } from '../webidl-types.js';
import { realm } from './realm.js';

/** What may be changed: anything, what a request's or a response's author may, nothing. */
export type Guard = 'none' | 'request' | 'response' | 'immutable';

/** Name, in lower case, and value. */
export type Header = readonly [name: string, value: string];

/** "Normalize a byte sequence". */
function normalize(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isWhitespace(value[start])) start++;
  while (end > start && isWhitespace(value[end - 1])) end--;
  const { apply, StringPrototypeSlice } = realm.primordials;
  return start === 0 && end === value.length ? value : apply(StringPrototypeSlice, value, [start, end]);
}

function isWhitespace(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

function isValue(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const character = value[at];
    if (character === '\0' || character === '\n' || character === '\r') return false;
  }
  return true;
}

/** A header's name as it is kept. Throws TypeError when it is none; `where` names the operation. */
export function toName(where: string, value: unknown): string {
  const { TypeError, apply, StringPrototypeToLowerCase } = realm.primordials;
  const name = toByteString(realm.primordials, value, `${where}: name`);
  if (!isToken(name)) throw new TypeError(`${where}: "${name}" is no name of a header`);
  return apply(StringPrototypeToLowerCase, name, []);
}

export function toValue(where: string, value: unknown): string {
  const { TypeError } = realm.primordials;
  const text = normalize(toByteString(realm.primordials, value, `${where}: value`));
  if (!isValue(text)) throw new TypeError(`${where}: a value has a line end or a NUL in it`);
  return text;
}

/** Headers with the guard of whoever they belong to. */
export class HeaderList {
  #headers: Header[] = [];
  /** What `sorted` answers, until a header changes. */
  #sorted: readonly Header[] | null = null;

  constructor(public guard: Guard) {}

  get all(): readonly Header[] {
    return this.#headers;
  }

  /** Whether the guard lets the author change this header. Throws TypeError when it lets nobody change anything. */
  admits(where: string, name: string, value: string): boolean {
    const { TypeError } = realm.primordials;
    if (this.guard === 'immutable') throw new TypeError(`${where}: these headers cannot be changed`);
    if (this.guard === 'request') return !isForbiddenRequestHeader(name, value);
    return this.guard !== 'response' || (name !== 'set-cookie' && name !== 'set-cookie2');
  }

  has(name: string): boolean {
    for (let index = 0; index < this.#headers.length; index++)
      if (this.#headers[index]![0] === name) return true;
    return false;
  }

  /** Values joined with a comma, null when there is none. */
  get(name: string): string | null {
    let joined: string | null = null;
    for (let index = 0; index < this.#headers.length; index++) {
      const header = this.#headers[index]!;
      if (header[0] === name) joined = joined === null ? header[1] : `${joined}, ${header[1]}`;
    }
    return joined;
  }

  append(name: string, value: string): void {
    this.#headers[this.#headers.length] = [name, value];
    this.#sorted = null;
  }

  delete(name: string): void {
    const rest: Header[] = [];
    for (let index = 0; index < this.#headers.length; index++) {
      const header = this.#headers[index]!;
      if (header[0] !== name) rest[rest.length] = header;
    }
    this.#replace(rest);
  }

  /** Takes the place of the first of that name. */
  set(name: string, value: string): void {
    if (!this.has(name)) {
      this.append(name, value);
      return;
    }
    const headers: Header[] = [];
    let done = false;
    for (let index = 0; index < this.#headers.length; index++) {
      const header = this.#headers[index]!;
      if (header[0] !== name) headers[headers.length] = header;
      else if (!done) {
        headers[headers.length] = [name, value];
        done = true;
      }
    }
    this.#replace(headers);
  }

  /** Has these headers, which stay whose they are, in place of its own. */
  fill(headers: readonly Header[]): void {
    const copy: Header[] = [];
    for (let index = 0; index < headers.length; index++) copy[index] = headers[index]!;
    this.#replace(copy);
  }

  /** "Sort and combine". An iterator asks for it at each step. */
  sorted(): readonly Header[] {
    return (this.#sorted ??= sortStably(combine(this.#headers), (a, b) => a[0] <= b[0]));
  }

  #replace(headers: Header[]): void {
    this.#headers = headers;
    this.#sorted = null;
  }
}

/** One for each name, in the order of the first of them, but for cookies, which stay apart. */
function combine(headers: readonly Header[]): Header[] {
  const combined: Header[] = [];
  const places = realm.primordials.ObjectCreate(null) as Record<string, number | undefined>;
  for (let index = 0; index < headers.length; index++) {
    const [name, value] = headers[index]!;
    const place = name === 'set-cookie' ? undefined : places[name];
    if (place === undefined) {
      places[name] = combined.length;
      combined[combined.length] = [name, value];
    } else {
      combined[place] = [name, `${combined[place]![1]}, ${value}`];
    }
  }
  return combined;
}
