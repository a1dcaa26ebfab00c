/** Which origins (HTML, "origin": scheme, host and port) an operator allows, or a Job asks for. */
import { InvalidArgumentError } from './errors.js';
import { shown } from './shown.js';

/** One entry of a list of origins. */
export interface OriginRule {
  /** As it was written. */
  readonly text: string;
  /** `http:`, `https:`, or null for both. */
  readonly scheme: string | null;
  /** As URLs have it, in lower case; for `*.example.com` it is `.example.com`; null: any. */
  readonly host: string | null;
  /** Empty: the default of the scheme. Null: any. */
  readonly port: string | null;
  /** What is there may have a private, link-local or loopback address. */
  readonly private: boolean;
}

/** Entries of one list. */
const MAX_ORIGINS = 1000;

const ENTRY = /^(private:)?(https?):\/\/(\*\.?)?([^/*]*)\/?$/i;
const EXPECTED =
  'expected an origin (https://data.example.com), one with subdomains (https://*.example.com), ' +
  'any host (https://*), any origin (*), or one of these behind "private:"';

/**
 * Reads an entry: `*`, `https://host`, `https://host:8443`, `https://*.domain`, `https://*`. `private:` in front lets the host
 * have an address that is not public; where the host is itself such an address, or localhost, that goes without saying.
 * @param field names it in the error
 * @throws {InvalidArgumentError}
 */
export function parseOriginRule(field: string, text: unknown): OriginRule {
  const fail = (): never => {
    throw new InvalidArgumentError(field, `${EXPECTED}; got ${shown(text)}`);
  };
  if (typeof text !== 'string') return fail();
  if (text === '*' || text === 'private:*')
    return { text, scheme: null, host: null, port: null, private: text !== '*' };
  const [, isPrivate, scheme, wildcard = '', rest = ''] = ENTRY.exec(text) ?? fail();
  const declared = isPrivate !== undefined;
  if (wildcard === '*') {
    if (rest !== '') return fail();
    return { text, scheme: `${scheme!.toLowerCase()}:`, host: null, port: '', private: declared };
  }
  let url: URL;
  try {
    url = new URL(`${scheme}://${rest}`);
  } catch {
    return fail();
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return fail();
  return {
    text,
    scheme: url.protocol,
    host: wildcard === '' ? url.hostname : `.${url.hostname}`,
    port: url.port,
    private: declared || (wildcard === '' && namesThisNetwork(url.hostname)),
  };
}

/** An address, or a name that stands for the machine itself: whoever writes it means what is there. */
function namesThisNetwork(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || /^\[|^[\d.]+$/.test(host);
}

/** @throws {InvalidArgumentError} naming the entry */
export function parseOriginRules(field: string, entries: readonly unknown[]): OriginRule[] {
  return entries.map((entry, index) => parseOriginRule(`${field}[${index}]`, entry));
}

/** @throws {InvalidArgumentError} an entry that is none, or too many of them */
export function checkOrigins(field: string, entries: readonly unknown[]): void {
  if (entries.length > MAX_ORIGINS)
    throw new InvalidArgumentError(field, `expected at most ${MAX_ORIGINS} origins, got ${entries.length}`);
  parseOriginRules(field, entries);
}

/** Whether the rule is for this URL's origin. */
export function matchesOrigin(rule: OriginRule, { protocol, hostname, port }: URL): boolean {
  return (
    (rule.scheme === null || rule.scheme === protocol) &&
    (rule.port === null || rule.port === port) &&
    coversHost(rule.host, hostname)
  );
}

/** Whether everything that `asked` is for is allowed by `rule`, addresses aside. */
function coversRule(rule: OriginRule, asked: OriginRule): boolean {
  return (
    (rule.scheme === null || rule.scheme === asked.scheme) &&
    (rule.port === null || rule.port === asked.port) &&
    (rule.host === null || (asked.host !== null && coversHost(rule.host, asked.host)))
  );
}

function coversHost(rule: string | null, host: string): boolean {
  if (rule === null || rule === host) return true;
  return rule.startsWith('.') && host.endsWith(rule) && host.length > rule.length;
}

/**
 * Whether a Worker that allows `allowed` has what a Job requires: anything at all (true), or all it names. Both were checked.
 */
export function offersOrigins(allowed: readonly string[], required: true | readonly string[]): boolean {
  const rules = allowed.map((entry) => parseOriginRule('allowedOrigins', entry));
  if (required === true) return rules.length > 0;
  return required.every((entry) => {
    const asked = parseOriginRule('job.requirements.environment.fetch', entry);
    return rules.some((rule) => coversRule(rule, asked));
  });
}
