import type { ServerResponse } from 'node:http';

/** What is said to a request, whole. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Holds for every answer: nothing is kept, nothing is guessed, no other site frames it or reads it. There is no header that
 * would let another origin in (CORS).
 */
const ALWAYS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
};

export function json(value: unknown): Answer {
  return { status: 200, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

export function text(body: string, type = 'text/plain; charset=utf-8'): Answer {
  return { status: 200, type, body };
}

/** `{ code, message }`: a code for programs and a sentence for people. */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { ...json({ code, message }), status, headers };
}

export function send(response: ServerResponse, { status, type, body, headers }: Answer): void {
  response.writeHead(status, {
    ...ALWAYS,
    'Content-Type': type,
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  });
  response.end(body);
}

/** The head of an answer that goes on for as long as somebody reads it. */
export function beginStream(response: ServerResponse, type: string): void {
  response.writeHead(200, { ...ALWAYS, 'Content-Type': type, Connection: 'close' });
}
