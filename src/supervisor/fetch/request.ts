import {
  FORBIDDEN_METHODS,
  isForbiddenRequestHeader,
  isToken,
  type FetchRequest,
  type HeaderPairs,
} from '../../model/index.js';
import { FetchRefusal } from './refusal.js';

/** URL, method and headers of a request: far more than servers take. Characters. */
const MAX_TEXT = 256 * 1024;
const MAX_HEADERS = 1000;
const REDIRECT_MODES: readonly unknown[] = ['follow', 'error', 'manual'];
/** Fetch, "header value", in the characters that stand for its bytes. */
const HEADER_VALUE = /^(?![\t ])[\t\x20-\x7e\x80-\xff]*(?<![\t ])$/;

/**
 * Reads what a Sandbox asks for. It has been checked in there, by code that a Work Function may have spoiled.
 * @throws {FetchRefusal}
 */
export function readRequest(text: string): FetchRequest & { readonly target: URL } {
  if (text.length > MAX_TEXT)
    throw new FetchRefusal(`URL and headers have ${text.length} characters, at most ${MAX_TEXT} are sent`);
  const { url, method, headers, redirect } = parseObject(text) as Partial<
    Record<keyof FetchRequest, unknown>
  >;
  if (
    typeof url !== 'string' ||
    typeof method !== 'string' ||
    !isToken(method) ||
    FORBIDDEN_METHODS.includes(method.toUpperCase()) ||
    !REDIRECT_MODES.includes(redirect)
  ) {
    throw new FetchRefusal('the request is malformed');
  }
  const target = parseUrl(url);
  if (target === null) throw new FetchRefusal('the URL is malformed');
  if (target.username !== '' || target.password !== '')
    throw new FetchRefusal('the URL has credentials in it');
  return {
    url,
    target,
    method,
    headers: readHeaders(headers),
    redirect: redirect as FetchRequest['redirect'],
  };
}

function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Falls through.
  }
  throw new FetchRefusal('the request is malformed');
}

/** An absolute URL, or null. */
export function parseUrl(text: string, base?: URL): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

/** Those that may be sent. */
function readHeaders(value: unknown): HeaderPairs {
  if (!Array.isArray(value) || value.length > MAX_HEADERS)
    throw new FetchRefusal(`at most ${MAX_HEADERS} headers are sent`);
  return value
    .map((pair: unknown): [string, string] => {
      const [name, text] = Array.isArray(pair) ? (pair as unknown[]) : [];
      if (typeof name !== 'string' || typeof text !== 'string' || !isToken(name) || !HEADER_VALUE.test(text))
        throw new FetchRefusal('a header is malformed');
      return [name.toLowerCase(), text];
    })
    .filter(([name, text]) => !isForbiddenRequestHeader(name, text));
}
