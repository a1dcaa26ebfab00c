import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { outputsOf, type OutputOptions } from '#src/logging/index.js';
import { temporaryDirectory } from './support/records.js';

const PIPE = { env: {}, stdout: { fd: 1, isTTY: false } };
const terminal = (env: NodeJS.ProcessEnv) => ({ env, stdout: { fd: 1, isTTY: true } });

function outputs(options: Partial<OutputOptions>, where: Parameters<typeof outputsOf>[1] = PIPE) {
  return outputsOf({ outputMode: [], verbose: false, json: false, ...options }, where);
}

const kinds = (...args: Parameters<typeof outputs>) => outputs(...args).map(({ kind }) => kind);

test('people at a terminal that can draw get the dashboard, all others lines', () => {
  assert.deepEqual(kinds({}, terminal({ LANG: 'en_CA.UTF-8' })), ['dashboard']);
  assert.deepEqual(kinds({}, terminal({ LC_ALL: 'C.utf8', LANG: 'C' })), ['dashboard']);
  assert.deepEqual(kinds({}, terminal({ LC_ALL: 'C', LANG: 'en_CA.UTF-8' })), ['console']);
  assert.deepEqual(kinds({}, terminal({ LANG: 'en_CA.UTF-8', TERM: 'dumb' })), ['console']);
  assert.deepEqual(kinds({}, terminal({})), ['console']);
  assert.deepEqual(kinds({}, { env: { LANG: 'en_CA.UTF-8' }, stdout: { fd: 1 } }), ['console']);
});

test('under systemd lines have their level before them, unless standard output leads elsewhere', (t) => {
  const fd = openSync(path.join(temporaryDirectory(t), 'stream'), 'w');
  const { dev, ino } = fstatSync(fd);
  const stdout = { fd };
  assert.deepEqual(outputs({}, { env: { JOURNAL_STREAM: `${dev}:${ino}` }, stdout }), [
    { kind: 'console', level: 'info', lines: 'priority' },
  ]);
  assert.deepEqual(outputs({}, { env: { JOURNAL_STREAM: `${dev}:${ino + 1}` }, stdout }), [
    { kind: 'console', level: 'info', lines: 'time' },
  ]);
  closeSync(fd);
});

test('several outputs, as a list or one by one; -v shows more in each', () => {
  const syslog = {
    kind: 'syslog',
    transport: 'udp',
    address: null,
    port: null,
    facility: 'local7',
    ca: null,
    cert: null,
    key: null,
    format: null,
  };
  const options = { outputMode: ['console,syslog', 'logfile', 'journald', 'console'], logfile: '/x' };
  for (const [verbose, level] of [
    [false, 'info'],
    [true, 'debug'],
  ] as const)
    assert.deepEqual(outputs({ ...options, verbose }), [
      { kind: 'console', level, lines: 'time' },
      { ...syslog, level },
      { kind: 'logfile', level, file: '/x', mostBytes: 10 << 20, keep: 5 },
      { kind: 'journald', level, socket: '/run/systemd/journal/socket' },
    ]);
});

test('--json takes the place of whatever standard output would get', () => {
  assert.deepEqual(outputs({ json: true }), [{ kind: 'json', level: 'debug' }]);
  assert.deepEqual(kinds({ json: true, outputMode: ['console', 'syslog'] }), ['json', 'syslog']);
  assert.deepEqual(kinds({ json: true }, terminal({ LANG: 'en.UTF-8' })), ['json']);
});

test("the names of the published dcp-worker's facilities are known, too, in any case", () => {
  for (const syslogFacility of ['Kernel', 'system', 'AUDIT', 'local0'])
    assert.equal(
      (outputs({ outputMode: ['syslog'], syslogFacility })[0] as { facility: string }).facility,
      syslogFacility.toLowerCase(),
    );
});

test('what does not fit is refused with the option, the value, and the nearest name', () => {
  const syslog = { outputMode: ['syslog'] };
  const refused: [Partial<OutputOptions>, RegExp][] = [
    [
      { outputMode: ['sislog'] },
      /^outputMode: expected one of detect, console, dashboard, json, logfile, syslog, journald, event-log, got "sislog" \(did you mean syslog\?\)$/,
    ],
    [{ outputMode: ['carrier-pigeon'] }, /^outputMode: expected one of .*, got "carrier-pigeon"$/],
    [
      { ...syslog, syslogFacility: 'local8' },
      /^syslogFacility: .*, got "local8" \(did you mean local\d\?\)$/,
    ],
    [
      { ...syslog, syslogTransport: 'tpc' },
      /^syslogTransport: expected one of udp, tcp, tls, unix, got "tpc" \(did you mean tcp\?\)$/,
    ],
    [{ ...syslog, syslogPort: 65_536 }, /^syslogPort: expected a whole number from 1 to 65535, not 65536$/],
    [{ ...syslog, syslogPort: 0 }, /^syslogPort: .* not 0$/],
    [{ ...syslog, syslogCa: '/ca.pem' }, /^syslogCa: only with the transport tls; it is udp$/],
    [{ ...syslog, syslogTransport: 'tls', syslogCert: '/c.pem' }, /^syslogCert: expected its key beside it/],
    [{ ...syslog, syslogTransport: 'tls', syslogKey: '/k.pem' }, /^syslogKey: expected its certificate/],
    [{ outputMode: ['logfile'] }, /^logfile: expected the path of a file, which --logfile names$/],
    [{ outputMode: ['logfile'], logfile: '/x', logfileBytes: -1 }, /^logfileBytes: .* not -1$/],
    [
      { outputMode: ['logfile'], logfile: '/x', logfileKeep: 1.5 },
      /^logfileKeep: .* from 0 to 1000, not 1\.5$/,
    ],
    [{ outputMode: ['console', 'dashboard'] }, /^outputMode: console and dashboard would both write/],
    [{ outputMode: ['console', ''] }, /^outputMode: .*, got ""$/],
  ];
  for (const [options, message] of refused)
    assert.throws(() => outputs(options), { code: 'EINVAL', message });
});
