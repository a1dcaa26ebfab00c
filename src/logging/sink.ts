import type { LogRecord } from './record.js';

/**
 * Where records go. A sink never throws from `write`, never waits in it and keeps a bounded number of records for
 * whoever reads slowly: work goes on whatever becomes of the log. What it had to leave out it counts, and says once it
 * can.
 */
export interface LogSink {
  write(record: LogRecord): void;
  /** Records that were left out since the start. */
  readonly dropped: number;
  /** Opens its file anew, as whoever rotates it asks for by SIGHUP. Others have nothing to open. */
  reopen?(): void;
  /** Writes what it still has, for at most `timeoutMs`, then lets go of everything. Does not reject. */
  close(timeoutMs: number): Promise<void>;
}
