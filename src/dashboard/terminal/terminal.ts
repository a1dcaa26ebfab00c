import type tty from 'node:tty';
import type { Key } from '../keys.js';
import type { Size } from '../layout/frame.js';
import { isInForeground } from './foreground.js';
import { Keyboard, type TerminalInput } from './keyboard.js';
import { Outlet } from './outlet.js';

/** Signals that end a process that does not listen. Somebody else may listen, who decides then what becomes of it. */
const ENDING: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'];
/** How long the end waits for a terminal that does not read, milliseconds. */
const CLOSE_MS = 100;
/** After asking to be stopped the process looks again; if it was stopped, that is once it goes on. */
const SUSPEND_MS = 100;

const CSI = '\x1b[';
/** The other screen, no cursor, no wrapping at the right edge, pasted text told from typed. */
const ENTER = `${CSI}?1049h${CSI}?25l${CSI}?7l${CSI}?2004h`;
const LEAVE = `${CSI}0m${CSI}?2004l${CSI}?7h${CSI}?25h${CSI}?1049l`;

const ignore = (): void => {};

/** `process.stdout` where that is a terminal. */
export type TerminalOutput = tty.WriteStream & { readonly fd: number };

export interface TerminalListener {
  onKey(key: Key): void;
  /** What the terminal shows is not known any more. */
  onLost(): void;
  /** What was written has left. */
  onRoom(): void;
  /** Nobody sees it any more, nor ever will: the window was closed, the line cut. Called once. */
  onGone(): void;
}

/**
 * A terminal taken over for a full-screen view, and given back as it was: when it is closed, suspended, or the process ends
 * by anything that lets a process do something.
 */
export class Terminal {
  readonly #keyboard: Keyboard;
  readonly #output: TerminalOutput;
  readonly #outlet: Outlet;
  #state: 'hidden' | 'shown' | 'closed' = 'hidden';
  #timer: NodeJS.Timeout | null = null;

  constructor(
    input: TerminalInput,
    output: TerminalOutput,
    private readonly listener: TerminalListener,
  ) {
    this.#output = output;
    this.#outlet = new Outlet(output.fd, {
      onRoom: () => listener.onRoom(),
      onGone: () => this.#gone(),
    });
    this.#keyboard = new Keyboard(input, { onKey: (key) => listener.onKey(key), onGone: this.#gone });
    output.on('error', this.#gone).on('resize', this.#onResize);
    // Before anybody who listens for uncaught exceptions tells of one.
    process.on('exit', this.#onExit).on('uncaughtExceptionMonitor', this.#onExit);
    process.on('SIGCONT', this.#onContinue).on('SIGTSTP', this.suspend);
    for (const signal of ENDING) process.on(signal, this.#onEndingSignal);
  }

  get size(): Size {
    return { columns: this.#output.columns, rows: this.#output.rows };
  }

  /** It is shown and takes what is written. */
  get isReady(): boolean {
    return this.#state === 'shown' && !this.#outlet.isBusy;
  }

  /** Takes the terminal over if it may: as a background process it may not. It does no harm to ask again. */
  show(): void {
    if (this.#state !== 'hidden' || !isInForeground()) return;
    this.#state = 'shown';
    this.#keyboard.start();
    this.#outlet.write(ENTER);
    this.listener.onLost();
  }

  /** Only while it is ready. */
  write(text: string): void {
    this.#outlet.write(text);
  }

  /** Gives the terminal back and stops the process with its whole group, as Ctrl-Z does. */
  suspend = (): void => {
    if (this.#state === 'closed') return;
    this.#hide();
    process.off('SIGTSTP', this.suspend);
    process.kill(0, 'SIGTSTP');
    this.#timer = setTimeout(() => {
      process.on('SIGTSTP', this.suspend);
      this.show();
    }, SUSPEND_MS).unref();
  };

  /** For good. */
  close(): void {
    if (this.#state === 'closed') return;
    const wasShown = this.#state === 'shown';
    this.#state = 'closed';
    if (wasShown) this.#giveBack();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#outlet.close();
    this.#output.off('error', this.#gone).off('resize', this.#onResize);
    process.off('exit', this.#onExit).off('uncaughtExceptionMonitor', this.#onExit);
    process.off('SIGCONT', this.#onContinue).off('SIGTSTP', this.suspend);
    for (const signal of ENDING) process.off(signal, this.#onEndingSignal);
  }

  #hide(): void {
    if (this.#state !== 'shown') return;
    this.#state = 'hidden';
    this.#giveBack();
  }

  #giveBack(): void {
    this.#outlet.finish(LEAVE, CLOSE_MS);
    this.#keyboard.stop();
  }

  readonly #gone = (): void => {
    if (this.#state === 'closed') return;
    this.close();
    // Whoever writes to it later shall not have the process ended for it.
    this.#output.on('error', ignore);
    this.listener.onGone();
  };

  readonly #onResize = (): void => this.listener.onLost();
  readonly #onExit = (): void => this.close();

  /** Whoever stopped this process had the terminal meanwhile, and may still have it. */
  readonly #onContinue = (): void => {
    if (this.#state === 'closed') return;
    this.#hide();
    this.show();
    // Nobody is told of a new size while in the background.
    process.kill(process.pid, 'SIGWINCH');
  };

  readonly #onEndingSignal = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return;
    this.close();
    process.kill(process.pid, signal);
  };
}
