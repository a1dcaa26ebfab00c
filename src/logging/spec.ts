import type { LogLevel } from './record.js';

/** Each kind of output, as it is named on the command line; `dashboard` is the program's own. */
export const OUTPUT_KINDS = [
  'console',
  'dashboard',
  'json',
  'logfile',
  'syslog',
  'journald',
  'event-log',
] as const;
export type OutputKind = (typeof OUTPUT_KINDS)[number];

export const SYSLOG_TRANSPORTS = ['udp', 'tcp', 'tls', 'unix'] as const;
export type SyslogTransport = (typeof SYSLOG_TRANSPORTS)[number];

/** RFC 5424, section 6.2.1, by the names of syslog.conf(5); then the names that the published `dcp-worker` has for some. */
export const SYSLOG_FACILITIES = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
  kernel: 0,
  system: 3,
  audit: 13,
  alert: 14,
} as const;
export type SyslogFacility = keyof typeof SYSLOG_FACILITIES;

interface Output<Kind extends OutputKind> {
  readonly kind: Kind;
  /** Records of this level and of those that matter more are shown. */
  readonly level: LogLevel;
}

/** Lines for people on standard output, with the time before them, or for journald, with `<N>`. */
export interface ConsoleSpec extends Output<'console'> {
  readonly lines: 'time' | 'priority';
}

/** What the program draws by itself; here it has a place in the list alone. */
export type DashboardSpec = Output<'dashboard'>;

/** JSON lines on standard output. */
export type JsonSpec = Output<'json'>;

export interface LogfileSpec extends Output<'logfile'> {
  readonly file: string;
  /** The size at which it is put aside, bytes; 0: never. */
  readonly mostBytes: number;
  /** So many older ones are kept beside it, 0 to 1000. */
  readonly keep: number;
}

export interface SyslogSpec extends Output<'syslog'> {
  readonly transport: SyslogTransport;
  /** A host, or the path of a socket; null: `loghost`, or this machine where no host has that name; `/dev/log` for `unix`. */
  readonly address: string | null;
  /** Null: 514, for `tls` 6514. */
  readonly port: number | null;
  readonly facility: SyslogFacility;
  /** Files in PEM, for `tls` alone: who signs servers (null: whom Node trusts), and what a server may ask of us. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** Null: RFC 5424, but what syslog(3) writes for `unix`. */
  readonly format: 'rfc5424' | 'local' | null;
}

export interface JournaldSpec extends Output<'journald'> {
  readonly socket: string;
}

export interface EventLogSpec extends Output<'event-log'> {
  readonly source: string;
}

export type OutputSpec =
  ConsoleSpec | DashboardSpec | JsonSpec | LogfileSpec | SyslogSpec | JournaldSpec | EventLogSpec;

export const DEFAULT_LOGFILE_BYTES = 10 << 20;
export const DEFAULT_LOGFILE_KEEP = 5;
export const DEFAULT_FACILITY: SyslogFacility = 'local7';
export const JOURNAL_SOCKET = '/run/systemd/journal/socket';
