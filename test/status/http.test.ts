import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStatusServer, readToken, type HttpListenerOptions } from '#src/status/index.js';
import {
  HEADERS_MS,
  INACTIVE_MS,
  MAX_CONNECTIONS,
  MAX_HEADER_BYTES,
  REQUEST_MS,
} from '#src/status/server/status-server.js';
import { ask, LiteralSource, recordOf, RecordingControl, serve, temporaryDirectory } from './support.js';

const TOKEN = 'a-token-of-some-length';

function open(http: Partial<HttpListenerOptions>): Promise<unknown> {
  return openStatusServer({
    source: new LiteralSource(),
    control: new RecordingControl(),
    socket: null,
    http: { port: 0, address: '127.0.0.1', token: null, ...http },
    onError: assert.fail,
  });
}

/** Sends these bytes and answers all that comes back until the connection ends. */
async function exchange(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => (answer += String(data)));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

test('over TCP a Worker is read and never changed', async (t) => {
  const { url, control } = await serve(t);
  assert.equal((await ask(url, '/status')).status, 200);
  for (const target of [
    '/pause',
    '/resume',
    '/drain',
    '/stop',
    '/stop?now',
    '/reload',
    '/profile?name=idle',
  ]) {
    const { status, body } = await ask(url, target, { method: 'POST' });
    assert.deepEqual([status, (JSON.parse(body) as { code: string }).code], [403, 'ECONTROL'], target);
  }
  assert.deepEqual(control.calls, []);
});

test('an address that others reach needs a token; what is no address is refused', async () => {
  await assert.rejects(open({ address: '0.0.0.0' }), {
    code: 'EINVAL',
    message: /^http\.token: 0\.0\.0\.0 can be reached from other machines/,
  });
  await assert.rejects(open({ address: '::' }), /http\.token/);
  await assert.rejects(
    open({ address: 'example.org' }),
    /http\.address: expected an IP address or localhost, got "example.org"/,
  );
  await assert.rejects(open({ port: 65_536 }), /http\.port: expected 0 to 65535, got 65536/);
  await assert.rejects(
    open({ token: 'short' }),
    /http\.token: the token: expected 16 to 512 characters, got 5/,
  );
  await assert.rejects(open({ token: 'with white space in it' }), /printable ASCII/);
});

test('a port that is taken, and an address that the machine does not have, are named and no wrong arguments', async (t) => {
  const { url } = await serve(t);
  const port = Number(new URL(url).port);
  await assert.rejects(open({ port }), {
    code: 'ELISTEN',
    message: `http.port: 127.0.0.1, port ${port}: cannot be listened on (EADDRINUSE)`,
  });
  // Of the addresses that are for documents alone. (RFC 5737)
  await assert.rejects(open({ port, address: '203.0.113.7', token: TOKEN }), {
    code: 'ELISTEN',
    message: `http.address: 203.0.113.7, port ${port}: cannot be listened on (EADDRNOTAVAIL)`,
  });
});

test('a token comes from a file, without the line break at its end', (t) => {
  const file = path.join(temporaryDirectory(t), 'token');
  assert.throws(
    () => readToken('--http-token-file', file),
    /^InvalidArgumentError: --http-token-file: .* cannot be read/,
  );
  writeFileSync(file, `${TOKEN}\n`);
  assert.equal(readToken('--http-token-file', file), TOKEN);
  writeFileSync(file, '\n');
  assert.throws(() => readToken('--http-token-file', file), /expected 16 to 512 characters, got 0/);
});

test('with a token, who does not say it reads nothing', async (t) => {
  const { url } = await serve(t, { token: TOKEN });
  const statusOf = async (target: string, headers = {}): Promise<number> =>
    (await ask(url, target, { headers })).status;
  assert.equal(await statusOf('/status'), 401);
  assert.equal(await statusOf('/'), 401);
  assert.equal(await statusOf('/nothing'), 401);
  assert.equal(await statusOf('/status', { authorization: `Bearer ${TOKEN}x` }), 401);
  assert.equal(await statusOf('/status', { authorization: `Basic ${TOKEN}` }), 401);
  assert.equal(await statusOf(`/status?token=${TOKEN.slice(1)}`), 401);
  assert.equal(await statusOf('/status', { authorization: `Bearer ${TOKEN}` }), 200);
  assert.match((await ask(url, '/status')).headers['www-authenticate'] ?? '', /^Bearer/);
});

test('saying the token once gives a browser a cookie that scripts and other sites do not get', async (t) => {
  const { url } = await serve(t, { token: TOKEN });
  const first = await ask(url, `/?token=${TOKEN}`);
  const cookie = first.headers['set-cookie']?.[0] ?? '';
  const port = new URL(url).port;
  assert.match(
    cookie,
    new RegExp(`^dcp-worker-${port}=[\\w-]{43}; Max-Age=\\d+; Path=/; HttpOnly; SameSite=Strict$`),
  );
  assert.ok(!cookie.includes(TOKEN));
  const [pair = ''] = cookie.split(';');
  assert.equal((await ask(url, '/status', { headers: { cookie: `other=1; ${pair}` } })).status, 200);
  assert.equal((await ask(url, '/status', { headers: { cookie: pair.slice(0, -1) } })).status, 401);
  assert.equal(
    (await ask(url, '/status', { headers: { cookie: `dcp-worker-${port}=${TOKEN}` } })).status,
    401,
  );
});

