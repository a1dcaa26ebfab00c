import { emitKeypressEvents } from 'node:readline';
import tty from 'node:tty';
import type { Key } from '../keys.js';
import { isInForeground } from './foreground.js';

/** `process.stdin` where that is a terminal. */
export type TerminalInput = tty.ReadStream & { readonly fd: number };

export interface KeyboardListener {
  onKey(key: Key): void;
  /** There is nothing to read any more, nor will there be. */
  onGone(): void;
}

/**
 * Keys as they are pressed. They are read through a stream of its own, which opens the terminal anew and is gone when nothing
 * is read: as the process exits, libuv sets the modes back through the stream that changed them, and in the background the
 * kernel would stop the process for it.
 */
export class Keyboard {
  #stream: tty.ReadStream | null = null;
  #isPasting = false;

  constructor(
    private readonly input: TerminalInput,
    private readonly listener: KeyboardListener,
  ) {}

  /** Only in the foreground. */
  start(): void {
    const stream = this.#stream ?? this.#open();
    this.#stream = stream;
    this.#isPasting = false;
    // Whoever had the terminal meanwhile left it as they like it; libuv believes that nothing has changed.
    stream.setRawMode(false);
    stream.setRawMode(true);
    stream.resume();
    // Whatever keeps the process running, it is not this.
    stream.unref();
  }

  /** Sets the modes of the terminal as they were. In the background nothing but that it reads is ended. */
  stop(): void {
    const stream = this.#stream;
    if (stream === null) return;
    stream.pause();
    if (!isInForeground()) return;
    this.#stream = null;
    stream.off('end', this.#onGone).off('error', this.#onGone).on('error', ignore);
    stream.setRawMode(false);
    stream.destroy();
  }

  #open(): tty.ReadStream {
    const stream = new tty.ReadStream(this.input.fd);
    emitKeypressEvents(stream);
    return stream.on('keypress', this.#onKeypress).on('end', this.#onGone).on('error', this.#onGone);
  }

  readonly #onGone = (): void => this.listener.onGone();

  readonly #onKeypress = (_text: string | undefined, key: Key): void => {
    if (key.name === 'paste-start') this.#isPasting = true;
    else if (key.name === 'paste-end') this.#isPasting = false;
    else if (!this.#isPasting) this.listener.onKey(key);
  };
}

const ignore = (): void => {};
