/** Wrong peers on either side of a connection, and too many: each gets an error that says what is wrong, and nobody waits for ever. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { encode } from '#src/codec/index.js';
import {
  FrameListener,
  openClassicServer,
  openRemoteEvaluator,
  readStartupFiles,
} from '#src/evaluator/index.js';
import { encodeFrame } from '#src/evaluator/frames/frame.js';
import { EvaluatorSays } from '#src/evaluator/frames/messages.js';
import { EvaluatorPeer } from '#src/evaluator/peer/peer.js';
import { EvaluatorUnavailableError, InvalidArgumentError } from '#src/model/index.js';
import { MadeUpLink } from './made-up-peers.js';
import { Recorder, slices, start } from './support.js';

/** A listener in this process: it starts no process before somebody has greeted. */
async function listen(t: TestContext, options: { connections?: number; greetTimeoutMs?: number } = {}) {
  const ends: (string | null)[] = [];
  const failures: string[] = [];
  const listener = new FrameListener({
    threads: 1,
    gpu: null,
    ...options,
    onFailure: (what) => failures.push(what),
    onConnection: () => undefined,
    onEnd: (_, reason) => ends.push(reason),
    onLog: () => undefined,
  });
  t.after(() => listener.close());
  await listener.listen({ port: 0, host: '127.0.0.1' });
  return { listener, port: listener.port, ends, failures };
}

/** Connects, says something, and answers all that is said until the other side closes. */
async function say(port: number, what: string | Uint8Array | null): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
  if (what !== null) socket.write(what);
  await once(socket, 'close');
  return heard;
}

const STRANGERS: [string, string | Uint8Array, RegExp][] = [
  ['a browser', 'GET / HTTP/1.1\r\nHost: here\r\n\r\n', /it says "GET \/ HTTP\/1\.1"/],
  ['an existing Worker', '{"type":"initVerify"}\n', /it says "\{\\"type\\":\\"initVerify\\"\}"/],
  ['TLS', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3), /it says "\\u0016\\u0003/],
  ['a frame', Buffer.concat(encodeFrame([1, 0])), /it says "/],
  [
    'another version',
    'dcp-worker frames 999\n',
    /it speaks version 999 of the frames, where this side speaks 2/,
  ],
  ['an evaluator', 'dcp-evaluator frames 2\n', /it says "dcp-evaluator frames 2"/],
  [
    'a Worker in a hurry',
    Buffer.concat([Buffer.from('dcp-worker frames 2\n'), ...encodeFrame([1, 0])]),
    /it says more than its greeting/,
  ],
  ['a long line', 'dcp-worker'.padEnd(5000, 'x'), /it says "dcp-workerx+\.\.\."/],
];
test('a stranger that connects to the evaluator is told what is there, and starts no process', async (t) => {
  const { port, ends } = await listen(t);
  for (const [who, what, message] of STRANGERS) {
    const heard = await say(port, what);
    assert.match(heard, /^dcp-evaluator frames 2\ndcp-evaluator: no dcp-worker is on the other side: /, who);
    assert.match(heard, message, who);
    assert.match(heard, /This port speaks frames, and nothing else\n$/, who);
    assert.match(ends.at(-1)!, /^no Worker: it /, who);
  }
  assert.equal(ends.length, STRANGERS.length);
});

test('who says nothing is told so, and who goes is forgotten', async (t) => {
  const { port, ends } = await listen(t, { greetTimeoutMs: 200 });
  assert.match(await say(port, null), /it has not greeted within 0\.2 s/);
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'data');
  socket.destroy();
  while (ends.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(ends[1], 'it went without a greeting');
});

test('more connections than it serves are refused with the reason; when there is room again they are served', async (t) => {
  const { port, failures } = await listen(t, { connections: 1, greetTimeoutMs: 60_000 });
  const held = net.connect(port, '127.0.0.1');
  await once(held, 'data');
  assert.match(await say(port, null), /^dcp-evaluator: 1 connections are served already, which is the most/);
  const evaluator = openRemoteEvaluator({ host: '127.0.0.1', port });
  t.after(() => evaluator.close());
  await assert.rejects(evaluator.createSandbox(new Recorder()), (error: Error) => {
    assert.ok(error instanceof EvaluatorUnavailableError);
    assert.match(error.message, /it refuses: 1 connections are served already/);
    return true;
  });
  assert.match(failures[0]!, /a connection was refused: 1 connections/);
  held.destroy();
  await once(held, 'close');
  for (;;) {
    const sandbox = await evaluator.createSandbox(new Recorder()).catch(() => null);
    if (sandbox !== null) break;
  }
});

test('limits of the listener are checked', () => {
  const nothing = (): void => undefined;
  const observer = { onFailure: nothing, onConnection: nothing, onEnd: nothing, onLog: nothing };
  for (const connections of [0, 1025, 1.5])
    assert.throws(
      () => new FrameListener({ connections, ...observer }),
      (error) =>
        error instanceof InvalidArgumentError &&
        error.message.includes('connections: expected a whole number from 1 to 1024'),
    );
});

/** A server that is no evaluator of ours. */
async function pretend(t: TestContext, serve: (socket: net.Socket) => void): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as net.AddressInfo).port;
}

