/** Records as messages of syslog: RFC 5424 for networks, and what syslog(3) writes for the socket of this machine. */
import { oneLine } from '../../model/index.js';
import { cutBytes } from '../cut-bytes.js';
import type { LogRecord, LogValue } from '../record.js';
import { severityOf } from '../severity.js';

/**
 * Names our structured data. 32473 is the enterprise number for documentation (RFC 5612): the project has none of its
 * own, and whoever installs it may have.
 */
const STRUCTURED_DATA_ID = 'dcp@32473';

export interface SyslogOrigin {
  /** 0 to 23, section 6.2.1. */
  readonly facility: number;
  readonly hostname: string;
  readonly program: string;
  readonly processId: number;
  /** A message is no longer; fields that do not fit are left out, and the text is cut. */
  readonly mostBytes: number;
}

/** A parameter's name is a SD-NAME: 32 printable characters of ASCII, but for what has a meaning around it. */
const NOT_IN_NAMES = /[^\x21-\x7e]|[="\]]/g;

/** `<190>1 2026-11-29T08:04:54.123Z host dcp-worker 4711 results [dcp@32473 job="…" slices="12"] text`. */
export function rfc5424(record: LogRecord, origin: SyslogOrigin): Buffer {
  const header =
    `<${origin.facility * 8 + severityOf(record.level)}>1 ${new Date(record.time).toISOString()} ` +
    `${word(origin.hostname, 255)} ${word(origin.program, 48)} ${origin.processId} ${word(record.type, 32)}`;
  // Half of what is left is for the fields, the rest for the text, which people read.
  const data = structuredData(record, Math.floor((origin.mostBytes - header.length) / 2));
  const head = `${header} ${data} `;
  // No byte order mark before the text, though it is UTF-8: receivers show it as part of the text.
  return Buffer.from(head + textFor(record, origin.mostBytes - Buffer.byteLength(head)));
}

/**
 * `<190>Nov 29 08:04:54 dcp-worker[4711]: text`, as syslog(3) writes it: what journald and the usual syslog servers
 * expect on /dev/log. The fields are left out; the text says the same.
 */
export function localMessage(record: LogRecord, origin: SyslogOrigin): Buffer {
  const time = new Date(record.time);
  const stamp = `${MONTHS[time.getMonth()]} ${String(time.getDate()).padStart(2)} ${time.toTimeString().slice(0, 8)}`;
  const head =
    `<${origin.facility * 8 + severityOf(record.level)}>${stamp} ` +
    `${word(origin.program, 48)}[${origin.processId}]: `;
  return Buffer.from(head + textFor(record, origin.mostBytes - Buffer.byteLength(head)));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function textFor(record: LogRecord, mostBytes: number): string {
  return cutBytes(oneLine(record.text, mostBytes), mostBytes);
}

/** A part of the header: printable ASCII, without spaces, `-` for nothing. */
function word(text: string, longest: number): string {
  return text.replace(/[^\x21-\x7e]/g, '_').slice(0, longest) || '-';
}

function structuredData({ fields }: LogRecord, mostBytes: number): string {
  let data = `[${STRUCTURED_DATA_ID}`;
  let bytes = data.length + 1;
  for (const [name, value] of Object.entries(fields)) {
    for (const text of textsOf(value)) {
      const parameter = ` ${name.replace(NOT_IN_NAMES, '_').slice(0, 32)}="${parameterValue(text, mostBytes)}"`;
      const more = Buffer.byteLength(parameter);
      // A shorter one may still fit.
      if (bytes + more > mostBytes) continue;
      data += parameter;
      bytes += more;
    }
  }
  return `${data}]`;
}

/** A list is a parameter that comes more than once, as section 6.3.3 has it; null is one that is not there. */
export function textsOf(value: LogValue): readonly string[] {
  if (value === null) return [];
  return typeof value === 'object' ? value : [String(value)];
}

/** Section 6.3.3: `"`, `\` and `]` get a `\` before them. A quarter of the room, so that others find some even if all are such. */
function parameterValue(text: string, mostBytes: number): string {
  const most = Math.floor(mostBytes / 4);
  return cutBytes(oneLine(text, most), most).replace(/["\\\]]/g, '\\$&');
}
