import type { LogLevel, LogRecord, LogSink } from '../logging/index.js';
import { durationText, type JobId, slicesText } from '../model/index.js';
import type { DeliveredResults, SpoolNews, SupervisorObserver } from '../supervisor/index.js';
import { gateText } from './gate-text.js';

/** Results are summed up and told at most this often, milliseconds. */
const PERIOD_MS = 2_000;

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

/** Tells what a Worker does, as records of its log. docs/OUTPUTS.md lists their types. */
export class WorkerLog implements Partial<SupervisorObserver> {
  readonly #sums = new Map<JobId, Sum>();
  #timer: NodeJS.Timeout | null = null;
  #since = performance.now();

  constructor(private readonly sink: Pick<LogSink, 'write'>) {}

  onGate: SupervisorObserver['onGate'] = (gates) => {
    const text = gates.map((gate) => gateText(gate, Date.now())).join('; ');
    // Said once, however often figures in it change.
    const shape = gates.map(({ target, action, reasons }) => [
      target,
      action,
      reasons.map(({ code }) => code),
    ]);
    const said = JSON.stringify(shape);
    if (said === this.#saidOfGates) return;
    this.#saidOfGates = said;
    const fields = {
      gates: gates.map(({ target, action }) => `${target === 'cpu' ? target : `gpu:${target}`} ${action}`),
      codes: [...new Set(gates.flatMap(({ reasons }) => reasons.map(({ code }) => code)))],
    };
    this.say('notice', 'gate', fields, text === '' ? 'the machine is free: all work may run' : text);
  };
  #saidOfGates = '[]';

  onJob: SupervisorObserver['onJob'] = (job, { name }) => {
    this.say('info', 'job', { job, name }, `job ${job} "${name}"`);
  };

  onTask: SupervisorObserver['onTask'] = ({ jobId, taskId, slices }) => {
    this.say(
      'debug',
      'task',
      { job: jobId, task: taskId, slices },
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
    const text = `job ${job}: gave back ${slicesText(slices)}, ${code}: ${message}`;
    this.say('debug', 'returned', { job, slices, code, message }, text);
  };

  onSandboxLost: SupervisorObserver['onSandboxLost'] = (job, slice, { message }) => {
    const where = job === null ? '' : ` of job ${job}${slice === null ? '' : `, in slice ${slice}`}`;
    this.say('warning', 'sandboxLost', { job, slice, message }, `lost a Sandbox${where}: ${message}`);
  };

  onBrokenJob: SupervisorObserver['onBrokenJob'] = (job, { message }) => {
    const text = `job ${job}: its Work Function cannot be used: ${message}`;
    this.say('warning', 'brokenJob', { job, message }, text);
  };

  onJobSetAside: SupervisorObserver['onJobSetAside'] = (job, reason, ms, code) => {
    const text = `job ${job}: ${reason}; it is set aside for ${durationText(ms)}`;
    this.say('warning', 'jobSetAside', { job, code, reason, ms: Math.round(ms) }, text);
  };

  onJobGone: SupervisorObserver['onJobGone'] = (job) => {
    this.say('notice', 'jobGone', { job }, `job ${job}: cancelled or removed`);
  };

  onTrouble: SupervisorObserver['onTrouble'] = (subject, error, retryMs) => {
    const message = error instanceof Error ? error.message : String(error);
    const text = `${subject}: ${message}; trying again in ${durationText(retryMs)}`;
    this.say('warning', 'trouble', { subject, message, retryMs: Math.round(retryMs) }, text);
  };

  onSpool: SupervisorObserver['onSpool'] = (news) => {
    const [level, text] = spoolText(news);
    const { type, ...about } = news;
    const { receipt, ...fields } = { receipt: undefined, ...about };
    this.say(level, 'spool', { what: type, ...fields, ...receipt }, text);
  };

  onState: SupervisorObserver['onState'] = (state) => {
    this.say('debug', 'state', { state }, `worker is ${state}`);
  };

  /** Tells something. */
  say(level: LogLevel, type: string, fields: LogRecord['fields'], text: string): void {
    this.sink.write({ time: Date.now(), level, type, text, fields });
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
      const each = durationText(slices === 0 ? 0 : elapsedMs / slices);
      const text = `job ${job}: ${slicesText(slices)} done${failures}, ${rate}/s, ${each} each`;
      this.say('info', 'results', { job, ...sum }, text + fetchedText(fetched));
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

function spoolText(news: SpoolNews): [LogLevel, string] {
  switch (news.type) {
    case 'kept':
      return ['notice', `job ${news.jobId}: kept results of ${slicesText(news.slices)} for the next start`];
    case 'submitted':
      return ['notice', `job ${news.jobId}: submitted results of ${slicesText(news.slices)} kept before`];
    case 'dropped':
      return ['warning', `job ${news.jobId}: lost results of ${slicesText(news.slices)}: ${news.reason}`];
    case 'setAside':
      return ['warning', `${news.file}: set aside: ${news.reason}`];
    case 'othersLeft':
      return ['info', `results for other Schedulers wait in ${news.files} files`];
    case 'unusable':
      return ['error', `${news.directory}: no results can be kept there: ${news.reason}`];
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
