import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { LOG_LEVELS, openOutputs, type LogSink, type OutputSpec } from '#src/logging/index.js';
import { freeTcpPort, LOCAL_SYSLOG } from './support/servers.js';
import { record, temporaryDirectory, until } from './support/records.js';

function collected(): { readonly stream: PassThrough; text(): string } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (data) => (text += String(data)));
  return { stream, text: () => text };
}

test('each output shows its own level and what matters more', async (t) => {
  const file = path.join(temporaryDirectory(t), 'log');
  const { stream, text } = collected();
  const sink = openOutputs(
    [
      { kind: 'console', level: 'notice', lines: 'time' },
      { kind: 'logfile', level: 'debug', file, mostBytes: 0, keep: 0 },
    ],
    { stdout: stream },
  );
  for (const level of LOG_LEVELS) sink.write(record({ level, text: `of ${level}` }));
  await sink.close(1_000);
  assert.match(text(), /^\S+ of error\n\S+ of warning\n\S+ of notice\n$/);
  assert.equal(
    readFileSync(file, 'utf8'),
    LOG_LEVELS.map((level) => `2026-11-29T08:04:54.123Z ${level} of ${level}\n`).join(''),
  );
});

test('one that fails does no harm to another, and the others say what is wrong with it', async () => {
  const { stream, text } = collected();
  const broken: LogSink = {
    dropped: 0,
    write: () => {
      throw new Error('broken');
    },
    close: async () => {},
  };
  const port = await freeTcpPort();
  const sink = openOutputs(
    [
      { kind: 'dashboard', level: 'debug' },
      { ...LOCAL_SYSLOG, port },
      { kind: 'console', level: 'info', lines: 'time' },
    ],
    { stdout: stream, dashboard: broken, backOffMs: [10, 20] },
  );
  sink.write(record({ text: 'first' }));
  await until('the trouble is said', () => /syslog tcp 127\.0\.0\.1:\d+: connect ECONNREFUSED/.test(text()));
  sink.write(record({ text: 'second' }));
  await sink.close(50);
  assert.match(text(), /^\S+ first\n\S+ syslog tcp [^\n]*; records wait for it[^\n]*\n\S+ second\n$/);
  assert.equal(sink.dropped, 5, 'two that nobody took, and three that the broken one failed at');
});

test('the trouble of an output that is alone is heard all the same', async () => {
  const heard: string[] = [];
  const port = await freeTcpPort();
  const sink = openOutputs([{ ...LOCAL_SYSLOG, port }], { onLoneTrouble: (text) => heard.push(text) });
  sink.write(record());
  await until('it is heard', () => heard.length > 0);
  assert.match(heard[0]!, /^syslog tcp 127\.0\.0\.1:\d+: connect ECONNREFUSED .*; records wait for it/);
  await sink.close(0);
});

test('what the operator got wrong is refused with the option and the value', (t) => {
  const directory = temporaryDirectory(t);
  const pem = path.join(directory, 'log');
  openOutputs([{ kind: 'logfile', level: 'info', file: pem, mostBytes: 0, keep: 0 }]);
  const refused: [OutputSpec, RegExp][] = [
    [
      { kind: 'logfile', level: 'info', file: directory, mostBytes: 0, keep: 0 },
      /^logfile: \/.* cannot be written: EISDIR/,
    ],
    [
      { kind: 'logfile', level: 'info', file: `${pem}/log`, mostBytes: 0, keep: 0 },
      /^logfile: \/.*\/log\/log cannot be written: \/.*\/log is there, and is no directory$/,
    ],
    [
      { ...LOCAL_SYSLOG, port: 1, transport: 'tls', ca: path.join(directory, 'none') },
      /^syslogCa: \/.*none cannot be read: ENOENT/,
    ],
    [{ ...LOCAL_SYSLOG, port: 1, transport: 'tls', ca: pem }, /^syslogCa: \/.*: expected PEM/],
    [{ kind: 'dashboard', level: 'info' }, /^outputMode: dashboard: this program has none/],
    [
      { kind: 'event-log', level: 'info', source: 'dcp-worker' },
      /^outputMode: event-log: there is none on linux/,
    ],
  ];
  for (const [spec, message] of refused)
    assert.throws(() => openOutputs([spec]), { code: 'EINVAL', message });
});
