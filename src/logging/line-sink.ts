import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { recordsDropped } from './own-records.js';
import type { LogRecord } from './record.js';
import type { LogSink } from './sink.js';

/** What a reader of a stream may leave unread before records are left out, bytes. */
const MOST_WAITING = 1 << 20;

/**
 * Lines on a stream, written at once and in order with whatever else the program prints there. A stream that a slow reader
 * has filled gets no more until it has room.
 */
class LineSink implements LogSink {
  #dropped = 0;
  #said = 0;
  #ended = false;
  readonly #onDrain = (): void => this.#sayDropped();
  // The program decides what becomes of it when nobody reads its output; a log goes on without.
  readonly #onError = (): void => {
    this.#ended = true;
  };

  constructor(
    private readonly stream: Writable,
    private readonly format: (record: LogRecord) => string,
    private readonly mostWaiting = MOST_WAITING,
  ) {
    stream.on('error', this.#onError).on('drain', this.#onDrain);
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(record: LogRecord): void {
    if (!this.#hasRoom) {
      this.#dropped++;
      return;
    }
    this.#sayDropped();
    this.stream.write(this.format(record));
  }

  /** Waits until what has been written is with the reader, and leaves the stream to its owner. */
  async close(timeoutMs: number): Promise<void> {
    if (!this.#ended && this.stream.writableLength > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.stream.write('', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    this.#sayDropped();
    this.#ended = true;
    this.stream.off('error', this.#onError).off('drain', this.#onDrain);
  }

  get #hasRoom(): boolean {
    return !this.#ended && !this.stream.destroyed && this.stream.writableLength <= this.mostWaiting;
  }

  #sayDropped(): void {
    const unsaid = this.#dropped - this.#said;
    if (unsaid === 0 || !this.#hasRoom) return;
    this.#said = this.#dropped;
    this.stream.write(this.format(recordsDropped(unsaid, 'the reader of this output')));
  }
}

/**
 * Lines in a file that somebody else has opened: standard output when it leads to one. Node's own stream for it ends for
 * good when the disk is full for a moment.
 */
class DescriptorSink implements LogSink {
  #dropped = 0;
  #said = 0;
  /** The last write ended within a line. */
  #torn = false;

  constructor(
    private readonly fd: number,
    private readonly format: (record: LogRecord) => string,
  ) {}

  get dropped(): number {
    return this.#dropped;
  }

  write(record: LogRecord): void {
    const unsaid = this.#dropped - this.#said;
    if (unsaid > 0 && !this.#put(this.format(recordsDropped(unsaid, 'the file of this output')))) {
      this.#dropped++;
      return;
    }
    this.#said += unsaid;
    if (!this.#put(this.format(record))) this.#dropped++;
  }

  async close(): Promise<void> {}

  #put(line: string): boolean {
    const bytes = Buffer.from(this.#torn ? `\n${line}` : line);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.fd, bytes, written);
      return true;
    } catch {
      return false;
    } finally {
      if (written > 0) this.#torn = written < bytes.length;
    }
  }
}

/** A sink for standard output, or for any stream. */
export function lineSink(stream: Writable & { fd?: number }, format: (record: LogRecord) => string): LogSink {
  return stream === process.stdout && isFile(process.stdout.fd)
    ? new DescriptorSink(process.stdout.fd, format)
    : new LineSink(stream, format);
}

/** A file, or a device that is not a terminal; writing there does not wait. */
function isFile(fd: number): boolean {
  if (process.stdout.isTTY) return false;
  const stat = fstatSync(fd);
  return stat.isFile() || stat.isCharacterDevice();
}
