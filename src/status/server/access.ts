import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import { InvalidArgumentError } from '../../model/index.js';
import { refusal, type Answer } from './answer.js';

/** Characters of a token: fewer could be guessed, more do not fit into a header. */
const TOKEN_LENGTH = { least: 16, most: 512 };
/** How long a browser keeps the cookie, seconds. */
const COOKIE_AGE = 30 * 24 * 3600;

/** Whether a request may read. */
export type Admission =
  | { readonly admitted: false; readonly answer: Answer }
  /** `cookie`: for a browser to keep, so that it need not say the token again. */
  | { readonly admitted: true; readonly cookie: string | null };

/**
 * The token in a file, without white space around it. Throws `InvalidArgumentError` when there is none that will do.
 * @param field names it in errors
 */
export function readToken(field: string, file: string): string {
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new InvalidArgumentError(field, `${file} cannot be read: ${(error as Error).message}`);
  }
  checkToken(field, token, file);
  return token;
}

export function checkToken(field: string, token: string, where = 'the token'): void {
  if (token.length < TOKEN_LENGTH.least || token.length > TOKEN_LENGTH.most)
    throw new InvalidArgumentError(
      field,
      `${where}: expected ${TOKEN_LENGTH.least} to ${TOKEN_LENGTH.most} characters, got ${token.length}; ` +
        '"openssl rand -hex 32" makes a token',
    );
  if (!/^[!-~]+$/.test(token))
    throw new InvalidArgumentError(field, `${where}: expected printable ASCII without white space`);
}

/** `localhost`, 127.0.0.0/8 or ::1. */
export function isLoopback(address: string): boolean {
  return (
    address === 'localhost' || (ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback')
  );
}

/** Decides who may read over TCP. On the Unix socket the file's permissions decide. */
export class Access {
  constructor(
    private readonly address: string,
    private readonly token: string | null,
  ) {}

  admit(request: IncomingMessage, url: URL): Admission {
    if (this.token !== null && this.isToken(bearerOf(request))) return { admitted: true, cookie: null };
    // A page elsewhere can have its own name point here; then the name is not one of ours.
    if (!this.isOwnHost(request))
      return denied(
        refusal(403, 'EHOST', `this Worker is not known as ${JSON.stringify(request.headers.host ?? '')}`),
      );
    if (this.token === null) return { admitted: true, cookie: null };
    const given = url.searchParams.get('token');
    if (given !== null && this.isToken(given)) return { admitted: true, cookie: this.cookieFor(request) };
    const name = cookieName(request);
    const kept = cookiesOf(request).find(([key]) => key === name)?.[1];
    if (kept !== undefined && isSame(kept, this.cookieValue())) return { admitted: true, cookie: null };
    return denied(
      refusal(
        401,
        'ETOKEN',
        'this needs the token: "Authorization: Bearer …", or "?token=…" once in a browser',
        {
          'WWW-Authenticate': 'Bearer realm="dcp-worker"',
        },
      ),
    );
  }

  private isToken(given: string | null): boolean {
    return given !== null && this.token !== null && isSame(given, this.token);
  }

  /** A loopback name or address, the address that was asked for, or the one that was connected to. */
  private isOwnHost(request: IncomingMessage): boolean {
    const host = hostOf(request);
    if (host === null) return false;
    if (isLoopback(host) || host === this.address) return true;
    const local = request.socket.localAddress;
    if (!ipaddr.isValid(host) || local === undefined || !ipaddr.isValid(local)) return false;
    return ipaddr.process(host).toString() === ipaddr.process(local).toString();
  }

  /** Not the token itself: who steals the cookie has not what other programs ask for. The same after a restart. */
  private cookieValue(): string {
    return createHmac('sha256', this.token ?? '')
      .update('the cookie of the page')
      .digest('base64url');
  }

  private cookieFor(request: IncomingMessage): string {
    const rules = `Max-Age=${COOKIE_AGE}; Path=/; HttpOnly; SameSite=Strict`;
    return `${cookieName(request)}=${this.cookieValue()}; ${rules}`;
  }
}

function denied(answer: Answer): Admission {
  return { admitted: false, answer };
}

/** Browsers keep cookies for a host, whatever the port: two Workers on one host must not share one. */
function cookieName(request: IncomingMessage): string {
  return `dcp-worker-${request.socket.localPort}`;
}

function bearerOf({ headers }: IncomingMessage): string | null {
  return /^Bearer +([!-~]+) *$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}

function cookiesOf({ headers }: IncomingMessage): [string, string][] {
  return (headers.cookie ?? '').split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as [string, string]];
  });
}

/** The name in the Host header, without a port and brackets. */
function hostOf({ headers }: IncomingMessage): string | null {
  const host = headers.host ?? '';
  if (!/^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(host)) return null;
  return host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}

/** Takes the same time wherever they differ, whatever their lengths. */
function isSame(given: string, wanted: string): boolean {
  const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
