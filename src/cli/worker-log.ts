import type { JobId } from '../model/index.js';
import type { DeliveredResults, SupervisorObserver } from '../supervisor/index.js';
import { duration, slicesText } from './present.js';

/** Results are summed up and told at most this often, milliseconds. */
const PERIOD_MS = 2_000;

export interface WorkerLogOptions {
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Tells on standard output what a Worker does: lines for people, or JSON lines. */
export class WorkerLog implements Partial<SupervisorObserver> {
  readonly #sums = new Map<JobId, { slices: number; failed: number; elapsedMs: number }>();
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
    for (const [job, { slices, failed, elapsedMs }] of this.#sums) {
      const rate = Math.round((slices / periodMs) * 1000);
      const failures = failed === 0 ? '' : `, ${failed} failed`;
      this.say(
        { type: 'results', job, slices, failed, elapsedMs },
        `job ${job}: ${slicesText(slices)} done${failures}, ${rate}/s, ${duration(elapsedMs / slices)} each`,
      );
    }
    this.#sums.clear();
  }

  #add({ jobId, slices, failed, metrics }: DeliveredResults): void {
    if (this.#timer === null) {
      this.#since = performance.now();
      this.#timer = setTimeout(() => this.flush(), PERIOD_MS);
    }
    const sum = this.#sums.get(jobId) ?? { slices: 0, failed: 0, elapsedMs: 0 };
    sum.slices += slices;
    sum.failed += failed;
    sum.elapsedMs += metrics.elapsedMs;
    this.#sums.set(jobId, sum);
  }
}
