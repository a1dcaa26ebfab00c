/**
 * Group `fetch`: what the Fetch standard (https://fetch.spec.whatwg.org/) has, for Jobs that require it on Workers whose
 * operator allows something. The requests are made by the Worker's Supervisor, which decides what may be fetched; nothing
 * here is trusted to. Bodies do not stream, so there is no `body`.
 */
import type { MakeGroup } from '../realm.js';
import { defineInterface, requireArguments } from '../webidl.js';
import { startFetch } from './fetch.js';
import { defineIteration, Headers } from './headers.js';
import { enterRealm } from './realm.js';
import { Request } from './request.js';
import { Response } from './response.js';

const makeFetch: MakeGroup = (host, realm) => {
  enterRealm(host, realm);
  const { primordials } = realm;
  defineIteration();
  defineInterface(primordials, 'Headers', Headers);
  defineInterface(primordials, 'Request', Request, null, ['method', 'url']);
  defineInterface(primordials, 'Response', Response, null, ['status', 'url']);
  const { fetch } = {
    async fetch(input: unknown, init: unknown = undefined): Promise<Response> {
      requireArguments(primordials, arguments.length, 1, 'fetch');
      return startFetch(input, init, fetch);
    },
  };
  return { Headers, Request, Response, fetch };
};

export default makeFetch;
