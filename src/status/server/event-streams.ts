import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LogRecord } from '../../logging/index.js';
import type { StatusSource, WorkerHistory } from '../worker-status.js';
import { beginStream, refusal, type Answer } from './answer.js';

/** Those who listen at a time, on all listeners together. */
export const MAX_STREAMS = 32;
/** Bytes that may wait for one who reads slowly. */
export const MAX_WAITING_BYTES = 256 * 1024;
/** How long one may read nothing at all, milliseconds. */
const STALL_MS = 15_000;
/** How long a browser waits before it connects anew, milliseconds. */
const RETRY_MS = 2_000;

/**
 * Server-sent events (HTML, "Server-sent events"): `history`, `records` and `status` at once, then `status` and `sample` (what
 * the last second added to the history) each second, and each `record` as it comes.
 *
 * Who reads slowly misses statuses, because the next one says it all; who misses records, or reads nothing for a while,
 * is dropped and may come again.
 */
export class EventStreams {
  readonly #streams = new Set<EventStream>();
  #unsubscribe: (() => void)[] = [];

  constructor(
    private readonly source: StatusSource,
    private readonly stallMs = STALL_MS,
  ) {}

  /** Null: the response is a stream now. */
  open(request: IncomingMessage, response: ServerResponse, cookie: string | null): Answer | null {
    if (this.#streams.size >= MAX_STREAMS)
      return refusal(503, 'EBUSY', `${MAX_STREAMS} listen already`, { 'Retry-After': '10' });
    // It is quiet as long as nothing happens, and that is no reason to end it.
    request.socket.setTimeout(0);
    if (cookie !== null) response.setHeader('Set-Cookie', cookie);
    beginStream(response, 'text/event-stream; charset=utf-8');
    const stream = new EventStream(response, this.stallMs);
    response.on('close', () => this.#remove(stream));
    if (this.#streams.size === 0) this.#subscribe();
    this.#streams.add(stream);
    stream.send(
      `retry: ${RETRY_MS}\n\n` +
        message('history', this.source.history()) +
        message('records', this.source.recentRecords()) +
        message('status', this.source.status()),
    );
    return null;
  }

  /** Ends them all. */
  close(): void {
    for (const stream of this.#streams) stream.end();
  }

  #remove(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  #subscribe(): void {
    this.#unsubscribe = [
      this.source.onPeriod(() => this.#onPeriod()),
      this.source.onRecord((record) => this.#onRecord(record)),
    ];
  }

  #onPeriod(): void {
    const text =
      message('status', this.source.status()) + message('sample', lastSample(this.source.history()));
    for (const stream of this.#streams) stream.refresh(text);
  }

  #onRecord(record: LogRecord): void {
    const text = message('record', record);
    for (const stream of this.#streams) stream.send(text);
  }
}

class EventStream {
  /** Since when nothing that was written has been read; null: all has. */
  #stalledSince: number | null = null;

  constructor(
    private readonly response: ServerResponse,
    private readonly stallMs: number,
  ) {
    response.on('drain', () => (this.#stalledSince = null));
  }

  /** What must not be missed. */
  send(text: string): void {
    if (this.response.writableLength > 0 && this.response.writableLength + text.length > MAX_WAITING_BYTES)
      this.response.destroy();
    else if (!this.response.write(text)) this.#stalledSince ??= performance.now();
  }

  /** What the next one makes up for. */
  refresh(text: string): void {
    if (this.#stalledSince === null) this.send(text);
    else if (performance.now() - this.#stalledSince > this.stallMs) this.response.destroy();
  }

  end(): void {
    this.response.end();
  }
}

function message(event: string, data: unknown): string {
  // JSON has no line break of its own, so it is one `data` line.
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The newest entry of each list. */
function lastSample({ end, slices, failed, sliceMs, cpu, gpu, busy }: WorkerHistory): object {
  return {
    end,
    slices: slices.at(-1),
    failed: failed.at(-1),
    sliceMs: sliceMs.at(-1),
    cpu: cpu.at(-1),
    gpu: gpu.at(-1),
    busy: busy.at(-1),
  };
}
