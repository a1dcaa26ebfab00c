import { encode } from '../codec/index.js';
import type { Host } from './host.js';
import { ConsoleLevels, Message, type ConsoleLevelIndex } from './message-kinds.js';

/** One Slice may say this much; what goes beyond is counted and summed up when it ends. */
const MAX_MESSAGES = 1000;
const MAX_CHARACTERS = 1 << 20;

/** How long a progress report suppresses the next. DCP's `progressThrottle`, 0.1 s. */
const PROGRESS_INTERVAL_MS = 100;

/** What a Slice says besides its result, on its way to the host. */
export class Messages {
  /** The Slice that runs, 0 before the first. */
  slice = 0;
  #left = MAX_MESSAGES;
  #charactersLeft = MAX_CHARACTERS;
  #dropped = 0;
  #progressPostedMs = -Infinity;

  constructor(private readonly host: Host) {}

  console(level: ConsoleLevelIndex, text: string): void {
    if (this.#admit(text.length)) this.host.post(Message.console, this.slice, level, text);
  }

  /** Throws EncodingError when `value` cannot be carried. */
  emit(name: string, value: unknown): void {
    const { head, segments } = encode(value);
    let bytes = head.byteLength;
    for (const segment of segments) bytes += segment.byteLength;
    if (!this.#admit(name.length + bytes)) return;
    // What is posted is detached, and the Work Function goes on with its value.
    const copies = segments.map((segment) => segment.slice());
    this.host.post(Message.custom, this.slice, 0, name, head, copies);
  }

  progress(fraction: number | null, now: number): void {
    if (now - this.#progressPostedMs < PROGRESS_INTERVAL_MS) return;
    this.#progressPostedMs = now;
    this.host.post(Message.progress, this.slice, fraction ?? -1, '');
  }

  /** The Slice has ended: the next one has a budget of its own. */
  endSlice(): void {
    if (this.#left === MAX_MESSAGES) return;
    if (this.#dropped > 0) {
      const text = `${this.#dropped} more messages of this Slice were dropped`;
      this.host.post(Message.console, this.slice, ConsoleLevels.indexOf('warn'), text);
    }
    this.#left = MAX_MESSAGES;
    this.#charactersLeft = MAX_CHARACTERS;
    this.#dropped = 0;
  }

  #admit(size: number): boolean {
    if (this.#left <= 0 || size > this.#charactersLeft) {
      this.#dropped++;
      return false;
    }
    this.#left--;
    this.#charactersLeft -= size;
    return true;
  }
}
