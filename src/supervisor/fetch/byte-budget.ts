import type { JobId } from '../../model/index.js';
import { FetchRefusal } from './refusal.js';

interface Waiting {
  readonly share: ByteShare;
  readonly bytes: number;
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * Bytes that may be held at the same time, for all requests of a Worker together. A Job may hold as many as it leaves to others: half of
 * them when it is alone, and whoever comes next finds some, whatever the Jobs before it do.
 */
export class ByteBudget {
  #used = 0;
  readonly #ofJobs = new Map<JobId, number>();
  readonly #holding = new Set<ByteShare>();
  /** Oldest first. */
  readonly #waiting = new Set<Waiting>();

  constructor(private readonly most: number) {}

  /**
   * Resolves when these bytes are the share's: at once, or when other Jobs have given enough back.
   * @throws {FetchRefusal} the Job's own requests hold too many, or all that hold any wait for more
   * @throws the signal's reason
   */
  async take(share: ByteShare, bytes: number, signal: AbortSignal): Promise<void> {
    const own = this.#ofJob(share.jobId);
    if (2 * (own + bytes) > this.most)
      throw new FetchRefusal(
        `requests of the Job hold ${own} bytes of bodies already, at most ${Math.floor(this.most / 2)} at a time`,
      );
    if (this.#fits(share, bytes)) this.#give(share, bytes);
    else await this.#turn(share, bytes, signal);
  }

  release(share: ByteShare): void {
    if (!this.#holding.delete(share)) return;
    this.#used -= share.held;
    const own = this.#ofJob(share.jobId) - share.held;
    if (own === 0) this.#ofJobs.delete(share.jobId);
    else this.#ofJobs.set(share.jobId, own);
    share.held = 0;
    this.#admit();
  }

  #ofJob(jobId: JobId): number {
    return this.#ofJobs.get(jobId) ?? 0;
  }

  #fits({ jobId }: ByteShare, bytes: number): boolean {
    return this.#ofJob(jobId) + bytes <= this.most - this.#used - bytes;
  }

  #give(share: ByteShare, bytes: number): void {
    this.#used += bytes;
    this.#ofJobs.set(share.jobId, this.#ofJob(share.jobId) + bytes);
    this.#holding.add(share);
    share.held += bytes;
  }

  #turn(share: ByteShare, bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => waiting.refuse(signal.reason);
      const settle = (): void => {
        this.#waiting.delete(waiting);
        signal.removeEventListener('abort', onAbort);
      };
      const waiting: Waiting = {
        share,
        bytes,
        admit: () => {
          settle();
          this.#give(share, bytes);
          resolve();
        },
        refuse: (reason) => {
          settle();
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is the signal's.
          reject(reason);
        },
      };
      signal.addEventListener('abort', onAbort);
      this.#waiting.add(waiting);
      this.#refuseIfStuck();
    });
  }

  #admit(): void {
    for (const waiting of [...this.#waiting]) if (this.#fits(waiting.share, waiting.bytes)) waiting.admit();
    this.#refuseIfStuck();
  }

  /** Where all that hold some wait for more, nobody would ever give any back. */
  #refuseIfStuck(): void {
    const stuck = [...this.#waiting].filter(({ share }) => this.#holding.has(share));
    if (stuck.length === this.#holding.size)
      stuck
        .at(-1)
        ?.refuse(new FetchRefusal('there is no room for its bodies beside those of other requests'));
  }
}

/** What one request of a Job has taken of a budget. */
export class ByteShare {
  /** Bytes it has now; the budget's to change. */
  held = 0;
  /** Bytes it has ever taken. */
  total = 0;

  /** `signal`: it waits no longer. */
  constructor(
    private readonly budget: ByteBudget,
    readonly jobId: JobId,
    private readonly signal: AbortSignal,
  ) {}

  /** As `ByteBudget.take`. */
  async take(bytes: number): Promise<void> {
    if (bytes === 0) return;
    await this.budget.take(this, bytes, this.signal);
    this.total += bytes;
  }

  release(): void {
    this.budget.release(this);
  }
}
