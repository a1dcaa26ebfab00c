import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { renameSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openOutput, type OutputSpec } from '#src/logging/index.js';
import { UnixDatagrams } from '#src/logging/channels/datagrams.js';
import { journalEntry } from '#src/logging/formats/journal-entry.js';
import { QueuedSink } from '#src/logging/queued-sink.js';
import { datagramReceiver, withoutPython } from './support/datagram-receiver.js';
import { HOSTILE, numbered, record, temporaryDirectory, until } from './support/records.js';
import { startJournald, withoutJournald } from './support/servers.js';

const skip = withoutJournald();

test('the journal has each field, lines and long texts whole', { skip }, async (t) => {
  const journal = await startJournald(t);
  const program = 'dcp-test-fields';
  const sink = openOutput({ kind: 'journald', level: 'debug', socket: journal.socket }, { program });
  const lines = 'one\ntwo\n\nMESSAGE=forged';
  const fields = { job: 'j1', elapsedMs: 12.5, adapters: ['A', 'B'], none: null, ok: true };
  const long = 'x'.repeat(700_000);
  sink.write(record({ level: 'error', type: 'brokenJob', text: lines, fields }));
  sink.write(record({ text: long, fields: {} }));
  sink.write(record({ text: HOSTILE, fields: { name: HOSTILE } }));
  await sink.close(5_000);
  assert.equal(sink.dropped, 0);
  const entries = await until(
    'all are there',
    () => journal.entries(program).length >= 3 && journal.entries(program),
  );
  const [broken, large, hostile] = entries as [
    Record<string, unknown>,
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  const {
    MESSAGE,
    PRIORITY,
    DCP_TYPE,
    DCP_JOB,
    DCP_ELAPSED_MS,
    DCP_ADAPTERS,
    DCP_NONE,
    DCP_OK,
    _PID,
    _TRANSPORT,
  } = broken;
  assert.deepEqual(
    {
      MESSAGE,
      PRIORITY,
      DCP_TYPE,
      DCP_JOB,
      DCP_ELAPSED_MS,
      DCP_ADAPTERS,
      DCP_NONE,
      DCP_OK,
      _PID,
      _TRANSPORT,
    },
    {
      MESSAGE: lines,
      PRIORITY: '3',
      DCP_TYPE: 'brokenJob',
      DCP_JOB: 'j1',
      DCP_ELAPSED_MS: '12.5',
      DCP_ADAPTERS: ['A', 'B'],
      DCP_NONE: undefined,
      DCP_OK: 'true',
      _PID: String(process.pid),
      _TRANSPORT: 'journal',
    },
  );
  assert.equal(large['MESSAGE'], long, 'longer than a datagram: it went as a sealed memory file');
  // Text, and not bytes, which is what journalctl shows of what a terminal would obey.
  assert.match(
    String(hostile['MESSAGE']),
    /^a\nFeb {2}1 00:00:00 host sshd\[1\]: forged\\r\n\\x1b\[2J\\x1b\]0;title\\x07\\x9b31m\\u2028/,
  );
  assert.equal(hostile['DCP_NAME'], hostile['MESSAGE']);
});

test('its socket for syslog understands the format of this machine', { skip }, async (t) => {
  const journal = await startJournald(t);
  const program = 'dcp-test-syslog';
  const sink = openOutput(
    {
      kind: 'syslog',
      level: 'debug',
      transport: 'unix',
      address: journal.syslogSocket,
      port: null,
      facility: 'daemon',
      ca: null,
      cert: null,
      key: null,
      format: null,
    },
    { program },
  );
  sink.write(record({ level: 'warning' }));
  await sink.close(5_000);
  const [entry] = await until(
    'it is there',
    () => journal.entries(program).length > 0 && journal.entries(program),
  );
  const { MESSAGE, PRIORITY, SYSLOG_FACILITY, SYSLOG_PID, _TRANSPORT } = entry!;
  assert.deepEqual(
    { MESSAGE, PRIORITY, SYSLOG_FACILITY, SYSLOG_PID, _TRANSPORT },
    {
      MESSAGE: 'job j1: 3 Slices done',
      PRIORITY: '4',
      SYSLOG_FACILITY: '3',
      SYSLOG_PID: String(process.pid),
      _TRANSPORT: 'syslog',
    },
  );
});

test('lines that a service prints have their level there', { skip }, async (t) => {
  const journal = await startJournald(t);
  const program = 'dcp-test-stdout';
  const stream = connect(journal.stdoutSocket);
  t.after(() => stream.destroy());
  // What systemd says for a service: identifier, unit, level, whether lines begin with theirs, where else they go.
  stream.write(`${program}\n\n6\n1\n0\n0\n0\n`);
  const sink = openOutput({ kind: 'console', level: 'debug', lines: 'priority' }, { stdout: stream });
  sink.write(record({ level: 'error', text: HOSTILE }));
  sink.write(record({ level: 'debug', text: '€\u202e'.repeat(5_000) }));
  sink.write(record({ level: 'notice', text: 'last' }));
  await sink.close(5_000);
  const entries = await until(
    'all are there',
    () => journal.entries(program).length >= 3 && journal.entries(program),
  );
  assert.deepEqual(
    entries.map((entry) => entry['PRIORITY']),
    ['3', '7', '5'],
    'each line is one entry',
  );
});

const SPEC = { kind: 'journald', level: 'debug' } as const satisfies Partial<OutputSpec>;

test(
  'a journal that does not read costs records, not time or memory, and hears how many',
  { skip: withoutPython },
  async (t) => {
    const socket = path.join(temporaryDirectory(t), 'socket');
    const receiver = await datagramReceiver(t, socket);
    const sink = new QueuedSink<Buffer>({
      channel: new UnixDatagrams(`journald ${socket}`, socket, true),
      encode: (one) => journalEntry(one, 'dcp-worker'),
      bytesOf: ({ length }) => length,
      limits: { items: 500, bytes: 1 << 20 },
    });
    const start = performance.now();
    for (const one of numbered(10_000)) sink.write(one);
    assert.ok(performance.now() - start < 2_000);
    const all: string[] = [];
    // It reads now: what the kernel kept, what was left out, and the last ones.
    while (!all.at(-1)?.includes('MESSAGE=record 9999\n'))
      all.push(...(await receiver.receive(1)).map(({ data }) => data.toString()));
    await sink.close(1_000);
    const said = all.filter((entry) => entry.includes('DCP_TYPE=recordsDropped'));
    assert.ok(sink.dropped > 8_000 && sink.dropped < 10_000, `${sink.dropped} dropped`);
    assert.match(said.join(''), new RegExp(`MESSAGE=${sink.dropped} records left out: journald /`));
    assert.equal(all.length - said.length + sink.dropped, 10_000);
  },
);

test('a journal that was away and is started again gets what waited', { skip: withoutPython }, async (t) => {
  const socket = path.join(temporaryDirectory(t), 'socket');
  const heard: string[] = [];
  const sink = openOutput(
    { ...SPEC, socket },
    { backOffMs: [10, 50], onLoneTrouble: (text) => heard.push(text) },
  );
  sink.write(record({ text: 'early' }));
  await until('the trouble is said', () => heard.length > 0);
  assert.match(heard[0]!, /^journald \/.*: connect ENOENT \//);
  const first = await datagramReceiver(t, socket);
  const [early] = await first.receive(1);
  assert.match(
    early!.data.toString(),
    /^MESSAGE=early\nPRIORITY=6\nSYSLOG_IDENTIFIER=dcp-worker\nDCP_TYPE=results\n/,
  );
  await first.stop();
  sink.write(record({ text: 'late' }));
  const second = await datagramReceiver(t, `${socket}2`);
  renameSync(`${socket}2`, socket);
  const [late] = await second.receive(1);
  assert.match(late!.data.toString(), /^MESSAGE=late\n/);
  await sink.close(1_000);
  assert.equal(sink.dropped, 0);
});

test(
  'one that does not read for long is in trouble, and back when it does',
  { skip: withoutPython },
  async (t) => {
    const socket = path.join(temporaryDirectory(t), 'socket');
    const receiver = await datagramReceiver(t, socket);
    const heard: (Error | null)[] = [];
    const sink = new QueuedSink<Buffer>({
      channel: new UnixDatagrams('test', socket, true),
      encode: ({ text }) => Buffer.from(text),
      bytesOf: ({ length }) => length,
      onTrouble: (error) => heard.push(error),
      patienceMs: 100,
    });
    for (const one of numbered(2_000)) sink.write(one);
    await until('the trouble is said', () => heard.length > 0);
    assert.match(String(heard[0]), /busy, and takes nothing/);
    await receiver.receive(2_000);
    await until('it is back', () => heard.length > 1);
    assert.equal(heard[1], null);
    await sink.close(1_000);
    assert.equal(sink.dropped, 0);
  },
);

test('what was written is there when the program exits at once', { skip: withoutPython }, async (t) => {
  const socket = path.join(temporaryDirectory(t), 'socket');
  const receiver = await datagramReceiver(t, socket);
  const module = new URL(import.meta.resolve('#src/logging/index.js')).href;
  const program = `
    import { openOutput } from ${JSON.stringify(module)};
    const sink = openOutput(${JSON.stringify({ ...SPEC, socket })});
    for (const text of ['one', 'two']) sink.write({ time: 0, level: 'info', type: 't', text, fields: {} });
    process.exit();`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  const received = (await receiver.receive(2)).map(
    ({ data }) => /^MESSAGE=(.*)\n/.exec(data.toString())?.[1],
  );
  assert.deepEqual(received, ['one', 'two']);
});
