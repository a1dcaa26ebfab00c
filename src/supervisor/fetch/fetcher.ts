import type { BodyInit, Response } from 'undici';
import type { SandboxRequest } from '../../evaluator/index.js';
import {
  isNullBodyStatus,
  isRedirectStatus,
  parseOriginRules,
  type FetchAnswer,
  type FetchRequest,
  type HeaderPairs,
  type JobId,
  type JobRequirements,
} from '../../model/index.js';
import { FetchAccess } from './access.js';
import { readBody } from './body.js';
import { ByteBudget, ByteShare } from './byte-budget.js';
import { Connections, type Lookup } from './connections.js';
import { completeFetchLimits, type FetchLimits } from './limits.js';
import { FetchRefusal } from './refusal.js';
import { parseUrl, readRequest } from './request.js';

export interface FetcherOptions {
  readonly allowedOrigins: readonly string[];
  readonly limits: Partial<FetchLimits>;
  /** Default: the system's. */
  readonly lookup?: Lookup;
}

/** What one request came to. Bytes are those of bodies. */
export interface FetchOutcome {
  readonly ok: boolean;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Whose request it is. */
export interface FetchingJob {
  readonly id: JobId;
  readonly requirements: JobRequirements;
}

/** For `Sandbox.answer`. */
export interface FetchReply {
  readonly text: string;
  readonly segments: readonly Uint8Array[];
  readonly outcome: FetchOutcome;
}

const USER_AGENT = 'dcp-worker-native';
/** What a request that loses its body loses with it (Fetch, "request-body-header name"). */
const BODY_HEADERS: readonly string[] = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
];

/** A request on its way through redirects. */
interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: HeaderPairs;
  readonly body: Uint8Array | null;
  readonly redirects: number;
}

/**
 * Does for Work Functions what `fetch` asks for, here and not where they run: only from origins that the operator allows and
 * the Job requires, with no cookies, no credentials of ours, and bounds for size, time and redirects. The Fetch standard's
 * "HTTP fetch" without CORS: there is no page whose origin could ask.
 */
export class Fetcher {
  #access: FetchAccess;
  readonly #limits: FetchLimits;
  readonly #lookup: Lookup | undefined;
  /** Null as long as nothing was ever allowed. */
  #connections: Connections | null = null;
  readonly #budget: ByteBudget;

  /** @throws {InvalidArgumentError} */
  constructor({ allowedOrigins, limits, lookup }: FetcherOptions) {
    this.#lookup = lookup;
    this.#access = this.#accessTo(allowedOrigins);
    this.#limits = completeFetchLimits(limits);
    this.#budget = new ByteBudget(this.#limits.heldBytes);
  }

  /**
   * From now on these origins are allowed and no others. Requests under way go on.
   * @throws {InvalidArgumentError} nothing has changed then
   */
  allow(origins: readonly string[]): void {
    this.#access = this.#accessTo(origins);
  }

