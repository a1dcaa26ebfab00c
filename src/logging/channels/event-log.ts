import { execFile } from 'node:child_process';
import { oneLine } from '../../model/index.js';
import type { Channel, Sent } from '../queued-sink.js';
import type { LogLevel, LogRecord } from '../record.js';
import { severityOf } from '../severity.js';

/** What the event log's tool is told of a record. */
export interface LogEvent {
  readonly type: 'ERROR' | 'WARNING' | 'INFORMATION';
  /** 1 to 1000, from the level. */
  readonly id: number;
  readonly text: string;
}

const TYPES: Readonly<Record<LogLevel, LogEvent['type']>> = {
  error: 'ERROR',
  warning: 'WARNING',
  notice: 'INFORMATION',
  info: 'INFORMATION',
  debug: 'INFORMATION',
};

/** A command line of Windows holds 32,767 characters, an escaped one takes six. */
const LONGEST_TEXT = 4_000;

const PATIENCE_MS = 30_000;

export function logEvent({ level, text }: LogRecord): LogEvent {
  return { type: TYPES[level], id: severityOf(level), text: oneLine(text, LONGEST_TEXT) };
}

/**
 * Windows' own log, by the tool that comes with it: one process a record. The first record of a source has to be written by
 * an administrator, who thereby registers it.
 */
export class EventLog implements Channel<LogEvent> {
  readonly name = 'event log';

  constructor(
    private readonly source: string,
    private readonly tool = 'eventcreate.exe',
  ) {}

  async send([event]: readonly LogEvent[]): Promise<Sent> {
    const { type, id, text } = event!;
    const args = ['/L', 'APPLICATION', '/SO', this.source, '/T', type, '/ID', String(id), '/D', text];
    const error = await new Promise<Error | null>((resolve) => {
      execFile(this.tool, args, { timeout: PATIENCE_MS, windowsHide: true }, resolve);
    });
    return { count: error === null ? 1 : 0, unsendable: 0, error };
  }

  close(): void {}
}
