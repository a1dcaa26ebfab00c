import {
  payloadByteLength,
  ResultError,
  type DcpError,
  type JobId,
  type Payload,
  type ResultBatch,
  type ReturnReason,
  type SliceMessage,
} from '../model/index.js';
import type { Scheduler, SubmitReceipt } from '../scheduler/index.js';
import type { HeldTask } from './held-task.js';
import type { Unsubmitted } from './spool/index.js';
import { concatResults, errorPayload, errorResults, resultByteLength } from './result-batches.js';
import { backoffMs, Wakeable } from './wakeable.js';

/** What the owner of an outbox hears. */
export interface JobOutboxOwner {
  onSubmitted(receipt: SubmitReceipt): void;
  /** The Scheduler has answered for all Slices of the Task that were sent so far. */
  onAcknowledged(held: HeldTask): void;
  /** The Scheduler knows the Job no more, or takes nothing more for it. The outbox is empty now. */
  onRefused(error: DcpError): void;
  onTrouble(error: unknown, retryMs: number): void;
}

export interface JobOutboxOptions {
  /** Shortest time between two rounds, milliseconds, unless the Job waits for nothing else. */
  readonly intervalMs: number;
  /** Messages kept while the Scheduler cannot take them, in bytes; later ones are dropped and counted. */
  readonly maxMessageBytes: number;
}

interface TaskMail {
  readonly held: HeldTask;
  results: ResultBatch[];
  /** Of the round under way: everything their Slices said is in the messages of this round or of an earlier one. */
  leaving: ResultBatch[];
  returns: { numbers: Uint32Array; reason: ReturnReason }[];
}

/** While somebody waits for the outbox to be empty, failures are not waited out for longer. */
const FLUSH_RETRY_MS = 250;
/**
 * After so many failures in a row results no longer wait for messages; when the Scheduler then takes results, it is the
 * messages that it does not take, and they are given up.
 */
const MESSAGE_ATTEMPTS = 5;

/**
 * What goes to the Scheduler for one Job: messages, results, Slices without a result. One round is under way at a
 * time and takes all that came meanwhile, so the load on the Scheduler grows with time and not with Slices.
 * Messages go first: whoever sees a Slice's result has seen what the Slice said before.
 */
export class JobOutbox {
  #messages: SliceMessage[] = [];
  /** Of the call under way. */
  #leavingMessages: SliceMessage[] = [];
  #messageBytes = 0;
  #droppedMessages = 0;
  readonly #mail = new Map<HeldTask, TaskMail>();
  #bytes = 0;
  #sending = false;
  #urgent = false;
  #abandoned = false;
  #lastRoundAt = -Infinity;
  readonly #wakeable = new Wakeable();
  #whenEmpty: (() => void)[] = [];

  constructor(
    private readonly scheduler: Scheduler,
    private readonly jobId: JobId,
    private readonly options: JobOutboxOptions,
    private readonly owner: JobOutboxOwner,
  ) {}

