import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import type * as undici from 'undici';
import { isPublicAddress } from './addresses.js';
import { FetchRefusal } from './refusal.js';

/** Resolves a name to all its addresses, like `dns.lookup` with `all`. */
export type Lookup = (
  hostname: string,
  options: { readonly all: true; readonly family?: number | string; readonly hints?: number },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

type Callback = (error: Error | null, address: string | readonly LookupAddress[], family?: number) => void;

/** How long a connection is kept that nobody uses, milliseconds. */
const KEEP_ALIVE_MS = 4_000;

/**
 * Connections to servers. What decides is the address that is connected to, not one that the name had some time before
 * ("DNS rebinding"), so it is looked at between name and connection.
 */
export class Connections {
  // Loaded by who makes connections alone: it is a quarter of what a Worker loads, and most may fetch from nowhere. At once,
  // not with the first request: what a Worker lacks shows when it starts.
  readonly #undici = createRequire(import.meta.url)('undici') as typeof undici;
  readonly #public: undici.Agent;
  readonly #any: undici.Agent;

  constructor(private readonly lookup: Lookup = dnsLookup as Lookup) {
    const agent = (wanted: (address: string) => boolean): undici.Agent =>
      new this.#undici.Agent({
        keepAliveTimeout: KEEP_ALIVE_MS,
        keepAliveMaxTimeout: KEEP_ALIVE_MS,
        connect: { lookup: this.#lookupOf(wanted) as never },
      });
    this.#public = agent(isPublicAddress);
    this.#any = agent(() => true);
  }

  /** One request; rejects with `FetchRefusal` when the host's address is not public, and may not be one. */
  async fetch(url: URL, mayBePrivate: boolean, request: undici.RequestInit): Promise<undici.Response> {
    return this.#undici.fetch(url, { ...request, dispatcher: this.#to(url, mayBePrivate) });
  }

  #to({ hostname, origin }: URL, mayBePrivate: boolean): undici.Dispatcher {
    if (mayBePrivate) return this.#any;
    // Nothing is looked up for an address.
    const address = hostname.replace(/^\[|\]$/g, '');
    if (isIP(address) !== 0 && !isPublicAddress(address)) throw notPublic(origin);
    return this.#public;
  }

  async close(): Promise<void> {
    await Promise.all([this.#public.destroy(), this.#any.destroy()]);
  }

  #lookupOf(wanted: (address: string) => boolean) {
    return (
      hostname: string,
      options: { readonly all?: boolean; readonly family?: number | string; readonly hints?: number },
      callback: Callback,
    ): void => {
      this.lookup(hostname, { ...options, all: true }, (error, found) => {
        if (error !== null) {
          callback(error, []);
          return;
        }
        const addresses = found.filter(({ address }) => wanted(address));
        const [first] = addresses;
        if (first === undefined) callback(notPublic(hostname), []);
        else if (options.all === true) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
    };
  }
}

function notPublic(what: string): FetchRefusal {
  return new FetchRefusal(
    `${what} has no public address, and the Worker's operator does not allow another there (--allowedOrigins private:…)`,
  );
}
