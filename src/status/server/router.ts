import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DcpError } from '../../model/index.js';
import type { StatusSource, WorkerControl } from '../worker-status.js';
import type { Access } from './access.js';
import { refusal, send, type Answer } from './answer.js';
import type { EventStreams } from './event-streams.js';
import type { Page } from './page.js';
import { ROUTES, type Route } from './routes.js';

/** Characters of a request's target. */
const MAX_TARGET = 2048;
/** No request has anything to say in its body. */
const MAX_BODY_BYTES = 1024;

export interface RouterParts {
  readonly source: StatusSource;
  readonly control: WorkerControl;
  readonly page: Page;
  readonly events: EventStreams;
  /** Hears of what went wrong by no doing of the asker, who gets the reference alone. */
  readonly onError: (error: unknown, reference: string) => void;
}

/** Answers the requests of every listener. */
export class Router {
  constructor(private readonly parts: RouterParts) {}

  /** `access` is null for the Unix socket, whose permissions have let the asker in, and who may change the Worker. */
  handle(request: IncomingMessage, response: ServerResponse, access: Access | null): void {
    // A client that goes away is no error.
    response.on('error', () => undefined);
    limitBody(request, response);
    void this.#answer(request, response, access).then((answer) => {
      if (answer !== null && !response.headersSent && !response.destroyed) send(response, answer);
    });
  }

  /** Null: the response is somebody else's to write. */
  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    access: Access | null,
  ): Promise<Answer | null> {
    const target = request.url ?? '';
    if (target.length > MAX_TARGET)
      return refusal(414, 'ETARGET', `the target has ${target.length} characters, of ${MAX_TARGET}`);
    if (!target.startsWith('/')) return refusal(400, 'ETARGET', 'the target must begin with "/"');
    const url = new URL(`http://worker${target}`);
    let cookie: string | null = null;
    if (access !== null) {
      const admission = access.admit(request, url);
      if (!admission.admitted) return admission.answer;
      ({ cookie } = admission);
    }
    const route = ROUTES.get(url.pathname);
    if (route === undefined)
      return refusal(
        404,
        'ENOTFOUND',
        `there is no ${url.pathname}; there are ${[...ROUTES.keys()].join(' ')}`,
      );
    const refused = refuseMethod(route, request.method ?? '', url.pathname, access);
    if (refused !== null) return refused;
    try {
      if (route.answer === 'events') return this.parts.events.open(request, response, cookie);
      const answer = await route.answer({ ...this.parts, url });
      return cookie === null ? answer : { ...answer, headers: { ...answer.headers, 'Set-Cookie': cookie } };
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Answer {
    if (error instanceof DcpError) return refusal(409, error.code, error.message);
    const reference = randomUUID();
    this.parts.onError(error, reference);
    return refusal(500, 'EINTERNAL', `something went wrong; the log has it as ${reference}`);
  }
}

function refuseMethod(route: Route, method: string, path: string, access: Access | null): Answer | null {
  if (route.method === 'POST' && access !== null)
    return refusal(403, 'ECONTROL', `${path}: a Worker is changed through its Unix socket alone`);
  if (method === route.method || (method === 'HEAD' && route.method === 'GET' && route.answer !== 'events'))
    return null;
  const allow = route.method === 'GET' && route.answer !== 'events' ? 'GET, HEAD' : route.method;
  return refusal(405, 'EMETHOD', `${path}: expected ${allow}, got ${method}`, { Allow: allow });
}

/** Lets a short body pass unread, and ends the connection of a long one. */
function limitBody(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on('error', () => undefined);
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) return;
    request.pause();
    if (!response.headersSent) {
      const close = { Connection: 'close' };
      send(response, refusal(413, 'EBODY', `a body may have ${MAX_BODY_BYTES} bytes`, close));
    }
    response.once('finish', () => request.destroy());
    if (response.writableFinished) request.destroy();
  });
}
