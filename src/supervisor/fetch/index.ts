export { Fetcher, type FetcherOptions, type FetchOutcome, type FetchReply } from './fetcher.js';
export { completeFetchLimits, type FetchLimits } from './limits.js';
