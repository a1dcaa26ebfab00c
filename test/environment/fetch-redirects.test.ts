import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fetchIn, serve, type FetchingOptions, type TestServer } from './fetch-support.js';

// Redirects: https://fetch.spec.whatwg.org/#http-redirect-fetch, and each hop is checked like the first.

/** `/hops/<n>` redirects n times and then says what arrived; `/to/<status>?<url>` redirects there. */
function serveRedirects(t: TestContext): Promise<TestServer> {
  return serve(t, (message, response, body) => {
    const [, hops] = /^\/hops\/(\d+)$/.exec(message.url!) ?? [];
    const [, status, to] = /^\/to\/(\d+)\?(.*)$/.exec(message.url!) ?? [];
    if (status !== undefined) {
      response.writeHead(Number(status), to === '' ? {} : { Location: to! }).end('redirecting');
    } else if (hops !== undefined && hops !== '0') {
      response.writeHead(302, { Location: `/hops/${Number(hops) - 1}` }).end();
    } else {
      const { authorization = null, 'content-type': type = null } = message.headers;
      response.end(JSON.stringify([message.method, String(body), type, authorization]));
    }
  });
}

interface Seen {
  readonly status?: number;
  readonly type?: string;
  readonly url?: string;
  readonly redirected?: boolean;
  readonly text?: string;
  readonly error?: string;
}

function request(t: TestContext, url: string, options: FetchingOptions, init: object = {}): Promise<Seen> {
  return fetchIn(
    t,
    async ({ url, init }: { url: string; init: object }): Promise<Seen> => {
      try {
        const response = await fetch(url, init);
        const { status, type, redirected } = response;
        return { status, type, redirected, url: response.url, text: await response.text() };
      } catch (error) {
        return { error: (error as Error).message };
      }
    },
    { url, init },
    options,
  );
}

test('redirects are followed to the last, as many as are allowed and not one more', async (t) => {
  const server = await serveRedirects(t);
  const options = { allowedOrigins: [server.origin], limits: { redirects: 5 } };
  const seen = await request(t, `${server.origin}/hops/5`, options);
  assert.deepEqual([seen.redirected, seen.url, seen.status], [true, `${server.origin}/hops/0`, 200]);
  const { error } = await request(t, `${server.origin}/hops/6`, options);
  assert.match(error!, /: more than 5 redirects$/);
});

test('a redirect to an origin that is not allowed is not followed', async (t) => {
  const server = await serveRedirects(t);
  const other = await serveRedirects(t);
  const url = `${server.origin}/to/307?${other.origin}/hops/0`;
  const refusedBy = async (options: FetchingOptions): Promise<string> =>
    (await request(t, url, options)).error!;
  assert.match(
    await refusedBy({ allowedOrigins: [server.origin] }),
    new RegExp(`: redirected, and the Worker's operator does not allow ${other.origin} `),
  );
  assert.match(
    await refusedBy({ allowedOrigins: [server.origin, other.origin], required: [server.origin] }),
    new RegExp(`: redirected, and the Job does not require ${other.origin} `),
  );
  // Any public place is allowed, but this one is none.
  assert.match(
    await refusedBy({ allowedOrigins: [server.origin, '*'] }).then((message) => message),
    /has no public address/,
  );
  assert.equal(other.requests.length, 0);
});

test('a redirect in UTF-8 leads where it does in browsers', async (t) => {
  const server = await serve(t, (message, response) => {
    if (message.url !== '/') return void response.end();
    response.writeHead(302, { Location: Buffer.from('/é?q=世').toString('latin1') }).end();
  });
  const seen = await request(t, `${server.origin}/`, { allowedOrigins: [server.origin] });
  assert.equal(seen.url, `${server.origin}/%C3%A9?q=%E4%B8%96`);
});

test('a redirect leads to HTTP alone, and to no credentials', async (t) => {
  const server = await serveRedirects(t);
  const options = { allowedOrigins: [server.origin] };
  const to = async (location: string): Promise<string> =>
    (await request(t, `${server.origin}/to/302?${location}`, options)).error!;
  assert.match(await to('file:///etc/passwd'), /: redirected, and the scheme file: is not fetched here/);
  assert.match(await to('data:,x'), /: redirected, and the scheme data: is not fetched here/);
  assert.match(await to('http://'), /redirects to no URL$/);
  assert.match(
    await to(`http://user:pass@127.0.0.1:${server.port}/`),
    /redirects to a URL with credentials in it$/,
  );
});

test('method and body change where the standard says so, and credentials stay with their origin', async (t) => {
  const server = await serveRedirects(t);
  const other = await serveRedirects(t);
  const options = { allowedOrigins: [server.origin, other.origin] };
  const init = { method: 'POST', body: 'x', headers: { Authorization: 'Bearer a' } };
  const arrived = async (status: number, origin: string, with_: object = init): Promise<unknown> =>
    JSON.parse(
      (await request(t, `${server.origin}/to/${status}?${origin}/hops/0`, options, with_)).text!,
    ) as unknown;
  const kept = ['POST', 'x', 'text/plain;charset=UTF-8'];
  assert.deepEqual(await arrived(301, server.origin), ['GET', '', null, 'Bearer a']);
  assert.deepEqual(await arrived(302, server.origin), ['GET', '', null, 'Bearer a']);
  assert.deepEqual(await arrived(303, server.origin), ['GET', '', null, 'Bearer a']);
  assert.deepEqual(await arrived(307, server.origin), [...kept, 'Bearer a']);
  assert.deepEqual(await arrived(308, server.origin), [...kept, 'Bearer a']);
  assert.deepEqual(await arrived(308, other.origin), [...kept, null]);
  assert.deepEqual(await arrived(302, server.origin, { ...init, method: 'PUT' }), [
    'PUT',
    ...kept.slice(1),
    'Bearer a',
  ]);
  assert.deepEqual(await arrived(303, server.origin, { ...init, method: 'PUT' }), [
    'GET',
    '',
    null,
    'Bearer a',
  ]);
});

test('redirects can be refused, or handed back unread', async (t) => {
  const server = await serveRedirects(t);
  const options = { allowedOrigins: [server.origin] };
  const url = `${server.origin}/to/302?/hops/0`;
  assert.match(
    (await request(t, url, options, { redirect: 'error' })).error!,
    /redirects, which the request forbids$/,
  );
  assert.deepEqual(await request(t, url, options, { redirect: 'manual' }), {
    status: 0,
    type: 'opaqueredirect',
    redirected: false,
    url,
    text: '',
  });
  assert.equal(server.requests.length, 2);
  // Without a location it is a response like any other.
  const seen = await request(t, `${server.origin}/to/302?`, options);
  assert.deepEqual([seen.status, seen.text], [302, 'redirecting']);
});
