/** Response. https://fetch.spec.whatwg.org/#response-class */
import { isNullBodyStatus, isRedirectStatus } from '../../../model/index.js';
import { requireArguments, toDictionary } from '../webidl.js';
import { toByteString } from '../webidl-types.js';
import { arrayBuffer, blob, Body, bytes, encode, extract, json, text } from './body.js';
import { HeaderList } from './header-list.js';
import { fillHeaders, makeHeaders, type Headers } from './headers.js';
import { realm } from './realm.js';
import { toAbsoluteUrl } from './url.js';

/** A response from inside. */
export interface ResponseState {
  readonly type: 'basic' | 'default' | 'error' | 'opaqueredirect';
  readonly url: string;
  readonly redirected: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderList;
  readonly body: Body;
}

/** Only this group makes Responses of a state. */
const MAKE = Symbol('make');

/** RFC 9112, "reason-phrase". */
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

export function makeResponse(state: ResponseState): Response {
  return new Response(MAKE, state);
}

/** "Initialize a response". Throws RangeError or TypeError. */
function initialize(
  init: unknown,
  content: { readonly bytes: Uint8Array; readonly type: string | null } | null,
  where: string,
): ResponseState {
  const { RangeError, TypeError, apply, RegExpPrototypeExec } = realm.primordials;
  const {
    headers: given,
    status: code = 200,
    statusText: reason = '',
  } = toDictionary<Record<'headers' | 'status' | 'statusText', unknown>>(
    realm.primordials,
    init,
    `${where}: init`,
  );
  // unsigned short
  const status = (code as number) & 0xffff;
  const statusText = toByteString(realm.primordials, reason, `${where}: statusText`);
  if (status < 200 || status > 599)
    throw new RangeError(`${where}: status: 200 to 599 expected, got ${status}`);
  if (apply(RegExpPrototypeExec, REASON, [statusText]) === null)
    throw new TypeError(`${where}: statusText has characters that no reason has`);
  const headers = new HeaderList('response');
  if (given !== undefined) fillHeaders(headers, given, `${where}: headers`);
  if (content !== null) {
    if (isNullBodyStatus(status))
      throw new TypeError(`${where}: a response with status ${status} has no body`);
    if (content.type !== null && !headers.has('content-type')) headers.append('content-type', content.type);
  }
  return {
    type: 'default',
    url: '',
    redirected: false,
    status,
    statusText,
    headers,
    body: new Body(content?.bytes ?? null),
  };
}

export class Response {
  readonly #state: ResponseState;
  #headers: Headers | null = null;

  constructor(body: unknown = null, init: unknown = undefined) {
    this.#state =
      body === MAKE
        ? (init as ResponseState)
        : initialize(init, body === null || body === undefined ? null : extract(body), 'Response');
  }

  static error(): Response {
    return makeResponse({
      type: 'error',
      url: '',
      redirected: false,
      status: 0,
      statusText: '',
      headers: new HeaderList('immutable'),
      body: new Body(null),
    });
  }

  static redirect(url: unknown, status: unknown = 302): Response {
    requireArguments(realm.primordials, arguments.length, 1, 'Response.redirect');
    const { href } = toAbsoluteUrl(url, 'Response.redirect');
    const code = (status as number) & 0xffff;
    if (!isRedirectStatus(code))
      throw new realm.primordials.RangeError(`Response.redirect: ${code} is no status of a redirect`);
    const state = initialize({ status: code }, null, 'Response.redirect');
    state.headers.append('location', href);
    state.headers.guard = 'immutable';
    return makeResponse(state);
  }

  static json(data: unknown, init: unknown = undefined): Response {
    requireArguments(realm.primordials, arguments.length, 1, 'Response.json');
    const { JSONStringify, TypeError } = realm.primordials;
    const encoded = JSONStringify(data) as string | undefined;
    if (encoded === undefined) throw new TypeError('Response.json: the value cannot be JSON');
    return makeResponse(
      initialize(init, { bytes: encode(encoded), type: 'application/json' }, 'Response.json'),
    );
  }

  get type(): string {
    return this.#state.type;
  }
  get url(): string {
    return this.#state.url;
  }
  get redirected(): boolean {
    return this.#state.redirected;
  }
  get status(): number {
    return this.#state.status;
  }
  get ok(): boolean {
    const { status } = this.#state;
    return status >= 200 && status <= 299;
  }
  get statusText(): string {
    return this.#state.statusText;
  }
  get headers(): object {
    this.#headers ??= makeHeaders(this.#state.headers);
    return this.#headers;
  }
  get bodyUsed(): boolean {
    return this.#state.body.used;
  }

  clone(): Response {
    const state = this.#state;
    const body = state.body.clone('Response.clone');
    const headers = new HeaderList(state.headers.guard);
    headers.fill(state.headers.all);
    return makeResponse({ ...state, headers, body });
  }

  async text(): Promise<string> {
    return text(this.#state.body, 'Response.text');
  }
  async json(): Promise<unknown> {
    return json(this.#state.body, 'Response.json');
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return arrayBuffer(this.#state.body, 'Response.arrayBuffer');
  }
  async bytes(): Promise<Uint8Array> {
    return bytes(this.#state.body, 'Response.bytes');
  }
  async blob(): Promise<object> {
    const { body, headers } = this.#state;
    return blob(body, headers.get('content-type'), 'Response.blob');
  }
}
