/** fetch. https://fetch.spec.whatwg.org/#fetch-method */
import type { FetchAnswer, FetchRequest } from '../../../model/index.js';
import { Body } from './body.js';
import { HeaderList } from './header-list.js';
import { makeRequest, type RequestState } from './request.js';
import { makeResponse, type Response } from './response.js';
import { realm } from './realm.js';

/** Of a URL in a message. Characters. */
const MAX_SHOWN = 1000;

/**
 * The promise is fulfilled when all of the body is here.
 * @param caller its frames, and those above it, are left out of errors' stacks
 */
export function startFetch(
  input: unknown,
  init: unknown,
  caller: (...args: never[]) => unknown,
): Promise<Response> {
  const { Promise, TypeError, captureStackTrace } = realm.primordials;
  return new Promise((resolve, reject) => {
    const { requests, group } = realm;
    // A signal's reason may be anything.
    const abortWith: (reason: unknown) => void = reject;
    const request = makeRequest(input, init, 'fetch');
    const { signal } = request;
    const { signals } = group('events');
    const abortion = signal === null ? null : signals.abortion(signal);
    if (abortion !== null) {
      abortWith(abortion.reason);
      return;
    }
    // Made here, so that its stack says who fetched.
    const failure = new TypeError('');
    captureStackTrace(failure, caller);
    const fail = (message: string): void => {
      reject(explain(failure, `fetch ${shown(request)}: ${message}`));
    };
    const refusal = refuse(request);
    if (refusal !== null) {
      fail(refusal);
      return;
    }
    const body = request.body.take('fetch');
    const id = requests.open(describe(request), body === null ? [] : [body], (text, segments) => {
      if (signal !== null) signals.offAbort(signal, abort);
      if (segments === null) {
        fail('the Sandbox has no memory left for the response');
        return;
      }
      const answer = realm.primordials.JSONParse(text) as FetchAnswer;
      if (answer.type === 'error') fail(answer.message);
      else resolve(toResponse(answer, segments));
    });
    const abort = (): void => {
      requests.drop(id);
      abortWith(signals.abortion(signal)!.reason);
    };
    if (signal !== null) signals.onAbort(signal, abort);
  });
}

/** Why it is not even sent, null when it is. */
function refuse({ mode, integrity }: RequestState): string | null {
  if (mode !== 'cors') return `there is no origin here, which the mode "${mode}" is about`;
  return integrity === '' ? null : 'integrity is not supported';
}

function describe({ url, method, headers, redirect }: RequestState): string {
  return realm.primordials.JSONStringify({
    url,
    method,
    headers: headers.all,
    redirect,
  } satisfies FetchRequest);
}

function toResponse(answer: Exclude<FetchAnswer, { type: 'error' }>, segments: ArrayBuffer[]): Response {
  const { Uint8Array } = realm.primordials;
  const headers = new HeaderList('immutable');
  if (answer.type === 'opaqueredirect') {
    const { type, url } = answer;
    return makeResponse({
      type,
      url,
      redirected: false,
      status: 0,
      statusText: '',
      headers,
      body: new Body(null),
    });
  }
  headers.fill(answer.headers);
  const { url, redirected, status, statusText } = answer;
  const body = new Body(segments.length === 0 ? null : new Uint8Array(segments[0]!));
  return makeResponse({ type: 'basic', url, redirected, status, statusText, headers, body });
}

function shown({ url }: RequestState): string {
  const { apply, StringPrototypeSlice } = realm.primordials;
  return url.length <= MAX_SHOWN ? url : `${apply(StringPrototypeSlice, url, [0, MAX_SHOWN])}…`;
}

/** Gives an error a message, in its stack, too. */
function explain(error: Error, message: string): Error {
  const { apply, defineProperty, RegExpPrototypeExec } = realm.primordials;
  const hidden = { writable: true, configurable: true, enumerable: false };
  defineProperty(error, 'message', { value: message, ...hidden });
  const frames = typeof error.stack === 'string' ? apply(RegExpPrototypeExec, FRAMES, [error.stack]) : null;
  defineProperty(error, 'stack', { value: `TypeError: ${message}${frames?.[0] ?? ''}`, ...hidden });
  return error;
}

const FRAMES = /\n {4}at [^]*$/;
