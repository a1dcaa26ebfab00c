/** Request. https://fetch.spec.whatwg.org/#request-class */
import { FORBIDDEN_METHODS, isToken } from '../../../model/index.js';
import { requireArguments, toDictionary } from '../webidl.js';
import { toByteString, toDOMString, toEnumeration, toObject } from '../webidl-types.js';
import { arrayBuffer, blob, Body, bytes, extract, json, text } from './body.js';
import { HeaderList } from './header-list.js';
import { fillHeaders, makeHeaders, type Headers } from './headers.js';
import { realm } from './realm.js';
import { toAbsoluteUrl } from './url.js';

const MODES = ['navigate', 'same-origin', 'no-cors', 'cors'] as const;
const CREDENTIALS = ['omit', 'same-origin', 'include'] as const;
const CACHES = ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'] as const;
const REDIRECTS = ['follow', 'error', 'manual'] as const;
const POLICIES = [
  '',
  'no-referrer',
  'no-referrer-when-downgrade',
  'same-origin',
  'origin',
  'strict-origin',
  'origin-when-cross-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
] as const;
const NORMALIZED = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'] as const;

/** A request from inside. */
export interface RequestState {
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: Body;
  readonly mode: (typeof MODES)[number];
  readonly credentials: (typeof CREDENTIALS)[number];
  readonly cache: (typeof CACHES)[number];
  readonly redirect: (typeof REDIRECTS)[number];
  readonly referrerPolicy: (typeof POLICIES)[number];
  readonly integrity: string;
  readonly keepalive: boolean;
  /** Given by the author, or by the request it was made of; null when there is none. */
  readonly signal: object | null;
}

type Init = Record<
  | 'body'
  | 'cache'
  | 'credentials'
  | 'duplex'
  | 'headers'
  | 'integrity'
  | 'keepalive'
  | 'method'
  | 'mode'
  | 'redirect'
  | 'referrerPolicy'
  | 'signal',
  unknown
>;

/** Only this file makes Requests of a state. */
const MAKE = Symbol('make');

/** The state of a real Request; undefined for everything else. */
let stateOf: (value: unknown) => RequestState | undefined;

/** "Normalize a method". Throws TypeError. */
function toMethod(value: unknown, where: string): string {
  const { TypeError, apply, StringPrototypeToUpperCase } = realm.primordials;
  const method = toByteString(realm.primordials, value, `${where}: method`);
  const upper = apply(StringPrototypeToUpperCase, method, []);
  if (!isToken(method) || contains(FORBIDDEN_METHODS, upper))
    throw new TypeError(`${where}: "${method}" is no method that can be used`);
  return contains(NORMALIZED, upper) ? upper : method;
}

function contains(list: readonly string[], text: string): boolean {
  for (let index = 0; index < list.length; index++) if (list[index] === text) return true;
  return false;
}

/** `new Request(input, init)`, without the object. Throws TypeError. */
export function makeRequest(input: unknown, init: unknown, where: string): RequestState {
  const { TypeError } = realm.primordials;
  const source = stateOf(input);
  let url = source?.url;
  if (url === undefined) {
    const parsed = toAbsoluteUrl(input, where);
    if (parsed.hasCredentials) throw new TypeError(`${where}: "${parsed.href}" has credentials in it`);
    url = parsed.href;
  }
  const members = toDictionary<Init>(realm.primordials, init, `${where}: init`);
  // Members are read in the order of their names, each once.
  const { body, cache, credentials, duplex, headers, integrity, keepalive } = members;
  const { method, mode, redirect, referrerPolicy, signal } = members;
  const choose = <Value extends string>(
    name: keyof Init,
    value: unknown,
    all: readonly Value[],
    other: Value,
  ): Value =>
    value === undefined ? other : toEnumeration(realm.primordials, value, all, `${where}: ${name}`);
  if (duplex !== undefined) choose('duplex', duplex, ['half'], 'half');
  if (mode === 'navigate') throw new TypeError(`${where}: mode: "navigate" is for documents`);
  const state = {
    url,
    method: method === undefined ? (source?.method ?? 'GET') : toMethod(method, where),
    mode: choose('mode', mode, MODES, source?.mode ?? 'cors'),
    credentials: choose('credentials', credentials, CREDENTIALS, source?.credentials ?? 'same-origin'),
    cache: choose('cache', cache, CACHES, source?.cache ?? 'default'),
    redirect: choose('redirect', redirect, REDIRECTS, source?.redirect ?? 'follow'),
    referrerPolicy: choose('referrerPolicy', referrerPolicy, POLICIES, source?.referrerPolicy ?? ''),
    integrity: integrity === undefined ? (source?.integrity ?? '') : toDOMString(integrity),
    keepalive: keepalive === undefined ? (source?.keepalive ?? false) : Boolean(keepalive),
    signal: toSignal(signal, source, where),
  };
  if (state.cache === 'only-if-cached' && state.mode !== 'same-origin')
    throw new TypeError(`${where}: cache: "only-if-cached" needs the mode "same-origin"`);
  const list = new HeaderList('request');
  if (headers !== undefined) fillHeaders(list, headers, `${where}: headers`);
  else if (source !== undefined) list.fill(source.headers.all);
  return { ...state, headers: list, body: toBody(body, source, state.method, list, where) };
}

