import type { JobId } from '../model/index.js';
import type { DeliveredResults, SupervisorObserver } from '../supervisor/index.js';
import { duration, slicesText } from './present.js';

/** Results are summed up and told at most this often, milliseconds. */
const PERIOD_MS = 2_000;

export interface WorkerLogOptions {
  readonly json: boolean;
  readonly verbose: boolean;
}

/** What came of a Job since it was told last. */
interface Sum {
  slices: number;
  failed: number;
  elapsedMs: number;
  /** Requests of Work Functions, and bytes of bodies that came and went. */
  fetches: number;
  fetchedBytes: number;
  sentBytes: number;
}

/** Tells on standard output what a Worker does: lines for people, or JSON lines. */
export class WorkerLog implements Partial<SupervisorObserver> {
  readonly #sums = new Map<JobId, Sum>();
  #timer: NodeJS.Timeout | null = null;
  #since = performance.now();

  constructor(
    private readonly options: WorkerLogOptions,
    private readonly whenIdle: () => void,
  ) {}

  onJob: SupervisorObserver['onJob'] = (job, { name }) => {
    this.say({ type: 'job', job, name }, `job ${job} "${name}"`);
  };

  onTask: SupervisorObserver['onTask'] = ({ jobId, taskId, slices }) => {
    this.detail(
      { type: 'task', job: jobId, task: taskId, slices },
      `job ${jobId}: took ${slicesText(slices)}`,
    );
  };

  onResults: SupervisorObserver['onResults'] = (results) => this.#add(results);

  onFetched: SupervisorObserver['onFetched'] = (jobId, { bytesIn, bytesOut }) => {
    const sum = this.#sumOf(jobId);
    sum.fetches++;
    sum.fetchedBytes += bytesIn;
    sum.sentBytes += bytesOut;
  };

  onReturned: SupervisorObserver['onReturned'] = (job, slices, { code, message }) => {
    this.detail(
      { type: 'returned', job, slices, code, message },
      `job ${job}: gave back ${slicesText(slices)}, ${code}: ${message}`,
    );
  };

  onSandboxLost: SupervisorObserver['onSandboxLost'] = (job, slice, error) => {
    const where = job === null ? '' : ` of job ${job}${slice === null ? '' : `, in slice ${slice}`}`;
    this.say(
      { type: 'sandboxLost', job, slice, message: error.message },
      `lost a Sandbox${where}: ${error.message}`,
    );
  };

  onBrokenJob: SupervisorObserver['onBrokenJob'] = (job, error) => {
    this.say(
      { type: 'brokenJob', job, message: error.message },
      `job ${job}: its Work Function cannot be used: ${error.message}`,
    );
  };

  onJobGone: SupervisorObserver['onJobGone'] = (job) => {
    this.say({ type: 'jobGone', job }, `job ${job}: cancelled or removed`);
  };

  onTrouble: SupervisorObserver['onTrouble'] = (subject, error, retryMs) => {
    const message = error instanceof Error ? error.message : String(error);
    this.say(
      { type: 'trouble', subject, message, retryMs: Math.round(retryMs) },
      `${subject}: ${message}; trying again in ${duration(retryMs)}`,
    );
  };

  onState: SupervisorObserver['onState'] = (state) => {
    this.detail({ type: 'state', state }, `worker is ${state}`);
  };

  onIdle: SupervisorObserver['onIdle'] = () => this.whenIdle();

  /** Tells something. */
  say(line: object, text: string): void {
    const time = new Date();
    if (this.options.json) process.stdout.write(`${JSON.stringify({ time: time.toISOString(), ...line })}\n`);
    else process.stdout.write(`${time.toTimeString().slice(0, 8)} ${text}\n`);
  }

  /** Tells something that is for `-v` alone, or for programs. */
  detail(line: object, text: string): void {
    if (this.options.verbose || this.options.json) this.say(line, text);
  }

  /** Tells what has been summed up. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const periodMs = performance.now() - this.#since;
    for (const [job, sum] of this.#sums) {
      const { slices, failed, elapsedMs, ...fetched } = sum;
      const rate = Math.round((slices / periodMs) * 1000);
      const failures = failed === 0 ? '' : `, ${failed} failed`;
      this.say(
        { type: 'results', job, ...sum },
        `job ${job}: ${slicesText(slices)} done${failures}, ${rate}/s, ${duration(slices === 0 ? 0 : elapsedMs / slices)} each` +
          fetchedText(fetched),
      );
    }
    this.#sums.clear();
  }

  #add({ jobId, slices, failed, metrics }: DeliveredResults): void {
    const sum = this.#sumOf(jobId);
    sum.slices += slices;
    sum.failed += failed;
    sum.elapsedMs += metrics.elapsedMs;
  }

  #sumOf(jobId: JobId): Sum {
    if (this.#timer === null) {
      this.#since = performance.now();
      this.#timer = setTimeout(() => this.flush(), PERIOD_MS);
    }
    const known = this.#sums.get(jobId);
    if (known !== undefined) return known;
    const sum: Sum = { slices: 0, failed: 0, elapsedMs: 0, fetches: 0, fetchedBytes: 0, sentBytes: 0 };
    this.#sums.set(jobId, sum);
    return sum;
  }
}

function fetchedText({
  fetches,
  fetchedBytes,
  sentBytes,
}: Omit<Sum, 'slices' | 'failed' | 'elapsedMs'>): string {
  if (fetches === 0) return '';
  return `; ${fetches === 1 ? '1 request' : `${fetches} requests`}, ${fetchedBytes} bytes fetched, ${sentBytes} sent`;
}
