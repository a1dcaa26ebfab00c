import type { SandboxRequest } from '../evaluator/index.js';
import type { JobRequirements } from '../model/index.js';
import { Fetcher, type FetchReply } from './fetch/index.js';
import type { JobDesk } from './job-desk.js';
import type { SupervisorObserver } from './observer.js';
import type { CompleteSupervisorOptions } from './options.js';

/** What Work Functions ask of the world outside: answered, counted, told to the observer. */
export class WorkRequests {
  readonly counts = { requests: 0, failed: 0, bytesIn: 0, bytesOut: 0 };
  readonly #fetcher: Fetcher;

  constructor(
    { allowedOrigins, fetchLimits }: CompleteSupervisorOptions,
    private readonly observer: SupervisorObserver,
  ) {
    this.#fetcher = new Fetcher({ allowedOrigins, limits: fetchLimits });
  }

  /** Whether a Job that requires this may fetch anything here. */
  serve(requirements: JobRequirements): boolean {
    return this.#fetcher.serves(requirements);
  }

  /** Does not reject. */
  async answer(desk: JobDesk, request: SandboxRequest, signal: AbortSignal): Promise<FetchReply> {
    const reply = await this.#fetcher.answer(desk.job, request, signal);
    const { ok, bytesIn, bytesOut } = reply.outcome;
    this.counts.requests++;
    if (!ok) this.counts.failed++;
    this.counts.bytesIn += bytesIn;
    this.counts.bytesOut += bytesOut;
    this.observer.onFetched(desk.id, reply.outcome);
    return reply;
  }

  /** As `Fetcher.allow`. */
  allow(origins: readonly string[]): void {
    this.#fetcher.allow(origins);
  }

  close(): Promise<void> {
    return this.#fetcher.close();
  }
}
