import { matchesOrigin, parseOriginRules, type OriginRule } from '../../model/index.js';

/** What may be fetched: where the operator's list and the Job's requirement meet. */
export class FetchAccess {
  readonly #allowed: readonly OriginRule[];

  /** @throws {InvalidArgumentError} naming the entry that is none */
  constructor(allowedOrigins: readonly string[]) {
    this.#allowed = parseOriginRules('allowedOrigins', allowedOrigins);
  }

  /** Nothing at all may be fetched. */
  get isEmpty(): boolean {
    return this.#allowed.length === 0;
  }

  /** Why a Job may not fetch from there, and who says so; or whether that place may have an address that is not public. */
  decide(
    url: URL,
    required: true | readonly OriginRule[],
  ): { readonly refusal: string } | { private: boolean } {
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      return { refusal: `the scheme ${url.protocol} is not fetched here, http: and https: are` };
    if (required !== true && !required.some((rule) => matchesOrigin(rule, url)))
      return {
        refusal: `the Job does not require ${url.origin} (requirements.environment.fetch)`,
      };
    const allowing = this.#allowed.filter((rule) => matchesOrigin(rule, url));
    if (allowing.length === 0)
      return { refusal: `the Worker's operator does not allow ${url.origin} (--allowedOrigins)` };
    return { private: allowing.some((rule) => rule.private) };
  }
}
