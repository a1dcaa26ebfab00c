export { Fetcher, type FetcherOptions, type FetchOutcome, type FetchReply } from './fetcher.js';
export type { FetchLimits } from './limits.js';
