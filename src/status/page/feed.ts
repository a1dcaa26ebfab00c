import type { LogRecord } from '../../logging/index.js';
import type { WorkerHistory, WorkerStatus } from '../worker-status.js';

/** What the last second added to the history. */
export interface HistorySample {
  readonly end: number;
  readonly slices: number;
  readonly failed: number;
  readonly sliceMs: number | null;
  readonly cpu: number;
  readonly gpu: number;
  readonly busy: number;
}

/** Hears what the Worker says. */
export interface FeedListener {
  onStatus(status: WorkerStatus): void;
  onHistory(history: WorkerHistory): void;
  onSample(sample: HistorySample): void;
  /** All that are kept; those before are theirs, too. */
  onRecords(records: readonly LogRecord[]): void;
  onRecord(record: LogRecord): void;
  /** Null: the Worker speaks again. */
  onLost(reason: string | null): void;
}

/** Without a word for so long, the connection counts as lost, milliseconds: a status comes each second. */
const SILENCE_MS = 5_000;
/** How long the page waits before it connects anew, milliseconds; doubles each time. */
const RETRY_MS = { first: 1_000, last: 15_000 };

/** Follows `/events`, again and again: a Worker may be started anew, a phone may sleep. */
export class Feed {
  #events: EventSource | null = null;
  #retryMs = RETRY_MS.first;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly listener: FeedListener) {
    addEventListener('online', () => this.#connect());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.#events === null) this.#connect();
    });
    this.#connect();
  }

  #connect(): void {
    this.#events?.close();
    clearTimeout(this.#retry);
    const events = new EventSource('events');
    this.#events = events;
    const on = (name: string, heard: (data: never) => void): void =>
      events.addEventListener(name, ({ data }: MessageEvent<string>) => {
        this.#heard();
        heard(JSON.parse(data) as never);
      });
    on('status', (status: WorkerStatus) => this.listener.onStatus(status));
    on('history', (history: WorkerHistory) => this.listener.onHistory(history));
    on('sample', (sample: HistorySample) => this.listener.onSample(sample));
    on('records', (records: LogRecord[]) => this.listener.onRecords(records));
    on('record', (record: LogRecord) => this.listener.onRecord(record));
    // A browser tries again by itself, but not after every kind of failure, and not ever more slowly.
    events.addEventListener('error', () => void this.#lose('Connection lost'));
    this.#expectWord();
  }

  #heard(): void {
    this.#retryMs = RETRY_MS.first;
    this.listener.onLost(null);
    this.#expectWord();
  }

  #expectWord(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => void this.#lose('The Worker is silent'), SILENCE_MS);
  }

  async #lose(reason: string): Promise<void> {
    this.#events?.close();
    this.#events = null;
    clearTimeout(this.#silence);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(RETRY_MS.last, this.#retryMs * 2);
    this.listener.onLost(`${reason}; trying again.`);
    // An EventSource does not say why it failed.
    const status = await fetch('status').then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 401 && this.#events === null)
      this.listener.onLost('The Worker asks for its token: open this page with ?token=… once more.');
  }
}
