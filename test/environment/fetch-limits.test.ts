import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Fetcher } from '#src/supervisor/fetch/index.js';
import { fetchIn, serve, type FetchingOptions } from './fetch-support.js';

// What bounds a request: sizes, time, and the refusals that come of them. Each is a TypeError that says which.

/** The message of what `fetch` rejects with; null when it does not. */
function refusal(
  t: TestContext,
  url: string,
  options: FetchingOptions,
  init: object = {},
): Promise<string | null> {
  return fetchIn(
    t,
    async ({ url, init }: { url: string; init: object }) => {
      try {
        await (await fetch(url, init)).arrayBuffer();
        return null;
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
    },
    { url, init },
    options,
  );
}

test('a response of exactly as many bytes as are taken is taken, one more is not', async (t) => {
  const server = await serve(t, (message, response) => {
    const bytes = Number(message.url!.slice(2));
    if (message.url!.startsWith('/c')) response.write(Buffer.alloc(bytes - 1));
    response.end(Buffer.alloc(message.url!.startsWith('/c') ? 1 : bytes));
  });
  const options = { allowedOrigins: [server.origin], limits: { responseBytes: 1000 } };
  // Declared, and in chunks.
  assert.equal(await refusal(t, `${server.origin}/d1000`, options), null);
  assert.equal(await refusal(t, `${server.origin}/c1000`, options), null);
  assert.match(
    (await refusal(t, `${server.origin}/d1001`, options))!,
    /the response has 1001 bytes, at most 1000/,
  );
  assert.match(
    (await refusal(t, `${server.origin}/c1001`, options))!,
    /the response has more than 1000 bytes/,
  );
});

test('what counts is what comes out of a compressed response', async (t) => {
  const server = await serve(t, (_, response) => {
    response.setHeader('Content-Encoding', 'gzip').end(gzipSync(Buffer.alloc(10 * 2 ** 20)));
  });
  const options = { allowedOrigins: [server.origin], limits: { responseBytes: 2 ** 20 } };
  assert.match((await refusal(t, server.origin, options))!, /the response has more than 1048576 bytes/);
});

test('a request of exactly as many bytes as are sent is sent, one more is not', async (t) => {
  const server = await serve(t, (_, response) => response.end());
  const options = { allowedOrigins: [server.origin], limits: { requestBytes: 1000 } };
  const body = (bytes: number): object => ({ method: 'POST', body: new Uint8Array(bytes) });
  assert.equal(await refusal(t, server.origin, options, body(1000)), null);
  assert.match(
    (await refusal(t, server.origin, options, body(1001)))!,
    /the request has 1001 bytes, at most 1000 are sent/,
  );
  assert.equal(server.requests.length, 1);
});

test('bodies of all requests of a Job together are bounded', async (t) => {
  const server = await serve(t, (_, response) => response.end(Buffer.alloc(800)));
  const seen = await fetchIn(
    t,
    async (url: string) => {
      const one = async (): Promise<string> => {
        try {
          return String((await (await fetch(url)).arrayBuffer()).byteLength);
        } catch (error) {
          return (error as Error).message;
        }
      };
      // One after another they fit.
      return [await one(), await one()];
    },
    server.origin,
    { allowedOrigins: [server.origin], limits: { heldBytes: 1600 } },
  );
  assert.deepEqual(seen, ['800', '800']);
  const options = { allowedOrigins: [server.origin], limits: { heldBytes: 1599 } };
  assert.match(
    (await refusal(t, server.origin, options))!,
    /requests of the Job hold 0 bytes of bodies already, at most 799 at a time/,
  );
});

test('a Job whose responses never end leaves others some, and who needs more waits', async (t) => {
  const server = await serve(t, (message, response) => {
    const bytes = Number(message.url!.slice(2));
    response.write(Buffer.alloc(bytes));
    if (!message.url!.startsWith('/s')) response.end();
  });
  const fetcher = new Fetcher({ allowedOrigins: [server.origin], limits: { heldBytes: 1000 } });
  t.after(() => fetcher.close());
  const stopping = new AbortController();
  const get = async (id: string, path: string): Promise<string> => {
    const request = { url: server.origin + path, method: 'GET', headers: [], redirect: 'follow' };
    const requirements = { environment: { fetch: true } };
    const asked = { id: 1, text: JSON.stringify(request), segments: [] };
    const signal = id === 'stalls' ? stopping.signal : new AbortController().signal;
    const { text, outcome } = await fetcher.answer({ id, requirements }, asked, signal);
    return outcome.ok ? 'ok' : (JSON.parse(text) as { message: string }).message;
  };
  void get('stalls', '/s400');
  let own;
  do own = await get('stalls', '/e200');
  while (own === 'ok');
  assert.equal(own, 'requests of the Job hold 400 bytes of bodies already, at most 500 at a time');
  assert.equal(await get('other', '/e300'), 'ok');
  const waits = get('other', '/e301');
  assert.equal(await get('other', '/e200'), 'ok');
  stopping.abort();
  assert.equal(await waits, 'ok');
});

test('a response that begins, and one that goes on, too slowly are given up', async (t) => {
  const server = await serve(t, (message, response) => {
    if (message.url === '/drip') setInterval(() => response.write('.'), 20).unref();
  });
  const options = { allowedOrigins: [server.origin], limits: { timeoutMs: 200 } };
  assert.match((await refusal(t, `${server.origin}/silent`, options))!, /no complete response within 200 ms/);
  assert.match((await refusal(t, `${server.origin}/drip`, options))!, /no complete response within 200 ms/);
});

test('connections that fail say how, and nothing of this machine', async (t) => {
  const closed = await serve(t, (message) => message.socket.destroy());
  const broken = createServer((socket) => socket.end('not HTTP at all\r\n\r\n'));
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
  t.after(() => broken.close());
  const allow = (origin: string): FetchingOptions => ({ allowedOrigins: [origin] });
  assert.match(
    (await refusal(t, closed.origin, allow(closed.origin)))!,
    /^TypeError: fetch .*: the connection failed: UND_ERR_SOCKET$/,
  );
  const brokenOrigin = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`;
  assert.match(
    (await refusal(t, brokenOrigin, allow(brokenOrigin)))!,
    /^TypeError: fetch .*: Response does not match the HTTP/,
  );
  assert.match(
    (await refusal(t, 'http://nowhere.invalid', {
      allowedOrigins: ['http://nowhere.invalid'],
      lookup: (_, __, callback) =>
        callback(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), []),
    }))!,
    /^TypeError: fetch http:\/\/nowhere\.invalid\/: the connection failed: ENOTFOUND$/,
  );
});

test('a response for which the Sandbox has no memory is refused, and the Slice goes on', async (t) => {
  const server = await serve(t, (_, response) => response.end(Buffer.alloc(800 * 1024)));
  const seen = await fetchIn(
    t,
    async (url: string) => {
      const kept: ArrayBuffer[] = [];
      const sizes: (number | string)[] = [];
      for (let index = 0; index < 3; index++) {
        try {
          const buffer = await (await fetch(url)).arrayBuffer();
          kept.push(buffer);
          sizes.push(buffer.byteLength);
        } catch (error) {
          sizes.push((error as Error).message);
        }
      }
      return [kept.length, ...sizes];
    },
    server.origin,
    { allowedOrigins: [server.origin], sandboxLimits: { bufferMiB: 2 } },
  );
  const no = `fetch ${server.origin}/: the Sandbox has no memory left for the response`;
  assert.deepEqual(seen, [2, 800 * 1024, 800 * 1024, no]);
});