  /** Bytes of results the Scheduler has not acknowledged. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return !this.#sending && this.#mail.size === 0 && this.#messages.length === 0;
  }

  addResults(held: HeldTask, results: ResultBatch): void {
    if (this.#abandoned) return;
    this.#bytes += resultByteLength(results);
    this.#mailOf(held).results.push(results);
    this.#send();
  }

  addReturn(held: HeldTask, numbers: Uint32Array, reason: ReturnReason): void {
    if (this.#abandoned || numbers.length === 0) return;
    this.#mailOf(held).returns.push({ numbers, reason });
    this.#send();
  }

  addMessages(messages: readonly SliceMessage[]): void {
    if (this.#abandoned) return;
    for (const message of messages) {
      if (this.#messageBytes >= this.options.maxMessageBytes) {
        this.#droppedMessages++;
        continue;
      }
      this.#messageBytes += messageByteLength(message);
      this.#messages.push(message);
    }
    this.#send();
  }

  /** The Job waits for nothing else: what is here leaves at once. */
  hurry(): void {
    if (!this.#sending) return;
    this.#urgent = true;
    this.#wakeable.wake();
  }

  /** Resolves when everything is acknowledged or the outbox was abandoned. */
  flush(): Promise<void> {
    if (this.isEmpty || this.#abandoned) return Promise.resolve();
    this.hurry();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /**
   * All that the Scheduler has not acknowledged, in the order in which it came; what is under way is in it, too. The
   * outbox is empty then and takes nothing more.
   */
  takeUnsubmitted(): Unsubmitted[] {
    const { jobId } = this;
    let messages = this.#leavingMessages.concat(this.#messages);
    const unsubmitted: Unsubmitted[] = [];
    for (const { held, leaving, results, returns } of this.#mail.values()) {
      const batches = leaving.concat(results);
      unsubmitted.push({
        jobId,
        taskId: held.task.id,
        messages,
        results: batches.length === 0 ? null : concatResults(batches),
        returns: held.gone ? [] : [...returns],
      });
      messages = [];
    }
    if (messages.length > 0) unsubmitted.push({ jobId, taskId: null, messages, results: null, returns: [] });
    this.abandon();
    return unsubmitted;
  }

  /** Forgets everything and takes nothing more. */
  abandon(): void {
    this.#abandoned = true;
    this.#clear();
    this.#settleWaiters();
    this.#wakeable.wake();
  }

  #mailOf(held: HeldTask): TaskMail {
    let mail = this.#mail.get(held);
    if (mail === undefined) {
      mail = { held, results: [], leaving: [], returns: [] };
      this.#mail.set(held, mail);
    }
    return mail;
  }

  #send(): void {
    if (this.#sending) return;
    this.#sending = true;
    // Not at once: what other Sandboxes report in this turn of the event loop goes along.
    setImmediate(() => void this.#sendUntilEmpty());
  }

  async #sendUntilEmpty(): Promise<void> {
    let failures = 0;
    while (!this.#abandoned && (this.#mail.size > 0 || this.#messages.length > 0)) {
      const pauseMs = this.#lastRoundAt + this.options.intervalMs - performance.now();
      if (pauseMs > 0 && !this.#urgent) await this.#wakeable.wait(pauseMs);
      this.#urgent = false;
      this.#lastRoundAt = performance.now();
      // Not spread into one `push`: there may be more than a call takes arguments.
      for (const mail of this.#mail.values())
        for (const results of mail.results.splice(0)) mail.leaving.push(results);
      try {
        const isHeldUp = failures >= MESSAGE_ATTEMPTS && this.#mail.size > 0;
        if (!isHeldUp) await this.#sendMessages();
        for (const mail of [...this.#mail.values()]) if (!this.#abandoned) await this.#sendMail(mail);
        if (isHeldUp) this.#giveUpMessages();
        failures = 0;
      } catch (error) {
        if (isRefusal(error)) {
          this.#clear();
          this.owner.onRefused(error);
          continue;
        }
        const retryMs = Math.min(
          backoffMs(++failures),
          this.#whenEmpty.length > 0 ? FLUSH_RETRY_MS : Infinity,
        );
        this.owner.onTrouble(error, retryMs);
        await this.#wakeable.wait(retryMs);
      }
    }
    this.#sending = false;
    this.#settleWaiters();
  }

  #giveUpMessages(): void {
    this.#droppedMessages += this.#messages.length;
    this.#messages = [];
    this.#messageBytes = 0;
  }

  async #sendMessages(): Promise<void> {
    if (this.#messages.length === 0) return;
    const messages = this.#messages;
    if (this.#droppedMessages > 0) {
      const last = messages[messages.length - 1]!;
      const message = `${this.#droppedMessages} messages of the Job's Slices were dropped: the Scheduler takes them too slowly`;
      messages.push({ type: 'console', slice: last.slice, level: 'warn', message });
      this.#droppedMessages = 0;
    }
    const bytes = this.#messageBytes;
    this.#messages = [];
    this.#messageBytes = 0;
    this.#leavingMessages = messages;
    try {
      await this.scheduler.appendMessages(this.jobId, messages);
    } catch (error) {
      if (isInvalid(error) || this.#abandoned) return;
      this.#messages = messages.concat(this.#messages);
      this.#messageBytes += bytes;
      throw error;
    } finally {
      this.#leavingMessages = [];
    }
  }

  async #sendMail(mail: TaskMail): Promise<void> {
    const { held, leaving, returns } = mail;
    if (leaving.length > 0) {
      const batch = concatResults(leaving);
      let receipt: SubmitReceipt;
      try {
        receipt = await this.scheduler.submitResults(held.task.id, this.jobId, batch);
      } catch (error) {
        // What the Scheduler finds wrong with results is wrong the next time too.
        const again = isInvalid(error) ? errorResults(batch.numbers, refusedPayload(error)) : batch;
        mail.leaving = [again];
        this.#bytes += resultByteLength(again) - resultByteLength(batch);
        throw error;
      }
      mail.leaving = [];
      this.#bytes -= resultByteLength(batch);
      held.acknowledged(batch.numbers.length);
      this.owner.onSubmitted(receipt);
    }
    while (returns.length > 0) {
      const { numbers, reason } = returns[0]!;
      // Slices of a lost lease are with somebody else already.
      if (!held.gone) await this.scheduler.returnSlices(held.task.id, numbers, reason);
      returns.shift();
      held.acknowledged(numbers.length);
    }
    if (mail.results.length === 0 && returns.length === 0) this.#mail.delete(held);
    this.owner.onAcknowledged(held);
  }

  #clear(): void {
    this.#mail.clear();
    this.#messages = [];
    this.#leavingMessages = [];
    this.#messageBytes = 0;
    this.#bytes = 0;
  }

  #settleWaiters(): void {
    const waiters = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const resolve of waiters) resolve();
  }
}

/** About what a message takes: 100 bytes beside its text, or name and value. */
function messageByteLength(message: SliceMessage): number {
  if (message.type === 'console') return 100 + message.message.length * 2;
  return 100 + message.name.length * 2 + payloadByteLength(message.value);
}

function isInvalid(error: unknown): error is DcpError {
  return (error as { code?: unknown } | null)?.code === 'EINVAL';
}

function refusedPayload(error: DcpError): Payload {
  return errorPayload(new ResultError(`the Scheduler refuses what the Sandbox delivered: ${error.message}`));
}

/** True when trying again cannot help: the Job is gone, or over. */
export function isRefusal(error: unknown): error is DcpError {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ENOJOB' || code === 'EJOBSTATE';
}
