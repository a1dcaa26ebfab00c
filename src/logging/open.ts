import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Writable } from 'node:stream';
import { InvalidArgumentError, oneLine } from '../model/index.js';
import { EventLog, logEvent } from './channels/event-log.js';
import { UnixDatagrams } from './channels/datagrams.js';
import { LogFile } from './channels/log-file.js';
import { syslogChannel } from './channels/syslog.js';
import { FanOut } from './fan-out.js';
import { journalEntry } from './formats/journal-entry.js';
import { fileLine, jsonLine, priorityLine, timedLine } from './formats/lines.js';
import { localMessage, rfc5424, type SyslogOrigin } from './formats/syslog-message.js';
import { lineSink } from './line-sink.js';
import { outputBack, outputTrouble } from './own-records.js';
import { QueuedSink, type Channel } from './queued-sink.js';
import type { LogRecord } from './record.js';
import type { LogSink } from './sink.js';
import { SYSLOG_FACILITIES, type OutputSpec, type SyslogSpec } from './spec.js';

export interface OpenOptions {
  /** The name under which records appear in logs that several programs share; default `dcp-worker`. */
  readonly program?: string;
  /** What `console` and `json` write to; default: standard output. */
  readonly stdout?: Writable;
  /** The sink of `dashboard`, where there is one among the outputs. */
  readonly dashboard?: LogSink;
  /** Hears that an output is in trouble when there is no other to say so; default: a line on standard error. */
  readonly onLoneTrouble?: (text: string) => void;
  /** How soon an output that failed is tried again, and how late at most, milliseconds; for tests. */
  readonly backOffMs?: readonly [least: number, most: number];
}

/** An output that fails again within this time is not told of again, milliseconds. */
const TOLD_AGAIN_MS = 60_000;

/** A message of syslog is no longer: receivers should take so much by UDP (RFC 5426) and by TLS (RFC 5425). */
const MOST_UDP_BYTES = 2_048;
const MOST_SYSLOG_BYTES = 8_192;

const DEFAULT_PORT = { udp: 514, tcp: 514, tls: 6514, unix: 0 };

/**
 * Opens outputs. Whatever is wrong with what the operator said is an InvalidArgumentError with the option's name: a file that
 * cannot be written, a certificate that is none. A server that is away is not: records wait for it. Trouble of an output is
 * said by the others.
 */
export function openOutputs(specs: readonly OutputSpec[], options: OpenOptions = {}): LogSink {
  const all = new FanOut();
  try {
    for (const spec of specs) {
      const sink: LogSink = openWith(spec, options, (name, error) => tell(all, sink, name, error, options));
      all.add({ sink, level: spec.level });
    }
  } catch (error) {
    void all.close(0);
    throw error;
  }
  return all;
}

/** The same for one, which shows what its spec says. */
export function openOutput(spec: OutputSpec, options: OpenOptions = {}): LogSink {
  return openOutputs([spec], options);
}

/** Hears how an output of that name is. */
type OnTrouble = (name: string, error: Error | null) => void;

function openWith(spec: OutputSpec, options: OpenOptions, onTrouble: OnTrouble): LogSink {
  const program = options.program ?? 'dcp-worker';
  const stdout = options.stdout ?? process.stdout;
  const bytes = ({ length }: Buffer): number => length;
  const queued = <M>(
    channel: Channel<M>,
    encode: (record: LogRecord) => M,
    bytesOf: (message: M) => number,
  ): LogSink =>
    new QueuedSink({
      channel,
      encode,
      bytesOf,
      onTrouble: notTooOften((error) => onTrouble(channel.name, error)),
      ...(options.backOffMs && { backOffMs: options.backOffMs }),
    });
  switch (spec.kind) {
    case 'console':
      return lineSink(stdout, spec.lines === 'priority' ? priorityLine : timedLine);
    case 'json':
      return lineSink(stdout, jsonLine);
    case 'logfile':
      return queued(openLogFile(spec), (record) => Buffer.from(fileLine(record)), bytes);
    case 'syslog':
      return queued(openSyslog(spec), syslogFormat(spec, program), bytes);
    case 'journald':
      return queued(
        new UnixDatagrams(`journald ${spec.socket}`, spec.socket, true),
        (record) => journalEntry(record, program),
        bytes,
      );
    case 'event-log':
      if (process.platform !== 'win32')
        throw new InvalidArgumentError('outputMode', `event-log: there is none on ${process.platform}`);
      return queued(new EventLog(spec.source), logEvent, ({ text }) => text.length);
    case 'dashboard':
      if (options.dashboard === undefined)
        throw new InvalidArgumentError('outputMode', 'dashboard: this program has none');
      return options.dashboard;
  }
}

function openLogFile(spec: OutputSpec & { kind: 'logfile' }): LogFile {
  try {
    return new LogFile(spec);
  } catch (error) {
    throw new InvalidArgumentError('logfile', `${spec.file} cannot be written: ${(error as Error).message}`);
  }
}

function openSyslog(spec: SyslogSpec): Channel<Buffer> {
  const { transport, address, port } = spec;
  const tls = {
    ...(spec.ca !== null && { ca: readPem('syslogCa', spec.ca) }),
    ...(spec.cert !== null && { cert: readPem('syslogCert', spec.cert) }),
    ...(spec.key !== null && { key: readPem('syslogKey', spec.key) }),
  };
  return syslogChannel({ transport, address, port: port ?? DEFAULT_PORT[transport], tls });
}

function readPem(field: string, file: string): Buffer {
  let content;
  try {
    content = readFileSync(file);
  } catch (error) {
    throw new InvalidArgumentError(field, `${file} cannot be read: ${(error as Error).message}`);
  }
  if (!content.includes('-----BEGIN '))
    throw new InvalidArgumentError(field, `${file}: expected PEM, text with -----BEGIN …-----`);
  return content;
}

function syslogFormat(
  { transport, facility, format }: SyslogSpec,
  program: string,
): (record: LogRecord) => Buffer {
  const origin: SyslogOrigin = {
    facility: SYSLOG_FACILITIES[facility],
    hostname: hostname(),
    program,
    processId: process.pid,
    mostBytes: transport === 'udp' ? MOST_UDP_BYTES : MOST_SYSLOG_BYTES,
  };
  const encode =
    (format ?? (transport === 'unix' ? 'local' : 'rfc5424')) === 'local' ? localMessage : rfc5424;
  return (record) => encode(record, origin);
}

function tell(
  all: FanOut,
  sink: LogSink,
  name: string,
  error: Error | null,
  { onLoneTrouble, program = 'dcp-worker' }: OpenOptions,
): void {
  const record = error === null ? outputBack(name) : outputTrouble(name, error);
  if (all.writeToOthers(sink, record)) return;
  const say = onLoneTrouble ?? ((text: string) => process.stderr.write(`${program}: ${text}\n`));
  say(oneLine(record.text, 1_000));
}

/** Passes on what is heard, but not trouble that comes back at once, as that of UDP does, nor its end. */
function notTooOften(pass: (error: Error | null) => void): (error: Error | null) => void {
  let toldAt = -Infinity;
  let isTold = false;
  return (error) => {
    if (error === null) {
      if (isTold) pass(null);
      isTold = false;
    } else if (performance.now() - toldAt > TOLD_AGAIN_MS) {
      toldAt = performance.now();
      isTold = true;
      pass(error);
    }
  };
}
