import type { JobId } from '../../model/index.js';
import type { Scheduler, SubmitReceipt } from '../../scheduler/index.js';
import { backoffMs, Wakeable } from '../wakeable.js';
import type { SpoolRecord, Unsubmitted } from './record.js';
import { slicesOf, Spool, type SpoolNews, type TakenFile } from './spool.js';

export interface LeftoversOwner {
  onNews(news: SpoolNews): void;
  /** `isDone` from now on. */
  onDone(): void;
  onTrouble(error: unknown, retryMs: number): void;
}

const NOTHING: SubmitReceipt = Object.freeze({ recorded: 0, duplicates: 0 });

/** Records in a row that the Scheduler fails for, each of another Job, before it is taken to be away. */
const AWAY_FAILURES = 2;

/** A file that is still to be submitted. */
interface Leftover {
  name: string;
  /** Null: it was not read yet. */
  jobId: JobId | null;
  /** The Scheduler has what its Slices said. */
  messagesTold: boolean;
}

/**
 * What Workers before this one could not submit: goes to the Scheduler file after file, however long that is away. And
 * what this one cannot.
 */
export class Leftovers {
  readonly #spool: Spool;
  #stopped = false;
  #isDone = false;
  /** The Scheduler has taken what was tried last. */
  #isTaking = false;
  /** It has answered another call since the round that is under way began. */
  #hasAnswered = false;
  /** In a row. */
  #failures = 0;
  readonly #changed = new Wakeable();
  #ended: Promise<void> = Promise.resolve();

  constructor(
    directory: string,
    maxBytes: number,
    private readonly scheduler: Scheduler,
    private readonly owner: LeftoversOwner,
  ) {
    this.#spool = new Spool(directory, scheduler.identity, maxBytes, (news) => owner.onNews(news));
  }

  /** Nothing is left to submit, but what the Scheduler fails for though it answers other calls. That is tried again and again. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** The Scheduler has answered another call: it is not away. */
  onAnswer(): void {
    this.#hasAnswered = true;
  }

  /**
   * Begins. Resolves when everything was tried once, or the Scheduler seems to be away: then it goes on by itself.
   * Does not reject.
   */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = this.#run(resolve).finally(resolve);
    });
  }

  /** Lets a call under way come to its end. What is left stays in the spool, for anybody. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#changed.wake();
    await this.#ended;
  }

  /** Writes what the Scheduler did not take, the newest as long as there is room. Does not reject. */
  keep(unsubmitted: readonly Unsubmitted[]): Promise<void> {
    return this.#spool.keep(unsubmitted);
  }

  async #run(onTried: () => void): Promise<void> {
    const names = await this.#spool.left();
    let left = names.map((name): Leftover => ({ name, jobId: null, messagesTold: false }));
    for (;;) {
      const isThere = this.#isTaking || this.#hasAnswered;
      this.#hasAnswered = false;
      left = await this.#tryAll(left, onTried);
      if (this.#stopped) return;
      onTried();
      if ((left.length === 0 || isThere) && !this.#isDone) {
        this.#isDone = true;
        this.owner.onDone();
      }
      if (left.length === 0) return;
    }
  }

  /**
   * One round: everything, but of a Job no more once the Scheduler has failed for one of its files. Answers what is left, first what
   * was not tried.
   */
  async #tryAll(left: readonly Leftover[], onAway: () => void): Promise<Leftover[]> {
    const untried: Leftover[] = [];
    const failed: Leftover[] = [];
    const failing = new Set<JobId>();
    for (const leftover of left) {
      if (this.#stopped) break;
      if (leftover.jobId !== null && failing.has(leftover.jobId)) {
        untried.push(leftover);
        continue;
      }
      const file = await this.#spool.take(leftover.name);
      if (file === null) continue;
      const record = await this.#spool.read(file);
      if (record === null) continue;
      leftover.jobId = record.jobId;
      if (this.#stopped || failing.has(record.jobId)) untried.push(leftover);
      else {
        const retryMs = await this.#submit(file, record, leftover);
        if (retryMs === null) continue;
        failed.push(leftover);
        failing.add(record.jobId);
        if (this.#failures >= AWAY_FAILURES) onAway();
        if (!this.#stopped) await this.#changed.wait(retryMs);
      }
      leftover.name = await this.#spool.release(file);
    }
    return [...untried, ...failed];
  }

  /** Null: the file is done with. Otherwise the Scheduler failed, and is left alone for so long, milliseconds. */
  async #submit(file: TakenFile, record: SpoolRecord, leftover: Leftover): Promise<number | null> {
    const { jobId } = record;
    const slices = slicesOf(record);
    try {
      const receipt = await this.#tell(record, leftover);
      await this.#spool.remove(file);
      if (slices > 0) this.owner.onNews({ type: 'submitted', jobId, slices, receipt });
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string };
      if (code === 'ENOJOB' || code === 'EJOBSTATE') {
        await this.#spool.remove(file);
        if (slices > 0) this.owner.onNews({ type: 'dropped', jobId, slices, reason: message });
      } else if (code === 'EINVAL') await this.#spool.setAside(file, error);
      else {
        this.#isTaking = false;
        const retryMs = backoffMs(++this.#failures);
        this.owner.onTrouble(error, retryMs);
        return retryMs;
      }
    }
    this.#isTaking = true;
    this.#failures = 0;
    return null;
  }

  async #tell(
    { jobId, taskId, messages, results, returns }: SpoolRecord,
    leftover: Leftover,
  ): Promise<SubmitReceipt> {
    if (!leftover.messagesTold && messages.length > 0)
      await this.scheduler.appendMessages(jobId, messages).catch((error: unknown) => {
        // As while it runs: what is wrong with messages does not hold up results.
        if ((error as { code?: unknown }).code !== 'EINVAL') throw error;
      });
    leftover.messagesTold = true;
    if (taskId === null) return NOTHING;
    const receipt = results === null ? NOTHING : await this.scheduler.submitResults(taskId, jobId, results);
    for (const { numbers, reason } of returns) await this.scheduler.returnSlices(taskId, numbers, reason);
    return receipt;
  }
}
