import type { Readable, Writable } from 'node:stream';
import { harmlessLines } from '../../model/index.js';

/** What is passed on in one period, and what may wait for whoever reads us; more is read and dropped. */
const MAX_CHARACTERS = 64 * 1024;
const PERIOD_MS = 60_000;

/**
 * Passes on what confined processes print on standard error, within bounds: they may belong to somebody who has broken out of a Sandbox. Never
 * waits for whoever reads it, for that would stop the process that prints.
 */
export class PrintedText {
  #period: NodeJS.Timeout | null = null;
  #passed = 0;
  #dropped = 0;

  /** `onDropped` hears at the end of a period how many characters were dropped in it, if any. */
  constructor(
    private readonly output: Writable,
    private readonly onDropped: (characters: number) => void,
    private readonly periodMs = PERIOD_MS,
  ) {}

  take(stream: Readable): void {
    stream.setEncoding('utf8').on('data', (text: string) => this.#add(text));
  }

  #add(text: string): void {
    this.#period ??= setTimeout(() => this.#endPeriod(), this.periodMs).unref();
    const room = this.output.writableLength < MAX_CHARACTERS ? MAX_CHARACTERS - this.#passed : 0;
    const shown = harmlessLines(text, Infinity);
    const passed = shown.slice(0, room);
    this.#passed += passed.length;
    this.#dropped += shown.length - passed.length;
    const isCut = this.#passed === MAX_CHARACTERS && !passed.endsWith('\n');
    if (passed !== '') this.output.write(isCut ? `${passed}\n` : passed);
  }

  #endPeriod(): void {
    const dropped = this.#dropped;
    this.#period = null;
    this.#passed = 0;
    this.#dropped = 0;
    if (dropped > 0) this.onDropped(dropped);
  }
}