test('a name that is not ours is refused: a page elsewhere may have had it point here', async (t) => {
  const { url } = await serve(t);
  const port = new URL(url).port;
  const asked = async (host: string): Promise<number> =>
    (await ask(url, '/status', { headers: { host } })).status;
  for (const host of ['localhost', `localhost:${port}`, `127.0.0.1:${port}`, '127.8.9.1', `[::1]:${port}`])
    assert.equal(await asked(host), 200, host);
  for (const host of [
    'example.org',
    `example.org:${port}`,
    'localhost.example.org',
    '127.0.0.1.example.org',
    '10.0.0.1',
    'a b',
    'localhost:1:2',
  ])
    assert.equal(await asked(host), 403, host);
  assert.deepEqual(JSON.parse((await ask(url, '/status', { headers: { host: 'x' } })).body) as object, {
    code: 'EHOST',
    message: 'this Worker is not known as "x"',
  });
});

test('who says the token in a header may call the Worker as they like; a cookie or a link does not do', async (t) => {
  const { url } = await serve(t, { token: TOKEN });
  const asked = async (target: string, headers: Record<string, string>): Promise<number> =>
    (await ask(url, target, { headers: { host: 'worker.lan', ...headers } })).status;
  assert.equal(await asked('/metrics', { authorization: `Bearer ${TOKEN}` }), 200);
  assert.equal(await asked(`/metrics?token=${TOKEN}`, {}), 403);
});

test('no answer may be read, framed, kept or guessed at by other sites', async (t) => {
  const { url } = await serve(t);
  for (const target of ['/', '/status', '/metrics', '/nothing']) {
    const { headers } = await ask(url, target, { headers: { origin: 'https://example.org' } });
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(headers['content-security-policy'] as string, /^default-src 'none'.*frame-ancestors 'none'/);
  }
  const policy = (await ask(url, '/')).headers['content-security-policy'] as string;
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  assert.match(policy, /script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'/);
});

test('a head that is too long, a body that is too long and what is no HTTP end the connection', async (t) => {
  const { url, control } = await serve(t);
  const head = 'GET /status HTTP/1.1\r\nHost: localhost\r\n';
  assert.match(await exchange(url, `${head}X: ${'x'.repeat(MAX_HEADER_BYTES)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
  const body = await exchange(
    url,
    `POST /pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n${'x'.repeat(9000)}`,
  );
  assert.match(body, /^HTTP\/1\.1 403 |^HTTP\/1\.1 413 /);
  assert.match(await exchange(url, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.match(await exchange(url, 'GET /status HTTP/1.1\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.match(
    await exchange(url, `GET http://evil/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
    /^HTTP\/1\.1 400 /,
  );
  assert.deepEqual(control.calls, []);
  assert.equal((await ask(url, '/status')).status, 200);
});

/** How long something takes, milliseconds. */
async function timeOf(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work;
  return performance.now() - began;
}

test(
  'who does not finish asking, or does not read the answer, is not waited for',
  { timeout: 60_000 },
  async (t) => {
    const { url, source } = await serve(t);
    // More than the kernel takes for a reader who does not read.
    source.records = Array.from({ length: 200 }, () => recordOf('x'.repeat(200_000)));
    const port = Number(new URL(url).port);
    const idler = connect(port, '127.0.0.1').on('error', () => undefined);
    idler.pause();
    idler.write('GET /records HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const half = 'POST /pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx';
    const [head, body] = await Promise.all([
      timeOf(exchange(url, 'GET /status HTTP/1.1\r\nHost: local')),
      timeOf(exchange(url, half)),
      // What has left at the first look puts the second one off; a busy machine is late for both.
      sleep(2 * INACTIVE_MS + 6_000),
    ]);
    assert.ok(head > HEADERS_MS - 100, `${head} ms`);
    assert.ok(body < REQUEST_MS + 5_000, `${body} ms`);
    let bytes = 0;
    idler.on('data', (chunk) => (bytes += chunk.length));
    idler.resume();
    await once(idler, 'close');
    assert.ok(bytes < 200 * 200_000, `${bytes} bytes`);
  },
);

test('so many connections and no more; there is room again when they end', async (t) => {
  const { url } = await serve(t);
  const port = Number(new URL(url).port);
  const sockets = Array.from({ length: MAX_CONNECTIONS }, () =>
    connect(port, '127.0.0.1').on('error', () => undefined),
  );
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  await assert.rejects(ask(url, '/status'), /ECONNRESET|socket hang up/);
  sockets.forEach((socket) => socket.destroy());
  for (;;) {
    const reply = await ask(url, '/status').catch(() => null);
    if (reply?.status === 200) break;
  }
});
