import { fstatSync } from 'node:fs';
import { InvalidArgumentError, knownName } from '../model/index.js';
import {
  DEFAULT_FACILITY,
  DEFAULT_LOGFILE_BYTES,
  DEFAULT_LOGFILE_KEEP,
  JOURNAL_SOCKET,
  OUTPUT_KINDS,
  SYSLOG_FACILITIES,
  SYSLOG_TRANSPORTS,
  type OutputKind,
  type OutputSpec,
  type SyslogFacility,
  type SyslogSpec,
} from './spec.js';

/** The options of a command line or a configuration file. What is undefined or null has its default. */
export interface OutputOptions {
  /** Kinds of outputs, or `detect`; each may be a list with commas. Empty: `detect`. */
  readonly outputMode: readonly string[];
  /** Needed by `logfile`. */
  readonly logfile?: string | null | undefined;
  readonly logfileBytes?: number | null | undefined;
  readonly logfileKeep?: number | null | undefined;
  readonly syslogAddress?: string | null | undefined;
  readonly syslogFacility?: string | null | undefined;
  readonly syslogTransport?: string | null | undefined;
  readonly syslogPort?: number | null | undefined;
  readonly syslogCa?: string | null | undefined;
  readonly syslogCert?: string | null | undefined;
  readonly syslogKey?: string | null | undefined;
  /** Shows `debug`, too. */
  readonly verbose: boolean;
  /** JSON lines are what standard output gets, whatever `outputMode` has for it. */
  readonly json: boolean;
}

/** Where a program runs, as far as outputs depend on it. */
export interface OutputEnvironment {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: { readonly isTTY?: boolean; readonly fd: number };
}

/** They write to standard output, which is one's alone. */
const ON_STDOUT: readonly OutputKind[] = ['console', 'dashboard', 'json'];

/** What the operator asked for. Throws InvalidArgumentError with the option's name. */
export function outputsOf(options: OutputOptions, where: OutputEnvironment = process): OutputSpec[] {
  const kinds = kindsOf(options, where);
  const onStdout = kinds.filter((kind) => ON_STDOUT.includes(kind));
  if (onStdout.length > 1)
    throw new InvalidArgumentError(
      'outputMode',
      `${onStdout.join(' and ')} would both write to standard output`,
    );
  return kinds.map((kind) => specOf(kind, options, where));
}

function kindsOf({ outputMode, json }: OutputOptions, where: OutputEnvironment): readonly OutputKind[] {
  const names = outputMode.flatMap((list) => list.split(',')).map((name) => name.trim());
  const asked = names.length === 0 ? ['detect'] : names;
  const kinds = asked.map((name) => knownName('outputMode', name, ['detect', ...OUTPUT_KINDS] as const));
  const shown = kinds.map((kind) => (kind === 'detect' ? detected(where) : kind));
  // Programs read JSON lines that were asked for, not people.
  const chosen: OutputKind[] = json ? ['json', ...shown.filter((kind) => !ON_STDOUT.includes(kind))] : shown;
  return [...new Set(chosen)];
}

/** People at a terminal that can draw get the dashboard, others lines. */
function detected({ env, stdout }: OutputEnvironment): OutputKind {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(Boolean) ?? '';
  const draws = stdout.isTTY === true && /utf-?8/i.test(locale) && env['TERM'] !== 'dumb';
  return draws ? 'dashboard' : 'console';
}

function specOf(kind: OutputKind, options: OutputOptions, where: OutputEnvironment): OutputSpec {
  const level = options.verbose ? 'debug' : 'info';
  switch (kind) {
    case 'console':
      return { kind, level, lines: leadsToJournal(where) ? 'priority' : 'time' };
    case 'json':
      // Programs choose for themselves.
      return { kind, level: 'debug' };
    case 'dashboard':
      return { kind, level };
    case 'logfile':
      return {
        kind,
        level,
        file: required('logfile', options.logfile),
        mostBytes: whole('logfileBytes', options.logfileBytes, 0, 2 ** 50) ?? DEFAULT_LOGFILE_BYTES,
        keep: whole('logfileKeep', options.logfileKeep, 0, 1_000) ?? DEFAULT_LOGFILE_KEEP,
      };
    case 'syslog':
      return syslogSpec(options);
    case 'journald':
      return { kind, level, socket: JOURNAL_SOCKET };
    case 'event-log':
      return { kind, level, source: 'dcp-worker' };
  }
}

function syslogSpec(options: OutputOptions): SyslogSpec {
  const facilities = Object.keys(SYSLOG_FACILITIES) as SyslogFacility[];
  const transport = knownName('syslogTransport', options.syslogTransport ?? 'udp', SYSLOG_TRANSPORTS);
  for (const name of ['syslogCa', 'syslogCert', 'syslogKey'] as const)
    if (options[name] && transport !== 'tls')
      throw new InvalidArgumentError(name, `only with the transport tls; it is ${transport}`);
  if (options.syslogCert && !options.syslogKey)
    throw new InvalidArgumentError('syslogCert', 'expected its key beside it: they come together');
  if (options.syslogKey && !options.syslogCert)
    throw new InvalidArgumentError('syslogKey', 'expected its certificate beside it: they come together');
  return {
    kind: 'syslog',
    level: options.verbose ? 'debug' : 'info',
    transport,
    address: options.syslogAddress === '' ? null : (options.syslogAddress ?? null),
    port: whole('syslogPort', options.syslogPort, 1, 65_535),
    facility: knownName('syslogFacility', options.syslogFacility ?? DEFAULT_FACILITY, facilities),
    ca: options.syslogCa ?? null,
    cert: options.syslogCert ?? null,
    key: options.syslogKey ?? null,
    format: null,
  };
}

/**
 * Whether what is printed goes to journald: `JOURNAL_STREAM` names the device and inode of the stream that systemd gave
 * (systemd.exec(5)), and whoever starts programs with another standard output leaves the variable as it is.
 */
function leadsToJournal({ env, stdout }: OutputEnvironment): boolean {
  const stream = env['JOURNAL_STREAM'];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(stdout.fd);
    return stream === `${dev}:${ino}`;
  } catch {
    // Nothing is open there.
    return false;
  }
}

function required(field: string, value: string | null | undefined): string {
  if (value) return value;
  throw new InvalidArgumentError(field, 'expected the path of a file, which --logfile names');
}

function whole(field: string, value: number | null | undefined, least: number, most: number): number | null {
  if (value === undefined || value === null) return null;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(field, `expected a whole number from ${least} to ${most}, not ${value}`);
}
