/** A client that keeps deploying Jobs, whatever happens to the Scheduler's disk, and looks at every result. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { createCompute, type Compute, type Job } from '#src/compute/index.js';
import { JobNotFoundError, SchedulerError } from '#src/model/index.js';
import type { Scheduler } from '#src/scheduler/index.js';
import type { Random } from '../../fuzz/mutate.js';
import type { TrialKind } from './kinds.js';

const RETRY_MS = 200;
const EVENTS_AT_ONCE = 1_000;
/** What a Slice ends with whose evaluator was lost in each of its runs. */
const LOST_EACH_TIME = 'EEVALUATORCRASH';

export interface ClientOptions {
  readonly kinds: Readonly<Record<string, TrialKind>>;
  /** Has results damaged now and then, to see that somebody notices. */
  readonly damages: boolean;
  /** Evaluators are lost so often that it may meet a Slice in each of its runs, which then fails as documented. */
  readonly mayBeLost?: {
    /** One in so many at the most, begun ones included. */
    readonly slicesForOne: number;
    /** What the failure says of the last run: any other loss is nobody's doing here. */
    readonly by: RegExp;
  };
}

export class Client {
  readonly counts = { jobs: 0, slices: 0, failedAsTheyMust: 0, lostEachTime: 0, retries: 0, redeployed: 0 };
  /** Jobs of each kind that came to their end. */
  readonly done: Record<string, number> = {};
  /** Jobs under way, by name. */
  readonly #open = new Map<number, string>();
  readonly #compute: Compute;
  #deck: string[] = [];
  #lanes: Promise<unknown> = Promise.resolve();
  #isOver = false;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    private readonly onFault: (what: string) => void,
    private readonly options: ClientOptions,
  ) {
    this.#compute = createCompute({ scheduler });
  }

  /** Deploys one Job after another, so many at the same time. */
  start(lanes: number): void {
    const lane = async (): Promise<void> => {
      while (!this.#isOver) await this.run(this.#deal());
    };
    this.#lanes = Promise.all(Array.from({ length: lanes }, lane));
  }

  /** Deploys no more. It is a fault when a Job is not at its end within this time, and when the Scheduler still has one. Lost Slices count here, too. */
  async finish(withinMs: number): Promise<void> {
    this.#isOver = true;
    const isDone = await Promise.race([this.#lanes.then(() => true), sleep(withinMs, false, { ref: false })]);
    if (!isDone) this.onFault(`Jobs are not at their end: ${[...this.#open.values()].join(', ')}`);
    const jobs = await this.scheduler.listJobs();
    if (isDone && jobs.length > 0) this.onFault(`${jobs.length} Jobs are left with the Scheduler`);
    const { slices, lostEachTime } = this.counts;
    if (lostEachTime > Math.ceil(slices / (this.options.mayBeLost?.slicesForOne ?? Infinity)))
      this.onFault(`of ${slices} Slices ${lostEachTime} were lost in each of their runs`);
  }

  /** Calls that the Scheduler could not answer. */
  get refusals(): number {
    return this.counts.retries;
  }

  /** A Job of this kind, to its end. What is wrong with it is told. */
  async run(name: string): Promise<void> {
    const number = this.counts.jobs++;
    this.#open.set(number, name);
    try {
      await this.#run(name, this.options.kinds[name]!);
    } catch (error) {
      this.onFault(`${name}: ${String(error)}`);
    }
    this.#open.delete(number);
  }

  #deal(): string {
    if (this.#deck.length === 0) this.#deck = Object.keys(this.options.kinds);
    return this.#deck.splice(this.random.below(this.#deck.length), 1)[0]!;
  }

  async #run(name: string, kind: TrialKind): Promise<void> {
    for (;;) {
      const job = this.#deploy(name, kind);
      const results = await this.#finish(job);
      const { id } = job;
      if (results !== null) {
        this.#check(name, kind, results);
        await this.#checkLog(name, id!, kind.slices);
      }
      if (id !== null) await this.#persist(() => this.#remove(id));
      if (results !== null) return;
      this.counts.redeployed++;
      await sleep(RETRY_MS);
    }
  }

  #deploy(name: string, { work, slices, data, limits = {} }: TrialKind): Job {
    const job =
      data === undefined
        ? this.#compute.for(1, slices, work)
        : this.#compute.for(
            Array.from({ length: slices }, (_, i) => data(i + 1)),
            work,
          );
    job.limits = limits;
    job.public.name = name;
    return job;
  }

  /** Its results; null: the Scheduler has not got all of it. Throws when it had, and has lost it. */
  async #finish(job: Job): Promise<unknown[] | null> {
    let isAccepted = false;
    job.on('accepted', () => (isAccepted = true));
    try {
      return [...(await job.exec())] as unknown[];
    } catch (error) {
      if (!(error instanceof SchedulerError)) throw error;
      this.counts.retries++;
    }
    const { id } = job;
    if (id === null) return null;
    const state = await this.#persist(() => this.#stateOf(id));
    if (state !== 'open' && state !== 'finished') {
      if (isAccepted) throw new Error(`the Scheduler had accepted the Job, which is ${state}`);
      return null;
    }
    return this.#persist(async () => [...(await (await this.#compute.resume(id)).exec())] as unknown[]);
  }

  async #stateOf(id: string): Promise<string> {
    try {
      return (await this.scheduler.jobStatus(id)).state;
    } catch (error) {
      if (error instanceof JobNotFoundError) return 'gone';
      throw error;
    }
  }

  async #remove(id: string): Promise<void> {
    try {
      await this.scheduler.removeJob(id);
    } catch (error) {
      if (!(error instanceof JobNotFoundError)) throw error;
    }
  }

  #check(name: string, { slices, expect, code }: TrialKind, results: unknown[]): void {
    if (results.length !== slices) this.onFault(`${name}: ${results.length} results of ${slices} Slices`);
    if (this.options.damages && this.random.below(10) === 0) results[0] = 'damaged';
    results.forEach((value, index) => {
      const wanted = expect(index + 1);
      const got = value instanceof Error ? (value as Error & { code?: string }).code : value;
      if (got === LOST_EACH_TIME && code !== got && this.#mayBeLost(value as Error))
        this.counts.lostEachTime++;
      else if (!isDeepStrictEqual(got, wanted ?? code))
        this.onFault(`${name}: Slice ${index + 1} is ${String(value).slice(0, 200)}`);
      else if (wanted === undefined) this.counts.failedAsTheyMust++;
    });
    this.counts.slices += results.length;
    this.done[name] = (this.done[name] ?? 0) + 1;
  }

  #mayBeLost({ message }: Error): boolean {
    return this.options.mayBeLost?.by.test(message) === true;
  }

  /** Each Slice is recorded once. */
  async #checkLog(name: string, id: string, slices: number): Promise<void> {
    const recorded = new Set<number>();
    for (let after = 0; ;) {
      const events = await this.scheduler.readEvents(id, after, EVENTS_AT_ONCE);
      if (events.length === 0) break;
      for (const event of events) {
        after = event.seq;
        if (event.type !== 'results') continue;
        for (const n of event.numbers) {
          if (recorded.has(n)) this.onFault(`${name}: Slice ${n} is recorded twice`);
          recorded.add(n);
        }
      }
    }
    if (recorded.size !== slices) this.onFault(`${name}: ${recorded.size} of ${slices} Slices are recorded`);
  }

  /** The Scheduler is away now and then: that is no fault. */
  async #persist<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof SchedulerError)) throw error;
        this.counts.retries++;
        await sleep(RETRY_MS);
      }
    }
  }
}
