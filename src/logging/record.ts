/** How much something matters, as syslog has it (RFC 5424, section 6.2.1), without what nobody here would say. */
export const LOG_LEVELS = ['error', 'warning', 'notice', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a field of a record may hold: what JSON holds, one level deep. */
export type LogValue = string | number | boolean | null | readonly string[];

/** One thing that happened. Every output shows the same record in its own way. */
export interface LogRecord {
  /** When, milliseconds since 1970. */
  readonly time: number;
  readonly level: LogLevel;
  /** What kind of thing, for programs: `results`, `sandboxLost`, … docs/OUTPUTS.md lists them. */
  readonly type: string;
  /** One line for people; line breaks in it are the output's to mend. */
  readonly text: string;
  /** The same for programs. No field is named `time`, `level`, `type` or `text`. */
  readonly fields: Readonly<Record<string, LogValue>>;
}
