/** Servers that are dead, slow or gone cost records, never time or memory, and what was left out is counted and said. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createSocket } from 'node:dgram';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openOutput, type OpenOptions, type OutputSpec } from '#src/logging/index.js';
import { SocketStream, lineEnded } from '#src/logging/channels/socket-stream.js';
import { QueuedSink } from '#src/logging/queued-sink.js';
import { freeTcpPort, freeUdpPort } from './support/servers.js';
import { numbered, record, until } from './support/records.js';

const SPEC = {
  kind: 'syslog',
  level: 'debug',
  transport: 'tcp',
  address: '127.0.0.1',
  facility: 'local7',
  ca: null,
  cert: null,
  key: null,
  format: null,
} as const satisfies Partial<OutputSpec>;

const QUIET: OpenOptions = { onLoneTrouble: () => {}, backOffMs: [10, 50] };

/** A server of TCP, and all that was sent to it. */
async function tcpServer(
  t: TestContext,
  onConnection: (socket: Socket) => void,
  port = 0,
): Promise<{ server: Server; port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { server, port: (server.address() as { port: number }).port, sockets };
}

const collectGarbage = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

function memoryBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const away: [string, (t: TestContext) => Promise<OutputSpec>][] = [
  ['that accepts and never reads', async (t) => ({ ...SPEC, port: (await tcpServer(t, () => {})).port })],
  ['that is not there', async () => ({ ...SPEC, port: await freeTcpPort() })],
  [
    'that never finishes the handshake of TLS',
    async (t) => ({ ...SPEC, transport: 'tls', port: (await tcpServer(t, () => {})).port }),
  ],
  [
    'that ends every connection',
    async (t) => ({ ...SPEC, port: (await tcpServer(t, (socket) => socket.resetAndDestroy())).port }),
  ],
  ['whose name nobody knows', async () => ({ ...SPEC, address: 'nobody.invalid', port: 514 })],
  [
    'whose socket is not there',
    async () => ({ ...SPEC, transport: 'unix', address: '/nowhere/log', port: null }),
  ],
];

for (const [name, specOf] of away)
  test(`a server ${name}`, async (t) => {
    const sink = openOutput(await specOf(t), QUIET);
    const before = memoryBytes();
    const start = performance.now();
    for (const one of numbered(10_000, 'x'.repeat(1_000))) sink.write(one);
    const writeMs = performance.now() - start;
    assert.ok(writeMs < 2_000, `10,000 records took ${writeMs} ms`);
    for (let round = 0; round < 2; round++) {
      for (const one of numbered(10_000, 'x'.repeat(1_000))) sink.write(one);
      await sleep(1);
    }
    // 30 MB were written; a queue holds 4 MiB, and a server that reads nothing has some in the kernel.
    await until('the rest is garbage', () => memoryBytes() - before < 12 << 20);
    assert.ok(sink.dropped >= 20_000 && sink.dropped < 30_000, `${sink.dropped} dropped`);

    const closing = performance.now();
    await sink.close(100);
    assert.ok(performance.now() - closing < 1_000, 'close() keeps to its time');
    const dropped = sink.dropped;
    assert.ok(dropped <= 30_000 + 10);
    sink.write(record());
    assert.equal(sink.dropped, dropped + 1, 'after its end it takes nothing');
  });

