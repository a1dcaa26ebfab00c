import type { LogRecord, LogSink } from '../logging/index.js';

/** Lines for people, or JSON lines, on standard output. */
export class StdoutSink implements LogSink {
  readonly dropped = 0;

  constructor(private readonly options: { readonly json: boolean; readonly verbose: boolean }) {}

  write({ time, level, type, text, fields }: LogRecord): void {
    const date = new Date(time);
    if (this.options.json) {
      process.stdout.write(`${JSON.stringify({ time: date.toISOString(), type, ...fields })}\n`);
    } else if (level !== 'debug' || this.options.verbose) {
      process.stdout.write(`${date.toTimeString().slice(0, 8)} ${text}\n`);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
