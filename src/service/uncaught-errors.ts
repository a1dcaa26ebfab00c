import { appendFileSync } from 'node:fs';
import type { WorkerLog } from '../status/index.js';

/** The exit code after an error that nothing caught, as the existing program has it. */
const UNCAUGHT = 5;

/**
 * Errors that nothing caught. State is in doubt then: what can be saved is saved, and whoever watches over the program starts it anew.
 * They come in swarms, so the first one stops the Worker; were each of them a call to stop, the third would have it exit at once.
 */
export class UncaughtErrors {
  #isStopping = false;
  readonly #onError = (error: unknown): void => {
    process.exitCode = UNCAUGHT;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.log.say(
      'error',
      'uncaught',
      { message: text },
      `an error that nothing caught; ${this.#isStopping ? 'stopping already' : 'stopping now'}: ${text}`,
    );
    this.#keep(text);
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.owner.onUncaught();
  };

  constructor(
    private readonly log: WorkerLog,
    private readonly owner: {
      /** File that they are appended to, since it outlives the log; null: none. */
      readonly file: () => string | null;
      /** The Worker shall stop. Called once. */
      readonly onUncaught: () => void;
    },
  ) {}

  listen(): void {
    process.on('uncaughtException', this.#onError);
  }

  close(): void {
    process.off('uncaughtException', this.#onError);
  }

  /** The exit code of a process that would exit with `code`: one that an error ended says so, whatever came then. */
  exitCode(code: number): number {
    return process.exitCode === UNCAUGHT ? UNCAUGHT : code;
  }

  #keep(text: string): void {
    const file = this.owner.file();
    if (file === null) return;
    try {
      appendFileSync(file, `${new Date().toISOString()}: ${text}\n\n`);
    } catch (error) {
      const { message } = error as Error;
      this.log.say('error', 'uncaughtLog', { file, message }, `${file}: ${message}`);
    }
  }
}
