import { BoundedQueue, type QueueLimits } from './bounded-queue.js';
import { recordsDropped } from './own-records.js';
import type { LogRecord } from './record.js';
import type { LogSink } from './sink.js';

/** What became of messages that were to be sent. */
export interface Sent {
  /** So many, from the first on, are done with. */
  readonly count: number;
  /** Of those, so many that can never be sent: they count as dropped. */
  readonly unsendable: number;
  /** Why the rest was not sent; `busy`: the other side has enough for the moment. */
  readonly error: Error | 'busy' | null;
}

/** A way to carry messages of an output. `QueuedSink` calls it for one thing at a time. */
export interface Channel<Message> {
  /** Where it leads, for people: `syslog tcp loghost:514`. */
  readonly name: string;
  /**
   * Sends messages in this order, and opens what it needs for that, anew after an error. Does not reject. It may take any
   * time; `close` ends it. While nothing is sent it does not keep the process running.
   */
  send(messages: readonly Message[]): Promise<Sent>;
  /** The same as far as it goes without waiting, because the process exits. */
  sendNow?(messages: readonly Message[]): void;
  reopen?(): void;
  /** Lets go of everything; nothing is sent afterwards. */
  close(): void;
}

export interface QueuedSinkOptions<Message> {
  readonly channel: Channel<Message>;
  readonly encode: (record: LogRecord) => Message;
  readonly bytesOf: (message: Message) => number;
  /** What waits at most. */
  readonly limits?: QueueLimits;
  /** Hears of the first error, and of null once it works again. */
  readonly onTrouble?: (error: Error | null) => void;
  /** After an error it waits so long before it tries again, doubling up to the second, milliseconds. */
  readonly backOffMs?: readonly [least: number, most: number];
  /** Who is busy for longer is in trouble, milliseconds. */
  readonly patienceMs?: number;
}

/** Some minutes of a busy Worker. */
const LIMITS: QueueLimits = { items: 4_096, bytes: 4 << 20 };

/** What is sent at a time. */
const BATCH: QueueLimits = { items: 128, bytes: 64 << 10 };

const BACK_OFF_MS = [250, 30_000] as const;

const PATIENCE_MS = 10_000;

/** How soon it looks again at somebody who is busy, milliseconds. */
const BUSY_MS = [5, 100] as const;

/**
 * A sink in front of what may be slow, away, or gone: records are encoded when they come, wait in a bounded queue, and are
 * sent in batches. What did not fit is said before what is sent next.
 */
export class QueuedSink<Message> implements LogSink {
  readonly #queue: BoundedQueue<Message>;
  readonly #channel: Channel<Message>;
  /** Taken out of the queue, and not sent yet. */
  #batch: Message[] = [];
  #dropped = 0;
  /** Of them, so many have been said. */
  #said = 0;
  #sending: Promise<void> | null = null;
  #pausing: (() => void) | null = null;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #inTrouble = false;
  readonly #onExit = (): void => this.#sendNow();

  constructor(private readonly options: QueuedSinkOptions<Message>) {
    this.#channel = options.channel;
    this.#queue = new BoundedQueue(options.limits ?? LIMITS, options.bytesOf);
    process.once('exit', this.#onExit);
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(record: LogRecord): void {
    if (this.#state !== 'open') {
      this.#dropped++;
      return;
    }
    this.#dropped += this.#queue.push(this.options.encode(record));
    this.#sending ??= this.#send();
  }

  reopen(): void {
    this.#channel.reopen?.();
    this.#endPause();
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#endPause();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#sending, timeout]);
    clearTimeout(timer);
    this.#state = 'closed';
    this.#endPause();
    process.off('exit', this.#onExit);
    this.#dropped += this.#batch.length + this.#queue.size;
    this.#batch = [];
    while (this.#queue.shift() !== undefined);
    this.#channel.close();
  }

  async #send(): Promise<void> {
    const { backOffMs = BACK_OFF_MS, patienceMs = PATIENCE_MS } = this.options;
    let delayMs = 0;
    let tookAt = performance.now();
    // What is written in one go is sent in one go.
    await Promise.resolve();
    for (;;) {
      this.#fill();
      if (this.#batch.length === 0 || this.#state === 'closed') break;
      const { count, unsendable, error } = await this.#channel.send(this.#batch);
      this.#batch.splice(0, count);
      this.#dropped += unsendable;
      if (count > 0) tookAt = performance.now();
      if (error !== 'busy') this.#tell(error);
      else if (performance.now() - tookAt > patienceMs) this.#tell(new Error('busy, and takes nothing'));
      if (error === null) {
        delayMs = 0;
        continue;
      }
      const [least, most] = error === 'busy' ? BUSY_MS : backOffMs;
      delayMs = count > 0 ? least : Math.min(Math.max(least, delayMs * 2), most);
      await this.#pause(this.#state === 'closing' ? least : delayMs);
    }
    this.#sending = null;
  }

  #fill(): void {
    if (this.#batch.length > 0) return;
    const unsaid = this.#dropped - this.#said;
    if (unsaid > 0) {
      this.#batch.push(this.options.encode(recordsDropped(unsaid, this.#channel.name)));
      this.#said = this.#dropped;
    }
    let bytes = 0;
    while (this.#batch.length < BATCH.items && bytes < BATCH.bytes) {
      const message = this.#queue.shift();
      if (message === undefined) return;
      this.#batch.push(message);
      bytes += this.options.bytesOf(message);
    }
  }

  /** Many Workers may have lost one server: they do not come back to it at the same moment. */
  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#endPause(), delayMs * (0.75 + Math.random() / 2)).unref();
      this.#pausing = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#state === 'closed') this.#endPause();
    });
  }

  #endPause(): void {
    const end = this.#pausing;
    this.#pausing = null;
    end?.();
  }

  #tell(error: Error | null): void {
    if ((error !== null) === this.#inTrouble) return;
    this.#inTrouble = error !== null;
    this.options.onTrouble?.(error);
  }

  /** The batch is under way, unless it waits for its next try. */
  #sendNow(): void {
    const messages = this.#pausing === null ? [] : this.#batch;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) messages.push(next);
    if (messages.length > 0) this.#channel.sendNow?.(messages);
  }
}