function toSignal(value: unknown, source: RequestState | undefined, where: string): object | null {
  if (value === undefined) return source?.signal ?? null;
  if (value === null) return null;
  if (!realm.group('events').signals.isSignal(value))
    throw new realm.primordials.TypeError(`${where}: signal: not an AbortSignal`);
  return toObject(value);
}

function toBody(
  value: unknown,
  source: RequestState | undefined,
  method: string,
  headers: HeaderList,
  where: string,
): Body {
  const { TypeError } = realm.primordials;
  const given = value !== undefined && value !== null;
  const inherits = !given && source !== undefined && !source.body.isNull;
  if ((given || inherits) && (method === 'GET' || method === 'HEAD'))
    throw new TypeError(`${where}: a request with the method ${method} has no body`);
  if (given) {
    const { bytes: taken, type } = extract(value);
    if (type !== null && !headers.has('content-type')) headers.append('content-type', type);
    return new Body(taken);
  }
  return new Body(inherits ? source.body.take(where) : null);
}

export class Request {
  readonly #state: RequestState;
  #headers: Headers | null = null;
  #signal: object | null = null;

  static {
    stateOf = (value) =>
      typeof value === 'object' && value !== null && #state in value ? value.#state : undefined;
  }

  constructor(input: unknown, ...rest: unknown[]) {
    if (input === MAKE) {
      this.#state = rest[0] as RequestState;
      return;
    }
    requireArguments(realm.primordials, arguments.length, 1, 'Request');
    this.#state = makeRequest(input, rest[0], 'Request');
  }

  get method(): string {
    return this.#state.method;
  }
  get url(): string {
    return this.#state.url;
  }
  get headers(): object {
    this.#headers ??= makeHeaders(this.#state.headers);
    return this.#headers;
  }
  get destination(): string {
    void this.#state;
    return '';
  }
  get referrer(): string {
    void this.#state;
    return 'about:client';
  }
  get referrerPolicy(): string {
    return this.#state.referrerPolicy;
  }
  get mode(): string {
    return this.#state.mode;
  }
  get credentials(): string {
    return this.#state.credentials;
  }
  get cache(): string {
    return this.#state.cache;
  }
  get redirect(): string {
    return this.#state.redirect;
  }
  get integrity(): string {
    return this.#state.integrity;
  }
  get keepalive(): boolean {
    return this.#state.keepalive;
  }
  get signal(): object {
    this.#signal ??= realm.group('events').signals.follow(this.#state.signal);
    return this.#signal;
  }
  get duplex(): string {
    void this.#state;
    return 'half';
  }
  get bodyUsed(): boolean {
    return this.#state.body.used;
  }

  clone(): Request {
    const state = this.#state;
    const headers = new HeaderList('request');
    const body = state.body.clone('Request.clone');
    headers.fill(state.headers.all);
    return new Request(MAKE, { ...state, headers, body });
  }

  async text(): Promise<string> {
    return text(this.#state.body, 'Request.text');
  }
  async json(): Promise<unknown> {
    return json(this.#state.body, 'Request.json');
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return arrayBuffer(this.#state.body, 'Request.arrayBuffer');
  }
  async bytes(): Promise<Uint8Array> {
    return bytes(this.#state.body, 'Request.bytes');
  }
  async blob(): Promise<object> {
    const { body, headers } = this.#state;
    return blob(body, headers.get('content-type'), 'Request.blob');
  }
}
