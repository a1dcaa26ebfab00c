/** A real syslog server understands what it is sent, by each transport. */
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { openOutput, type OutputSpec } from '#src/logging/index.js';
import { certificates, withoutOpenssl } from './support/certificates.js';
import { HOSTILE, numbered, record, until } from './support/records.js';
import {
  listening,
  startRsyslog,
  withoutRsyslogd,
  type Received,
  type RsyslogInput,
} from './support/servers.js';

const skip = withoutRsyslogd();

const SPEC = {
  kind: 'syslog',
  level: 'debug',
  transport: 'tcp',
  address: '127.0.0.1',
  port: 1,
  facility: 'local3',
  ca: null,
  cert: null,
  key: null,
  format: null,
} as const satisfies OutputSpec;

const RECORDS = [
  record({
    level: 'error',
    type: 'brokenJob',
    fields: { job: 'j1', quoted: '"a]b\\c"', list: ['x', 'y'], none: null },
  }),
  record({ level: 'debug', text: 'größe 😀', fields: {} }),
  record({ text: HOSTILE, fields: { name: HOSTILE } }),
];

/** As RFC 5424 has them; facility local3 is 19. */
function assertUnderstood(received: readonly Received[]): void {
  assert.equal(received.length, RECORDS.length, JSON.stringify(received));
  for (const { version, host, program, processId, time } of received) {
    assert.deepEqual(
      { version, host, program, processId },
      { version: '1', host: hostname(), program: 'dcp-worker', processId: String(process.pid) },
    );
    assert.equal(time, '2026-11-29T08:04:54.123Z');
  }
  const [broken, unicode, hostile] = received as [Received, Received, Received];
  assert.deepEqual(
    [broken.pri, broken.messageId, broken.data],
    ['155', 'brokenJob', '[dcp@32473 job="j1" quoted="\\"a\\]b\\\\c\\"" list="x" list="y"]'],
  );
  assert.deepEqual([unicode.pri, unicode.text.trim()], ['159', 'größe 😀']);
  assert.match(hostile.text, /^ ?a\\nFeb  1 00:00:00 host sshd\[1\]: forged\\r\\n\\x1b\[2J/);
}

const transports: [string, Partial<typeof SPEC & { transport: string }>, RsyslogInput][] = [
  ['TCP', { transport: 'tcp' }, ({ tcp }) => `input(type="imtcp" address="127.0.0.1" port="${tcp}")`],
  [
    'UDP',
    { transport: 'udp' as 'tcp' },
    ({ udp }) => `module(load="imudp") input(type="imudp" address="127.0.0.1" port="${udp}")`,
  ],
];

for (const [name, changes, input] of transports)
  test(`by ${name}, with every field where RFC 5424 has it`, { skip }, async (t) => {
    const server = await startRsyslog(t, input);
    const transport = changes.transport ?? 'tcp';
    if (transport === 'tcp') await listening(server.tcp);
    const port = (transport as string) === 'udp' ? server.udp : server.tcp;
    const sink = openOutput({ ...SPEC, transport, port });
    for (const one of RECORDS) sink.write(one);
    await sink.close(5_000);
    assert.equal(sink.dropped, 0);
    assertUnderstood(await until('all have come', () => server.received().length >= 3 && server.received()));
  });

const TLS: (files: { ca: string; cert: string; key: string }) => RsyslogInput =
  ({ ca, cert, key }) =>
  ({ tcp }) =>
    `input(type="imtcp" address="127.0.0.1" port="${tcp}" streamDriver.name="ossl" streamDriver.mode="1"
       streamDriver.authMode="anon" streamDriver.caFile="${ca}" streamDriver.certFile="${cert}"
       streamDriver.keyFile="${key}")`;

test('by TLS, when the server is who it should be', { skip: skip || withoutOpenssl }, async (t) => {
  const { ca, cert, key } = certificates(t, 'DNS:localhost');
  const server = await startRsyslog(t, TLS({ ca, cert, key }));
  await listening(server.tcp);
  const sink = openOutput({ ...SPEC, transport: 'tls', address: 'localhost', port: server.tcp, ca });
  for (const one of RECORDS) sink.write(one);
  await sink.close(5_000);
  assert.equal(sink.dropped, 0);
  assertUnderstood(await until('all have come', () => server.received().length >= 3 && server.received()));
});

test(
  'by TLS, nothing is sent to a server that is not who it should be',
  { skip: skip || withoutOpenssl },
  async (t) => {
    const { ca, otherCa, cert, key } = certificates(t, 'DNS:elsewhere');
    const server = await startRsyslog(t, TLS({ ca, cert, key }));
    await listening(server.tcp);
    for (const [trusted, problem] of [
      [ca, /Hostname\/IP does not match certificate's altnames/],
      [
        otherCa,
        /unable to verify the first certificate|unable to get local issuer|self-signed certificate in certificate chain/,
      ],
    ] as const) {
      const heard: string[] = [];
      const sink = openOutput(
        { ...SPEC, transport: 'tls', address: 'localhost', port: server.tcp, ca: trusted },
        { onLoneTrouble: (text) => heard.push(text) },
      );
      sink.write(record());
      await until('the problem is said', () => heard.length > 0);
      assert.match(heard[0]!, problem);
      await sink.close(0);
      assert.equal(sink.dropped, 1);
    }
    assert.deepEqual(server.received(), []);
  },
);

test(
  "by this machine's socket, as syslog(3) writes it; by RFC 5424 where that is asked for",
  { skip },
  async (t) => {
    const server = await startRsyslog(
      t,
      (_ports, folder) =>
        `module(load="imuxsock" SysSock.Use="off")
       input(type="imuxsock" Socket="${folder}/log" CreatePath="on")
       input(type="imuxsock" Socket="${folder}/log5424" CreatePath="on" UseSpecialParser="off" UseSysTimeStamp="off" IgnoreTimestamp="off")`,
    );
    const sink = openOutput({ ...SPEC, transport: 'unix', address: path.join(server.folder, 'log') });
    for (const one of RECORDS) sink.write(one);
    await sink.close(5_000);
    const [broken, , hostile] = await until(
      'all have come',
      () => server.received().length >= 3 && server.received(),
    );
    assert.deepEqual(
      [broken!.pri, broken!.program, broken!.processId, broken!.text],
      ['155', 'dcp-worker', String(process.pid), ' job j1: 3 Slices done'],
    );
    assert.match(hostile!.text, /^ a\\nFeb  1 00:00:00 host sshd\[1\]: forged\\r\\n\\x1b\[2J/);

    const socket = path.join(server.folder, 'log5424');
    const standard = openOutput({ ...SPEC, transport: 'unix', address: socket, format: 'rfc5424' });
    for (const one of RECORDS) standard.write(one);
    await standard.close(5_000);
    await until('all have come', () => server.received().length >= 6);
    assertUnderstood(server.received().slice(3));
  },
);

test("by this machine's socket where it is one for connections", { skip }, async (t) => {
  const server = await startRsyslog(
    t,
    (_ports, folder) => `module(load="imptcp") input(type="imptcp" path="${folder}/log")`,
  );
  const spec = { ...SPEC, transport: 'unix', address: path.join(server.folder, 'log') } as const;
  const sink = openOutput({ ...spec, format: 'rfc5424' });
  for (const one of RECORDS) sink.write(one);
  await sink.close(5_000);
  assertUnderstood(await until('all have come', () => server.received().length >= 3 && server.received()));
});

test(
  'a server that comes back gets what it missed, in order, and hears of what was left out',
  { skip },
  async (t) => {
    const input = transports[0]![2];
    const first = await startRsyslog(t, input);
    await listening(first.tcp);
    const sink = openOutput({ ...SPEC, port: first.tcp }, { onLoneTrouble: () => {}, backOffMs: [10, 50] });
    sink.write(record({ text: 'before' }));
    await until('the first has come', () => first.received().length === 1);
    await first.stop();

    for (const one of numbered(6_000, 'away')) sink.write(one);
    await until('some are left out', () => sink.dropped > 0);
    const second = await startRsyslog(t, input, first);
    await until('the last one has come', () => second.received().at(-1)?.text.endsWith('away 5999'), 20_000);
    await sink.close(5_000);

    const texts = second.received().map(({ text }) => text.trim());
    const said = texts.map((text) => /^(\d+) records? left out: syslog tcp /.exec(text)?.[1]);
    assert.equal(
      said.reduce((sum, count) => sum + Number(count ?? 0), 0),
      sink.dropped,
    );
    const came = texts.filter((text) => text.startsWith('away ')).map((text) => Number(text.slice(5)));
    assert.deepEqual(
      came,
      [...came].sort((a, b) => a - b),
      'in order',
    );
    assert.equal(new Set(came).size + sink.dropped, 6_000);
  },
);
