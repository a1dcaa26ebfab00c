import { explain } from './failure.js';
import { ConsoleLevels, type ConsoleLevelIndex } from './message-kinds.js';
import type { Messages } from './messages.js';

const ERROR = ConsoleLevels.indexOf('error') as ConsoleLevelIndex;

/**
 * What goes wrong where nobody can catch it: HTML, "report an exception" and "notify about rejected promises". The Slice
 * goes on; its owner reads it among the console messages.
 */
export class Reports {
  constructor(private readonly messages: Messages) {}

  /** HTML, "report an exception"; the global function `reportError`. */
  exception(thrown: unknown): void {
    this.messages.console(ERROR, `Uncaught ${explain(thrown)}`);
  }

  /**
   * Promises rejected without a handler, and those that got one after they had been reported (`slice` -1).
   * @param list promise, reason and number of the Slice that ran, for each
   */
  rejections(list: readonly unknown[]): void {
    for (let index = 0; index + 2 < list.length; index += 3) {
      const slice = list[index + 2] as number;
      if (slice === -1) continue;
      this.messages.console(ERROR, `Uncaught (in promise) ${explain(list[index + 1])}`, slice);
    }
  }
}
