/** What a Sandbox and the Supervisor tell each other about a `fetch`, as JSON; bodies travel beside it. */

/** Names in lower case, and values, in order. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

export interface FetchRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderPairs;
  readonly redirect: 'follow' | 'error' | 'manual';
}

export type FetchAnswer =
  | {
      readonly type: 'response';
      /** Where it came from, after redirects, without a fragment. */
      readonly url: string;
      readonly redirected: boolean;
      readonly status: number;
      readonly statusText: string;
      readonly headers: HeaderPairs;
    }
  /** A redirect that was not to be followed. */
  | { readonly type: 'opaqueredirect'; readonly url: string }
  /** The Fetch standard's network error. */
  | { readonly type: 'error'; readonly message: string };

/** Requests of one Sandbox that may be without an answer at a time; what comes then waits in the Sandbox. */
export const MAX_OPEN_REQUESTS = 16;

/** Methods that a request may not have (Fetch, "forbidden method"), in upper case. */
export const FORBIDDEN_METHODS: readonly string[] = ['CONNECT', 'TRACE', 'TRACK'];

/** RFC 9110, "token". */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const { exec } = RegExp.prototype as {
  readonly exec: (this: RegExp, text: string) => RegExpExecArray | null;
};
const { apply } = Reflect;

export function isToken(text: string): boolean {
  return apply(exec, TOKEN, [text]) !== null;
}

/** "Forbidden request-header": what only who sends the request may set. `name` is in lower case. */
export function isForbiddenRequestHeader(name: string, value: string): boolean {
  for (let index = 0; index < FORBIDDEN_REQUEST_HEADERS.length; index++)
    if (FORBIDDEN_REQUEST_HEADERS[index] === name) return true;
  if (startsWith(name, 'proxy-') || startsWith(name, 'sec-')) return true;
  return (
    (name === 'x-http-method' || name === 'x-http-method-override' || name === 'x-method-override') &&
    apply(exec, FORBIDDEN_OVERRIDE, [value]) !== null
  );
}

const FORBIDDEN_REQUEST_HEADERS: readonly string[] = [
  'accept-charset',
  'accept-encoding',
  'access-control-request-headers',
  'access-control-request-method',
  'access-control-request-private-network',
  'connection',
  'content-length',
  'cookie',
  'cookie2',
  'date',
  'dnt',
  'expect',
  'host',
  'keep-alive',
  'origin',
  'referer',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
];
const FORBIDDEN_OVERRIDE = /(?:^|,)[\t ]*(?:connect|trace|track)[\t ]*(?:,|$)/i;

function startsWith(text: string, prefix: string): boolean {
  for (let at = 0; at < prefix.length; at++) if (text[at] !== prefix[at]) return false;
  return true;
}

/** Statuses whose responses have no body. */
export function isNullBodyStatus(status: number): boolean {
  return status === 101 || status === 103 || status === 204 || status === 205 || status === 304;
}

export function isRedirectStatus(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}
