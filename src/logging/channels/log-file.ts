import {
  close as closeDescriptor,
  constants,
  fstatSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  write as writeDescriptor,
  writeSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { makeDirectory } from '../../system/index.js';
import type { Channel, Sent } from '../queued-sink.js';

const write = promisify(writeDescriptor);

/** Its owner reads and writes it, its group reads it; the umask may take from that. */
const MODE = 0o640;

/** A FIFO that nobody reads is an error instead of a wait. */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY;

export interface LogFileOptions {
  readonly file: string;
  /** A file that would be larger is put aside first, as `file.1`, and `file.1` as `file.2`. 0: never. */
  readonly mostBytes: number;
  /** So many are kept beside it; the oldest goes. */
  readonly keep: number;
}

/**
 * A file of lines. Several processes may write to one: lines are appended whole, and who finds that another has put the file aside
 * goes on with the new one.
 */
export class LogFile implements Channel<Buffer> {
  readonly name: string;
  readonly #file: string;
  #fd: number;
  /** How long it was when it could not be put aside. */
  #keptBytes = 0;
  /** A device, or a FIFO, has no size and no name to put it aside under. */
  #rotates = false;
  /** The last write ended within a line: the disk was full. */
  #torn = false;
  #reopening = false;
  #busy = false;
  #closed = false;

  /** Opens it, and makes its folders. Throws the system's error. */
  constructor(private readonly options: LogFileOptions) {
    // The program may change its working directory.
    this.#file = path.resolve(options.file);
    this.name = `logfile ${options.file}`;
    this.#fd = this.#open();
  }

  async send(messages: readonly Buffer[]): Promise<Sent> {
    this.#busy = true;
    try {
      if (this.#rotates && !this.#isStillOurs) this.#reopening = true;
      if (this.#reopening) this.#replace();
      const bytes = messages.reduce((sum, { length }) => sum + length, 0);
      const failure = this.#rotates && this.#hasNoRoomFor(bytes) ? this.#rotate() : null;
      const sent = await this.#append(messages);
      return sent.error === null ? { ...sent, error: failure } : sent;
    } catch (error) {
      return { count: 0, unsendable: 0, error: error as Error };
    } finally {
      this.#busy = false;
      if (this.#closed) closeDescriptor(this.#fd);
      else if (this.#reopening) this.reopen();
    }
  }

  sendNow(messages: readonly Buffer[]): void {
    try {
      writeSync(this.#fd, Buffer.concat([this.#start, ...messages]));
    } catch {
      // Nobody is left to be told.
    }
  }

  /** For whoever has renamed or removed the file. Where the new one cannot be opened, the next record says why. */
  reopen(): void {
    this.#reopening = true;
    if (this.#busy || this.#closed) return;
    try {
      this.#replace();
    } catch {
      // Tried again before the next record is written, where there is somebody to hear of it.
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#busy) closeDescriptor(this.#fd);
  }

  async #append(messages: readonly Buffer[]): Promise<Sent> {
    const start = this.#start;
    const bytes = Buffer.concat([start, ...messages]);
    let done = 0;
    let failure: Error | null = null;
    while (done < bytes.length && failure === null) {
      try {
        const { bytesWritten } = await write(this.#fd, bytes, done, bytes.length - done, null);
        done += bytesWritten;
      } catch (error) {
        failure = error as Error;
      }
    }
    if (done > 0) this.#torn = bytes[done - 1] !== 0x0a;
    let count = 0;
    for (let end = start.length; count < messages.length; count++) {
      end += messages[count]!.length;
      if (end > done) break;
    }
    return { count, unsendable: 0, error: failure };
  }

  /** What a batch begins with. */
  get #start(): Buffer {
    return this.#torn ? Buffer.from('\n') : Buffer.alloc(0);
  }

  /** With what others have written to it. An empty one has room for anything. */
  #hasNoRoomFor(bytes: number): boolean {
    const grown = fstatSync(this.#fd).size - this.#keptBytes;
    return grown > 0 && grown + bytes > this.options.mostBytes;
  }

  /** A file that cannot be put aside is written on, and this is tried again once it has grown by as much. */
  #rotate(): Error | null {
    try {
      if (this.#isStillOurs) this.#putAside();
      this.#replace();
      return null;
    } catch (error) {
      this.#keptBytes = fstatSync(this.#fd).size;
      return error as Error;
    }
  }

  /** Whether nobody else has put aside, or removed, what is open here. */
  get #isStillOurs(): boolean {
    const named = statOf(this.#file);
    const { dev, ino } = fstatSync(this.#fd);
    return named?.dev === dev && named.ino === ino;
  }

  /** All in one go: what others do in between could cost them a file. */
  #putAside(): void {
    const file = this.#file;
    for (let number = this.options.keep; number > 1; number--) {
      const older = `${file}.${number - 1}`;
      if (statOf(older) !== null) renameSync(older, `${file}.${number}`);
    }
    if (!this.#isStillOurs) return;
    if (this.options.keep === 0) unlinkSync(file);
    else renameSync(file, `${file}.1`);
  }

  /** Throws where there is no new one, and goes on with the one there was. */
  #replace(): void {
    const old = this.#fd;
    this.#fd = this.#open();
    this.#reopening = false;
    this.#torn = false;
    closeDescriptor(old);
  }

  #open(): number {
    makeDirectory(path.dirname(this.#file));
    const fd = openSync(this.#file, FLAGS, MODE);
    const stat = fstatSync(fd);
    this.#keptBytes = 0;
    this.#rotates = this.options.mostBytes > 0 && stat.isFile();
    return fd;
  }
}

function statOf(file: string): Stats | null {
  return statSync(file, { throwIfNoEntry: false }) ?? null;
}
