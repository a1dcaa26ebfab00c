import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { test, type TestContext } from 'node:test';
import type { FetcherOptions } from '#src/supervisor/fetch/index.js';
import { fetchIn, serve, type FetchingOptions } from './fetch-support.js';

// From where a Work Function gets something: where the operator's origins and the Job's requirement meet.

/** `status`, or why there is none. */
function attempt(t: TestContext, url: string, options: FetchingOptions): Promise<number | string> {
  return fetchIn(
    t,
    async (url: string) => {
      try {
        return (await fetch(url)).status;
      } catch (error) {
        return (error as Error).message.slice(`fetch ${new URL(url).href}: `.length);
      }
    },
    url,
    options,
  );
}

const resolvingTo =
  (...addresses: string[]): NonNullable<FetcherOptions['lookup']> =>
  (_, __, callback) =>
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

test('an origin is allowed by its operator alone, by name, scheme and port', async (t) => {
  const server = await serve(t, (_, response) => response.end());
  const other = await serve(t, (_, response) => response.end());
  const options = { allowedOrigins: [server.origin] };
  assert.equal(await attempt(t, `${server.origin}/any/path`, options), 200);
  assert.equal(
    await attempt(t, other.origin, options),
    `the Worker's operator does not allow ${other.origin} (--allowedOrigins)`,
  );
  assert.equal(
    await attempt(t, `http://localhost:${server.port}`, options),
    `the Worker's operator does not allow http://localhost:${server.port} (--allowedOrigins)`,
  );
  assert.equal(other.requests.length, 0);
});

test('a Job that names origins gets no others', async (t) => {
  const server = await serve(t, (_, response) => response.end());
  const other = await serve(t, (_, response) => response.end());
  const options = { allowedOrigins: [server.origin, other.origin], required: [server.origin] };
  assert.equal(await attempt(t, server.origin, options), 200);
  assert.equal(
    await attempt(t, other.origin, options),
    `the Job does not require ${other.origin} (requirements.environment.fetch)`,
  );
  assert.equal(other.requests.length, 0);
});

test('nothing but HTTP is fetched', async (t) => {
  const options = { allowedOrigins: ['*'] };
  for (const url of ['file:///etc/passwd', 'data:,x', 'ftp://x/', 'about:blank', 'javascript:1', 'ws://x/'])
    assert.match(String(await attempt(t, url, options)), /^the scheme \w+: is not fetched here/, url);
});

test('addresses that are not public need an entry that says so', async (t) => {
  const server = await serve(t, (_, response) => response.end());
  const { port } = server;
  const any = { allowedOrigins: ['*'] };
  const spellings = [
    '127.0.0.1',
    '127.1',
    '0x7f000001',
    '2130706433',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0.0.0.0',
    '[::]',
  ];
  for (const host of [
    ...spellings,
    '10.0.0.1',
    '169.254.169.254',
    '192.168.1.1',
    '100.64.0.1',
    '[fe80::1]',
    '[fc00::1]',
    '[64:ff9b::7f00:1]',
    '[::127.0.0.1]',
    '[100:0:0:1::1]',
  ])
    assert.match(String(await attempt(t, `http://${host}:${port}`, any)), /has no public address/, host);
  assert.equal(server.requests.length, 0);
  assert.equal(
    await attempt(t, server.origin, { allowedOrigins: ['private:http://127.0.0.1:' + port] }),
    200,
  );
});

test('a name is worth what it resolves to when it is connected to', async (t) => {
  const server = await serve(t, (_, response) => response.end());
  const url = `http://data.example:${server.port}/`;
  const loopback = { lookup: resolvingTo('127.0.0.1') };
  assert.match(
    String(await attempt(t, url, { allowedOrigins: ['*'], ...loopback })),
    /^data\.example has no public address/,
  );
  assert.match(
    String(await attempt(t, url, { allowedOrigins: [url], ...loopback })),
    /^data\.example has no public address/,
  );
  assert.equal(server.requests.length, 0);
  assert.equal(await attempt(t, url, { allowedOrigins: [`private:${url}`], ...loopback }), 200);
  // Of several addresses only the public ones are tried.
  const mixed = { allowedOrigins: ['*'], lookup: resolvingTo('::1', '10.1.2.3', '127.0.0.1') };
  assert.match(String(await attempt(t, url, mixed)), /^data\.example has no public address/);
  assert.equal(server.requests.length, 1);
});

test('a name that changes its mind between two requests gets no second look', async (t) => {
  const server = await serve(t, (_, response) => {
    response.setHeader('Connection', 'close').end();
  });
  let lookups = 0;
  const seen = await fetchIn(
    t,
    async (url: string) => {
      const outcome = async (): Promise<string> =>
        fetch(url).then(
          ({ status }) => String(status),
          (error: Error) => error.message,
        );
      return [await outcome(), await outcome()];
    },
    `http://rebinding.example:${server.port}/`,
    {
      allowedOrigins: ['*'],
      // What its owner answers first would be let through, if it were not unreachable here.
      lookup: (host, options, callback) =>
        resolvingTo(lookups++ === 0 ? '192.0.2.1' : '127.0.0.1')(host, options, callback),
      limits: { timeoutMs: 2_000 },
    },
  );
  assert.equal(
    seen.every((message) => message.includes('has no public address')),
    true,
    String(seen),
  );
  assert.equal(server.requests.length, 0);
});

test('fetch is not there where the Job does not ask for it or the operator allows nothing', async (t) => {
  const probe = (): boolean[] =>
    ['fetch', 'Headers', 'Request', 'Response'].map((name) => name in globalThis);
  assert.deepEqual(await fetchIn(t, probe, null, { allowedOrigins: ['*'], required: false }), [
    false,
    false,
    false,
    false,
  ]);
  assert.deepEqual(await fetchIn(t, probe, null, { allowedOrigins: [] }), [false, false, false, false]);
  assert.deepEqual(await fetchIn(t, probe, null, { allowedOrigins: ['*'] }), [true, true, true, true]);
});
