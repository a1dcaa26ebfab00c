import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
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
  readonly #public: Agent;
  readonly #any: Agent;

  constructor(private readonly lookup: Lookup = dnsLookup as Lookup) {
    const agent = (wanted: (address: string) => boolean): Agent =>
      new Agent({
        keepAliveTimeout: KEEP_ALIVE_MS,
        keepAliveMaxTimeout: KEEP_ALIVE_MS,
        connect: { lookup: this.#lookupOf(wanted) as never },
      });
    this.#public = agent(isPublicAddress);
    this.#any = agent(() => true);
  }

  /**
   * For requests to this URL.
   * @throws {FetchRefusal} its host is an address that is not public, and may not be one
   */
  to({ hostname, origin }: URL, mayBePrivate: boolean): Dispatcher {
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