test('a server that takes nothing for a while is given up for a new connection, which gets the batch again', async (t) => {
  let isReading = false;
  let received = '';
  const { port, sockets } = await tcpServer(t, (socket) => {
    if (!isReading) return;
    socket.on('data', (data) => (received += String(data)));
    socket.resume();
  });
  const heard: (Error | null)[] = [];
  const sink = new QueuedSink<Buffer>({
    channel: new SocketStream({
      name: 'test',
      connect: async () => ({ socket: connect(port, '127.0.0.1'), ready: 'connect' }),
      frame: lineEnded,
      stallMs: 200,
    }),
    encode: ({ text }) => Buffer.from(text),
    bytesOf: ({ length }) => length,
    // More than the kernel keeps for a server that does not read.
    limits: { items: 10_000, bytes: 64 << 20 },
    onTrouble: (error) => heard.push(error),
    backOffMs: [10, 10],
  });
  const all = numbered(3_000, 'x'.repeat(10_000));
  for (const one of all) sink.write(one);
  await until('the first connection is given up', () => heard.length > 0);
  assert.match(String(heard[0]), /took nothing for 0\.2 s/);
  isReading = true;
  await until('the last one has come', () => received.endsWith(' 2999\n'));
  await sink.close(1_000);
  assert.equal(sink.dropped, 0);
  assert.ok(sockets.length >= 2);
  const numbers = received
    .trimEnd()
    .split('\n')
    .map((line) => Number(line.split(' ')[1]));
  assert.equal(numbers.at(-1), 2_999);
  assert.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, i) => numbers[0]! + i),
    'all of the rest, in order, each once',
  );
});

test('a server that was killed and comes back at the same port', async (t) => {
  let received = '';
  const read = (socket: Socket): void => {
    socket.on('data', (data) => (received += String(data)));
    socket.resume();
  };
  const first = await tcpServer(t, read);
  const heard: string[] = [];
  const sink = openOutput(
    { ...SPEC, port: first.port },
    { ...QUIET, onLoneTrouble: (text) => heard.push(text) },
  );
  sink.write(record({ text: 'one' }));
  await until('it has come', () => received.includes(' one'));
  first.server.close();
  for (const socket of first.sockets) socket.resetAndDestroy();
  await sleep(50);
  for (const text of ['two', 'three']) sink.write(record({ text }));
  await until('the trouble is said', () => heard.length > 0);
  await tcpServer(t, read, first.port);
  await until('the rest has come', () => received.includes(' three'));
  sink.write(record({ text: 'four' }));
  await sink.close(1_000);
  await until('what was written before close() has come', () => received.includes(' four'));
  assert.match(
    received,
    /^\d+ <190>1 \S+ \S+ dcp-worker \d+ results \[dcp@32473 [^\]]*\] one\d+ .* two\d+ .* three\d+ .* four$/,
  );
  assert.equal(sink.dropped, 0);
  assert.match(heard[1]!, /works again/);
});

test('nobody listens at a UDP port of a machine that says so: what follows waits until somebody does', async (t) => {
  const port = await freeUdpPort();
  const heard: string[] = [];
  const sink = openOutput(
    { ...SPEC, transport: 'udp', port },
    { ...QUIET, onLoneTrouble: (text) => heard.push(text) },
  );
  for (const one of numbered(3)) {
    sink.write(one);
    await sleep(30);
  }
  await until('the trouble is said', () => heard.length > 0);
  assert.match(heard[0]!, /^syslog udp 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  const server = createSocket('udp4');
  t.after(() => server.close());
  let received = '';
  server.on('message', (message) => (received += String(message)));
  await new Promise<void>((resolve) => server.bind(port, '127.0.0.1', resolve));
  sink.write(record({ text: 'heard' }));
  await until('it has come', () => received.includes(' heard'));
  await sink.close(1_000);
});

test('a program ends when it has closed its log, whatever the server does', async (t) => {
  const { port } = await tcpServer(t, () => {});
  const module = new URL(import.meta.resolve('#src/logging/index.js')).href;
  const specs = ['tcp', 'tls', 'udp', 'unix'].map((transport) => {
    const address = transport === 'unix' ? '/nowhere/log' : '127.0.0.1';
    return { ...SPEC, transport, address, port: transport === 'unix' ? null : port };
  });
  const program = `
    import { openOutputs } from ${JSON.stringify(module)};
    const sink = openOutputs(${JSON.stringify(specs)});
    for (let i = 0; i < 10_000; i++)
      sink.write({ time: 0, level: 'info', type: 't', text: 'x'.repeat(1_000), fields: {} });
    await sink.close(200);`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { timeout: 20_000 });
});
