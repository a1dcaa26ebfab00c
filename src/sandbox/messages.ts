import type { Payload } from '../model/index.js';
import type { Host } from './host.js';
import { ConsoleLevels, Message, type ConsoleLevelIndex } from './message-kinds.js';

/** One Slice may say this much; what goes beyond is counted and summed up when it ends. */
const MAX_MESSAGES = 1000;
const MAX_CHARACTERS = 1 << 20;

/** And all Slices of a Sandbox together: so many at once, and so many a second after that. */
const BURST = 10_000;
const PER_SECOND = 5000;

/** How often a message that is repeated again and again shows how often. */
const REPEAT_INTERVAL_MS = 1000;

/** How long a progress report suppresses the next. DCP's `progressThrottle`, 0.1 s. */
const PROGRESS_INTERVAL_MS = 100;

const WARN = ConsoleLevels.indexOf('warn') as ConsoleLevelIndex;

/** What a Slice says besides its result, on its way to the host. */
export class Messages {
  /** The Slice that runs, 0 before the first. */
  slice = 0;
  #left = MAX_MESSAGES;
  #charactersLeft = MAX_CHARACTERS;
  /** Messages that were dropped and not summed up yet, and of how many Slices they are. */
  #dropped = 0;
  #droppedSlices = 0;
  #droppedNow = false;

  /** Of the messages all Slices may send: how many now, and when that was. */
  #allowance = BURST;
  #allowanceMs = 0;

  /** The console message that came last, and how often it came again since it, or its count, was posted. */
  #last: { readonly slice: number; readonly level: ConsoleLevelIndex; readonly text: string } | null = null;
  #repeats = 0;
  #repeatsPostedMs = 0;

  #progressPostedMs = -Infinity;

  constructor(private readonly host: Host) {}

  /** False, and counted, when a console message would be dropped however short it is. */
  admitsConsole(): boolean {
    if (this.#left > 0) return true;
    this.#drop();
    return false;
  }

  /** Equal messages in a row are told once, and then how many there were. */
  console(level: ConsoleLevelIndex, text: string, slice = this.slice): void {
    const last = this.#last;
    if (last !== null && last.text === text && last.level === level && last.slice === slice) {
      this.#repeats++;
      if (this.host.now() - this.#repeatsPostedMs >= REPEAT_INTERVAL_MS) this.#postRepeats();
      return;
    }
    this.#postRepeats();
    this.#last = null;
    if (!this.#admit(text.length)) return;
    this.#last = { slice, level, text };
    this.#repeatsPostedMs = this.host.now();
    this.host.post(Message.console, slice, level, text);
  }

  /** A console message of ours. */
  warn(text: string): void {
    this.console(WARN, text);
  }

  /**
   * `encode` is told how many bytes there is room for, and answers null for more. Not asked when the Slice may not say anything any
   * more. Throws EncodingError when the value cannot be carried.
   */
  emit(name: string, encode: (maxBytes: number) => Payload | null): void {
    this.#postRepeats();
    this.#last = null;
    const payload = this.#left > 0 ? encode(this.#charactersLeft - name.length) : null;
    let bytes = Infinity;
    if (payload) {
      bytes = payload.head.byteLength;
      for (const segment of payload.segments) bytes += segment.byteLength;
    }
    if (!this.#admit(name.length + bytes) || !payload) return;
    const { head, segments } = payload;
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
    if (this.#left === MAX_MESSAGES && this.#dropped === 0) return;
    this.#postRepeats();
    this.#last = null;
    if (this.#dropped > 0 && this.#takeAllowance()) this.#postDropped();
    this.#left = MAX_MESSAGES;
    this.#charactersLeft = MAX_CHARACTERS;
    this.#droppedNow = false;
  }

  /** No Slice follows for now: what has not been summed up is. */
  flush(): void {
    if (this.#dropped > 0) this.#postDropped();
  }

  #admit(size: number): boolean {
    if (this.#left <= 0 || size > this.#charactersLeft || !this.#takeAllowance()) {
      this.#drop();
      return false;
    }
    this.#left--;
    this.#charactersLeft -= size;
    return true;
  }

  #drop(): void {
    this.#dropped++;
    if (this.#droppedNow) return;
    this.#droppedNow = true;
    this.#droppedSlices++;
  }

  #takeAllowance(): boolean {
    if (this.#allowance < 1) {
      const now = this.host.now();
      const earned = ((now - this.#allowanceMs) * PER_SECOND) / 1000;
      this.#allowance = earned < BURST ? this.#allowance + earned : BURST;
      this.#allowanceMs = now;
      if (this.#allowance < 1) return false;
    }
    this.#allowance--;
    return true;
  }

  #postRepeats(): void {
    const last = this.#last;
    if (last === null || this.#repeats === 0) return;
    const times = this.#repeats === 1 ? 'once' : `${this.#repeats} times`;
    this.#repeats = 0;
    this.#repeatsPostedMs = this.host.now();
    this.host.post(Message.console, last.slice, last.level, `(the last message was repeated ${times})`);
  }

  #postDropped(): void {
    const whose = this.#droppedSlices === 1 ? 'this Slice' : `${this.#droppedSlices} Slices`;
    const text = `${this.#dropped} more messages of ${whose} were dropped`;
    this.#dropped = 0;
    this.#droppedSlices = 0;
    this.host.post(Message.console, this.slice, WARN, text);
  }
}