async function whyNot(
  t: TestContext,
  port: number,
  options: { connectTimeoutMs?: number; host?: string } = {},
): Promise<string> {
  const evaluator = openRemoteEvaluator({ host: '127.0.0.1', port, ...options });
  t.after(() => evaluator.close());
  const error: unknown = await evaluator.createSandbox(new Recorder()).then(
    () => null,
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof EvaluatorUnavailableError, String(error));
  return error.message;
}

const PRETENDERS: [string, (socket: net.Socket) => void, RegExp][] = [
  [
    'HTTP',
    (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    /it does not speak as a dcp-evaluator does; it says "HTTP\/1\.1 400 Bad Request"/,
  ],
  ['SSH', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'), /it says "SSH-2\.0-OpenSSH_9\.2"/],
  [
    'another version',
    (socket) => socket.write('dcp-evaluator frames 3\n'),
    /it speaks version 3 of the frames, where this side speaks 2; both need the same version/,
  ],
  ['one that closes', (socket) => socket.end(), /it closes the connection/],
  ['one that says nothing', () => undefined, /it has not greeted within 0\.5 s/],
  ['one that cuts its greeting short', (socket) => socket.end('dcp-eval'), /it closes the connection/],
  [
    'one that greets and goes on in text',
    (socket) => {
      socket.write('dcp-evaluator frames 2\n');
      socket.once('data', () => socket.write('and now for something completely different\n'));
    },
    /protocol violation: a frame whose header has \d+ bytes/,
  ],
  [
    'one that greets and sends another first frame',
    (socket) => {
      socket.write('dcp-evaluator frames 2\n');
      socket.once('data', () => socket.write(Buffer.concat(encodeFrame([2, 1]))));
    },
    /protocol violation: it begins with message 2 of version 1/,
  ],
  [
    'one whose confinement is a long story',
    (socket) => {
      socket.write('dcp-evaluator frames 2\n');
      socket.once('data', () => socket.write(Buffer.concat(encodeFrame([1, 2], [Buffer.alloc(70_000)]))));
    },
    /protocol violation: its confinement has 70000 bytes/,
  ],
];
for (const [who, serve, message] of PRETENDERS) {
  test(`the Worker says what is wrong with ${who}`, async (t) => {
    const port = await pretend(t, serve);
    const why = await whyNot(t, port, { connectTimeoutMs: 500 });
    assert.match(why, message);
    assert.match(why, new RegExp(`127\\.0\\.0\\.1:${port}`));
  });
}

test('an evaluator of existing Workers is none for this one', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  const file = path.join(folder, 'startup.js');
  writeFileSync(file, `writeln('{"type":"hello"}'); onreadln(() => undefined);`);
  const server = await openClassicServer({
    startup: readStartupFiles([file]),
    threads: 1,
    gpu: null,
    onFailure: () => undefined,
  });
  t.after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  assert.match(
    await whyNot(t, server.port, { connectTimeoutMs: 5000 }),
    /does not speak as a dcp-evaluator does; it says "\{\\"type\\":\\"hello\\"\}"/,
  );
});

test('a host that nobody knows, and a socket that is not there', async (t) => {
  assert.match(
    await whyNot(t, 9, { host: 'no-such-host.invalid' }),
    /^no evaluator at no-such-host\.invalid:9: /,
  );
  const evaluator = openRemoteEvaluator({ path: '/nowhere/evaluator.sock' });
  t.after(() => evaluator.close());
  await assert.rejects(
    evaluator.createSandbox(new Recorder()),
    /^EvaluatorUnavailableError: no evaluator at \/nowhere\/evaluator\.sock: there is no such socket\. To start one: dcp-evaluator --frames --socket \/nowhere\/evaluator\.sock$/,
  );
});

test('locations that cannot be are refused', () => {
  const wrong = [
    [{ host: '', port: 1 }, /^host: /],
    [{ host: '[::1]', port: 1 }, /^host: /],
    [{ host: 'a', port: 0 }, /^port: expected a whole number from 1 to 65535, got 0/],
    [{ host: 'a', port: 65_536 }, /^port: /],
    [{ path: '' }, /^path: /],
    [{ host: 'a', port: 1, hangTimeoutMs: 0 }, /^hangTimeoutMs: /],
    [{ host: 'a', port: 1, connectTimeoutMs: NaN }, /^connectTimeoutMs: /],
  ] as const;
  for (const [location, message] of wrong)
    assert.throws(
      () => openRemoteEvaluator(location),
      (error) => error instanceof InvalidArgumentError && message.test(error.message),
    );
});

const OFFERS: [string, Uint8Array, RegExp][] = [
  [
    'is nonsense',
    encode({ threads: 1, adapters: 'many', problems: [] }).head,
    /an offer whose adapters are no list/,
  ],
  // Each byte is an empty array.
  ['is long', new Uint8Array(2 ** 16 + 1).fill(0x90), /an offer of 65537 bytes/],
  ['comes again', encode({ threads: 1, adapters: [], problems: [] }).head, /an offer that nobody asked for/],
];
for (const [how, head, message] of OFFERS) {
  test(`an evaluator whose offer ${how} is ended`, async () => {
    const options = { startTimeoutMs: 5_000, hangTimeoutMs: 5_000 };
    const peer = new EvaluatorPeer(options, (owner) => new MadeUpLink(owner));
    peer.link.begin();
    await peer.ready;
    // As for Sandboxes whose results may be long.
    peer.link.channel.maxBytes = 2 ** 30;
    void peer.describe();
    for (let times = 0; times < 2; times++) peer.link.say([EvaluatorSays.offer], [head]);
    await peer.gone;
    assert.match(peer.end!.message, message);
  });
}

test('a UNIX socket will do, and the evaluator says what it offers', async (t) => {
  const { listener } = await listen(t);
  const folder = mkdtempSync(path.join(tmpdir(), 'dcp-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const where = path.join(folder, 'evaluator.sock');
  assert.equal(await listener.listen({ path: where }), where);
  const offered = new Promise((resolve) => {
    const evaluator = openRemoteEvaluator({ path: where, onOffer: resolve });
    t.after(() => evaluator.close());
    void start(evaluator, (x: number) => x * 2).then(({ sandbox, seen }) => {
      sandbox.run(slices([21]));
      void seen.untilEnded(1).then(() => answered(seen.values.get(1)));
    });
  });
  let answered: (value: unknown) => void = () => undefined;
  const answer = new Promise((resolve) => (answered = resolve));
  assert.equal(await answer, 42);
  assert.deepEqual(await offered, { threads: 1, adapters: [], problems: [] });
});