  #accessTo(origins: readonly string[]): FetchAccess {
    const access = new FetchAccess(origins);
    if (!access.isEmpty) this.#connections ??= new Connections(this.#lookup);
    return access;
  }

  /** Whether Work Functions of such a Job have `fetch`. */
  serves(requirements: JobRequirements): boolean {
    const required = requirements.environment?.fetch;
    return required !== undefined && required !== false && !this.#access.isEmpty;
  }

  /** Never rejects. `signal` ends it when nobody waits for it any more. */
  async answer(
    { id, requirements }: FetchingJob,
    { text, segments }: SandboxRequest,
    signal: AbortSignal,
  ): Promise<FetchReply> {
    const body = segments[0] ?? null;
    const bytesOut = body?.byteLength ?? 0;
    const timeout = AbortSignal.timeout(this.#limits.timeoutMs);
    // What is left of a response that is not taken must not go on coming.
    const over = new AbortController();
    const ended = AbortSignal.any([signal, timeout, over.signal]);
    const share = new ByteShare(this.#budget, id, ended);
    try {
      if (!this.serves(requirements)) throw new FetchRefusal('the Job does not require fetch');
      if (bytesOut > this.#limits.requestBytes)
        throw new FetchRefusal(
          `the request has ${bytesOut} bytes, at most ${this.#limits.requestBytes} are sent`,
        );
      await share.take(bytesOut);
      const request = readRequest(text);
      const [answer, taken] = await this.#follow(requirements, request, body, ended, share);
      return reply(answer, taken, { ok: true, bytesIn: share.total - bytesOut, bytesOut });
    } catch (error) {
      const message = timeout.aborted
        ? `no complete response within ${this.#limits.timeoutMs} ms`
        : explain(error);
      const bytesIn = Math.max(0, share.total - bytesOut);
      return reply({ type: 'error', message }, null, { ok: false, bytesIn, bytesOut });
    } finally {
      over.abort();
      share.release();
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await this.#connections?.close();
  }

  async #follow(
    requirements: JobRequirements,
    { target, method, headers, redirect }: FetchRequest & { readonly target: URL },
    body: Uint8Array | null,
    signal: AbortSignal,
    share: ByteShare,
  ): Promise<[FetchAnswer, Uint8Array | null]> {
    let hop: Hop = { url: target, method, headers, body, redirects: 0 };
    for (;;) {
      const response = await this.#send(requirements, hop, signal);
      const location = isRedirectStatus(response.status) ? response.headers.get('location') : null;
      if (location === null) return this.#take(hop, response, share);
      await response.body?.cancel();
      if (redirect === 'manual') return [{ type: 'opaqueredirect', url: withoutFragment(hop.url) }, null];
      if (redirect === 'error')
        throw new FetchRefusal(`${hop.url.origin} redirects, which the request forbids`);
      hop = this.#redirected(hop, response.status, location);
    }
  }

  /** One request and the head of its response. */
  async #send(requirements: JobRequirements, hop: Hop, signal: AbortSignal): Promise<Response> {
    const { url, method, headers, body, redirects } = hop;
    const required = requirements.environment?.fetch;
    const rules = Array.isArray(required)
      ? parseOriginRules('requirements.environment.fetch', required)
      : true;
    const decision = this.#access.decide(url, rules);
    if ('refusal' in decision)
      throw new FetchRefusal(redirects === 0 ? decision.refusal : `redirected, and ${decision.refusal}`);
    const sent = headers.some(([name]) => name === 'user-agent')
      ? headers
      : [...headers, ['user-agent', USER_AGENT] as const];
    return this.#connections!.fetch(url, decision.private, {
      method,
      headers: sent.map(([name, value]) => [name, value] as [string, string]),
      body: body as BodyInit | null,
      redirect: 'manual',
      credentials: 'omit',
      signal,
    });
  }

  /** Fetch, "HTTP-redirect fetch". */
  #redirected(hop: Hop, status: number, location: string): Hop {
    const { redirects } = this.#limits;
    // A header's characters stand for bytes, and those of a URL are UTF-8.
    const url = parseUrl(Buffer.from(location, 'latin1').toString('utf8'), hop.url);
    if (url === null) throw new FetchRefusal(`${hop.url.origin} redirects to no URL`);
    if (hop.redirects >= redirects) throw new FetchRefusal(`more than ${redirects} redirects`);
    if (url.username !== '' || url.password !== '')
      throw new FetchRefusal(`${hop.url.origin} redirects to a URL with credentials in it`);
    const { method } = hop;
    const becomesGet =
      ((status === 301 || status === 302) && method === 'POST') ||
      (status === 303 && method !== 'GET' && method !== 'HEAD');
    const lost = becomesGet ? [...BODY_HEADERS] : [];
    if (url.origin !== hop.url.origin) lost.push('authorization');
    return {
      url,
      method: becomesGet ? 'GET' : method,
      body: becomesGet ? null : hop.body,
      headers: hop.headers.filter(([name]) => !lost.includes(name)),
      redirects: hop.redirects + 1,
    };
  }

  async #take(hop: Hop, response: Response, share: ByteShare): Promise<[FetchAnswer, Uint8Array | null]> {
    const { status, statusText, headers } = response;
    const isNull = isNullBodyStatus(status) || hop.method === 'HEAD' || response.body === null;
    const declared = headers.has('content-encoding') ? null : headers.get('content-length');
    const body = isNull
      ? null
      : await readBody(
          response.body,
          declared === null ? null : Number(declared),
          this.#limits.responseBytes,
          share,
        );
    const answer: FetchAnswer = {
      type: 'response',
      url: withoutFragment(hop.url),
      redirected: hop.redirects > 0,
      status,
      statusText,
      // Fetch, "forbidden response-header name".
      headers: [...headers].filter(([name]) => name !== 'set-cookie' && name !== 'set-cookie2'),
    };
    return [answer, body];
  }
}

function reply(answer: FetchAnswer, body: Uint8Array | null, outcome: FetchOutcome): FetchReply {
  return { text: JSON.stringify(answer), segments: body === null ? [] : [body], outcome };
}

function withoutFragment(url: URL): string {
  const copy = new URL(url);
  copy.hash = '';
  return copy.href;
}

/** What went wrong, in words that give nothing away of this machine. */
function explain(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof FetchRefusal) return at.message;
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string') return `the connection failed: ${code}`;
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
