import type { LogLevel, LogRecord } from './record.js';
import { isShown } from './severity.js';
import type { LogSink } from './sink.js';

/** One of several sinks, and what it shows. */
export interface Branch {
  readonly sink: LogSink;
  readonly level: LogLevel;
}

/** Gives each record to every sink that shows its level. What becomes of it in one does not touch another. */
export class FanOut implements LogSink {
  readonly #branches: Branch[] = [];
  /** Records that a sink failed at, which it must not. */
  #failed = 0;

  add(branch: Branch): void {
    this.#branches.push(branch);
  }

  get dropped(): number {
    return this.#branches.reduce((sum, { sink }) => sum + sink.dropped, this.#failed);
  }

  write(record: LogRecord): void {
    this.writeToOthers(null, record);
  }

  /** To all but one; what is about that one. False: there are none. */
  writeToOthers(than: LogSink | null, record: LogRecord): boolean {
    const others = this.#branches.filter(({ sink, level }) => sink !== than && isShown(record.level, level));
    for (const { sink } of others) {
      try {
        sink.write(record);
      } catch {
        this.#failed++;
      }
    }
    return others.length > 0;
  }

  reopen(): void {
    for (const { sink } of this.#branches) sink.reopen?.();
  }

  async close(timeoutMs: number): Promise<void> {
    await Promise.all(this.#branches.map(({ sink }) => sink.close(timeoutMs)));
  }
}
