import type { Scheduler, SubmitReceipt } from '../../scheduler/index.js';
import { backoffMs, Wakeable } from '../wakeable.js';
import type { SpoolRecord, Unsubmitted } from './record.js';
import { slicesOf, Spool, type SpoolNews, type TakenFile } from './spool.js';

export interface LeftoversOwner {
  onNews(news: SpoolNews): void;
  /** The Scheduler has been told all there was. */
  onDone(): void;
  onTrouble(error: unknown, retryMs: number): void;
}

const NOTHING: SubmitReceipt = Object.freeze({ recorded: 0, duplicates: 0 });

/**
 * What Workers before this one could not submit: goes to the Scheduler file after file, however long that is away. And
 * what this one cannot.
 */
export class Leftovers {
  readonly #spool: Spool;
  #stopped = false;
  #isDone = false;
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

  /** Nothing is left to submit. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * Begins. Resolves when everything was submitted, or the Scheduler failed for the first time: then it goes on by itself.
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

  /** Writes what the Scheduler did not take, oldest first, as far as there is room. Does not reject. */
  keep(unsubmitted: readonly Unsubmitted[]): Promise<void> {
    return this.#spool.keep(unsubmitted);
  }

  async #run(onFailure: () => void): Promise<void> {
    for (const name of await this.#spool.left()) {
      if (this.#stopped) return;
      const file = await this.#spool.take(name);
      if (file === null) continue;
      const record = await this.#spool.read(file);
      if (record !== null) await this.#submit(file, record, onFailure);
    }
    if (this.#stopped) return;
    this.#isDone = true;
    this.owner.onDone();
  }

  async #submit(file: TakenFile, record: SpoolRecord, onFailure: () => void): Promise<void> {
    const { jobId } = record;
    const slices = slicesOf(record);
    const told = { messages: false };
    for (let failures = 0; !this.#stopped;) {
      try {
        const receipt = await this.#tell(record, told);
        await this.#spool.remove(file);
        if (slices > 0) this.owner.onNews({ type: 'submitted', jobId, slices, receipt });
        return;
      } catch (error) {
        const { code, message } = error as { code?: unknown; message: string };
        if (code === 'ENOJOB' || code === 'EJOBSTATE') {
          await this.#spool.remove(file);
          if (slices > 0) this.owner.onNews({ type: 'dropped', jobId, slices, reason: message });
          return;
        }
        if (code === 'EINVAL') return this.#spool.setAside(file, error);
        const retryMs = backoffMs(++failures);
        this.owner.onTrouble(error, retryMs);
        onFailure();
        await this.#changed.wait(retryMs);
      }
    }
    await this.#spool.release(file);
  }

  async #tell(
    { jobId, taskId, messages, results, returns }: SpoolRecord,
    told: { messages: boolean },
  ): Promise<SubmitReceipt> {
    if (!told.messages && messages.length > 0)
      await this.scheduler.appendMessages(jobId, messages).catch((error: unknown) => {
        // As while it runs: what is wrong with messages does not hold up results.
        if ((error as { code?: unknown }).code !== 'EINVAL') throw error;
      });
    told.messages = true;
    if (taskId === null) return NOTHING;
    const receipt = results === null ? NOTHING : await this.scheduler.submitResults(taskId, jobId, results);
    for (const { numbers, reason } of returns) await this.scheduler.returnSlices(taskId, numbers, reason);
    return receipt;
  }
}
