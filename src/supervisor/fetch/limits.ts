import { checkNames, InvalidArgumentError } from '../../model/index.js';

/** Bounds of what Work Functions may fetch. */
export interface FetchLimits {
  /** From the request to the last byte of the response, milliseconds. Default 60,000. */
  readonly timeoutMs: number;
  /** Bodies, after decompression, bytes. Defaults: 16 MiB and 64 MiB. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Redirects that are followed. Default 20, as browsers have it. */
  readonly redirects: number;
  /** Bodies of all requests under way in the Worker, bytes; of one Job's at most half of it. Default 512 MiB. */
  readonly heldBytes: number;
}

const DEFAULTS: FetchLimits = {
  timeoutMs: 60_000,
  requestBytes: 16 * 2 ** 20,
  responseBytes: 64 * 2 ** 20,
  redirects: 20,
  heldBytes: 512 * 2 ** 20,
};
const MAX: FetchLimits = {
  timeoutMs: 86_400_000,
  requestBytes: 2 ** 30,
  responseBytes: 2 ** 30,
  redirects: 100,
  heldBytes: 2 ** 40,
};

/** Fills in defaults. Throws `InvalidArgumentError` for a bound out of range or of another name. */
export function completeFetchLimits(limits: Partial<FetchLimits>): FetchLimits {
  checkNames('fetchLimits', limits, 'a bound of what is fetched', Object.keys(DEFAULTS));
  const complete = { ...DEFAULTS, ...limits };
  for (const name of Object.keys(DEFAULTS) as (keyof FetchLimits)[]) {
    const value = complete[name];
    if (!Number.isInteger(value) || value < 0 || value > MAX[name])
      throw new InvalidArgumentError(
        `fetchLimits.${name}`,
        `expected a whole number from 0 to ${MAX[name]}, got ${String(value)}`,
      );
  }
  return complete;
}
