/** Servers that are dead, slow or gone cost records, never time or memory, and what was left out is counted and said. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openOutput, type OpenOptions, type OutputSpec } from '#src/logging/index.js';
import { SocketStream, lineEnded } from '#src/logging/channels/socket-stream.js';
import { QueuedSink } from '#src/logging/queued-sink.js';
import { freeTcpPort, freeUdpPort, LOCAL_SYSLOG } from './support/servers.js';
import { cpuMsOf, numbered, record, until } from './support/records.js';

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
  [
    'that accepts and never reads',
    async (t) => ({ ...LOCAL_SYSLOG, port: (await tcpServer(t, () => {})).port }),
  ],
  ['that is not there', async () => ({ ...LOCAL_SYSLOG, port: await freeTcpPort() })],
  [
    'that never finishes the handshake of TLS',
    async (t) => ({ ...LOCAL_SYSLOG, transport: 'tls', port: (await tcpServer(t, () => {})).port }),
  ],
  [
    'that ends every connection',
    async (t) => ({ ...LOCAL_SYSLOG, port: (await tcpServer(t, (socket) => socket.resetAndDestroy())).port }),
  ],
  ['whose name nobody knows', async () => ({ ...LOCAL_SYSLOG, address: 'nobody.invalid', port: 514 })],
  [
    'whose socket is not there',
    async () => ({ ...LOCAL_SYSLOG, transport: 'unix', address: '/nowhere/log', port: null }),
  ],
];

for (const [name, specOf] of away)
  test(`a server ${name}`, async (t) => {
    const sink = openOutput(await specOf(t), QUIET);
    const before = memoryBytes();
    const cpuMs = cpuMsOf(() => {
      for (const one of numbered(10_000, 'x'.repeat(1_000))) sink.write(one);
    });
    assert.ok(cpuMs < 2_000, `10,000 records took ${cpuMs} ms`);
    for (let round = 0; round < 2; round++) {
      for (const one of numbered(10_000, 'x'.repeat(1_000))) sink.write(one);
      await sleep(1);
    }
    // 30 MB were written; a queue holds 4 MiB, and a server that reads nothing has some in the kernel.
    await until('the rest is garbage', () => memoryBytes() - before < 12 << 20);
    assert.ok(sink.dropped >= 20_000 && sink.dropped < 30_000, `${sink.dropped} dropped`);

    const closing = performance.now();
    await sink.close(100);
    assert.ok(performance.now() - closing < 5_000, 'close() keeps to its time');
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
      stallMs: 500,
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
  assert.match(String(heard[0]), /took nothing for 0\.5 s/);
  isReading = true;
  await until('the last one has come', () => received.endsWith(' 2999\n'));
  await sink.close(1_000);
  assert.equal(sink.dropped, 0);
  assert.ok(sockets.length >= 2);
  const numbers = received
    .trimEnd()
    .split('\n')
    .map((line) => Number(line.split(' ')[1]));
  // What the kernel had taken on the connection that was given up is lost; of what followed, a batch may come twice.
  const came = [...new Set(numbers)].sort((one, other) => one - other);
  assert.deepEqual(
    came,
    Array.from({ length: came.length }, (_, i) => 3_000 - came.length + i),
    'all of the rest',
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
    { ...LOCAL_SYSLOG, port: first.port },
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
    { ...LOCAL_SYSLOG, transport: 'udp', port },
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

test('UDP syslog to an address that cannot be had says why', async () => {
  const heard: string[] = [];
  // All machines of this network: not for a socket that has not asked for it.
  const sink = openOutput(
    { ...LOCAL_SYSLOG, transport: 'udp', address: '255.255.255.255', port: 514 },
    { ...QUIET, onLoneTrouble: (text) => heard.push(text) },
  );
  sink.write(record());
  await until('the trouble is said', () => heard.length > 0);
  await sink.close(10);
  assert.match(heard[0]!, /^syslog udp 255\.255\.255\.255:\d+: connect EACCES /);
});

const addresses = await lookup('localhost', { all: true });
const withoutTwo = addresses.length > 1 ? false : 'localhost has one address here';

test(
  'of a host with several addresses the one is found that somebody listens at',
  { skip: withoutTwo },
  async (t) => {
    // The other one than what is tried first.
    const { address, family } = addresses[1]!;
    const server = createSocket(family === 6 ? 'udp6' : 'udp4');
    t.after(() => server.close());
    let received = '';
    server.on('message', (message) => (received += String(message)));
    await new Promise<void>((resolve) => server.bind(0, address, resolve));
    const spec = {
      ...LOCAL_SYSLOG,
      transport: 'udp',
      address: 'localhost',
      port: server.address().port,
    } as const;
    const sink = openOutput(spec, QUIET);
    let tries = 0;
    await until('one has come', () => {
      if (tries++ % 10 === 0) sink.write(record({ text: 'found' }));
      return received.includes(' found');
    });
    await sink.close(1_000);
  },
);

const usual = await lookup('loghost').then(
  () => 'this network has a loghost',
  ({ code }: NodeJS.ErrnoException) => code !== 'ENOTFOUND' && `the name service answers ${code}`,
);

test(
  'without an address, and without a loghost in the network, it is this machine',
  { skip: usual },
  async (t) => {
    let received = '';
    const { port } = await tcpServer(t, (socket) => {
      socket.on('data', (data) => (received += String(data)));
      socket.resume();
    });
    const sink = openOutput({ ...LOCAL_SYSLOG, address: null, port }, QUIET);
    sink.write(record({ text: 'here' }));
    await until('it has come', () => received.endsWith(' here'));
    await sink.close(1_000);
  },
);

test('a program ends when it has closed its log, whatever the server does', async (t) => {
  const { port } = await tcpServer(t, () => {});
  const module = new URL(import.meta.resolve('#src/logging/index.js')).href;
  const specs = ['tcp', 'tls', 'udp', 'unix'].map((transport) => {
    const address = transport === 'unix' ? '/nowhere/log' : '127.0.0.1';
    return { ...LOCAL_SYSLOG, transport, address, port: transport === 'unix' ? null : port };
  });
  const program = `
    import { openOutputs } from ${JSON.stringify(module)};
    const sink = openOutputs(${JSON.stringify(specs)});
    for (let i = 0; i < 10_000; i++)
      sink.write({ time: 0, level: 'info', type: 't', text: 'x'.repeat(1_000), fields: {} });
    await sink.close(200);`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { timeout: 20_000 });
});
