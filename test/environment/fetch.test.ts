import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { fetchIn, HOSTS, serve, startFetching } from './fetch-support.js';
import { slices } from '../evaluator/support.js';

// fetch itself, against servers on this machine: https://fetch.spec.whatwg.org/#fetch-method

for (const host of Object.keys(HOSTS) as (keyof typeof HOSTS)[]) {
  test(`a Work Function gets a response with all there is to it (${host})`, async (t) => {
    const server = await serve(t, (_, response) => {
      response.writeHead(203, 'Told Otherwise', { 'Content-Type': 'application/json', 'X-Seen': ['a', 'b'] });
      response.end('{"answer":42}');
    });
    const seen = await fetchIn(
      t,
      async (url: string) => {
        const response = await fetch(url);
        const { ok, status, statusText, type, redirected } = response;
        return {
          ok,
          status,
          statusText,
          type,
          redirected,
          url: response.url,
          kind: response.headers.get('content-type'),
          seen: response.headers.get('X-SEEN'),
          used: [response.bodyUsed, await response.json(), response.bodyUsed],
        };
      },
      `${server.origin}/path?query#fragment`,
      { allowedOrigins: [server.origin], host },
    );
    assert.deepEqual(seen, {
      ok: true,
      status: 203,
      statusText: 'Told Otherwise',
      type: 'basic',
      redirected: false,
      url: `${server.origin}/path?query`,
      kind: 'application/json',
      seen: 'a, b',
      used: [false, { answer: 42 }, true],
    });
  });

  test(`large bodies go both ways unchanged (${host})`, async (t) => {
    const server = await serve(t, (_, response, body) => response.end(body));
    const data = new Uint8Array(5 * 2 ** 20).map((_, index) => index * 31);
    const back = await fetchIn(
      t,
      async ({ url, data }: { url: string; data: Uint8Array }) => {
        const response = await fetch(url, { method: 'POST', body: data });
        // The request was sent a copy.
        return [data.byteLength, new Uint8Array(await response.arrayBuffer())] as const;
      },
      { url: server.origin, data: data.slice() },
      { allowedOrigins: [server.origin], host },
    );
    assert.equal(back[0], data.byteLength);
    assert.deepEqual(back[1], data);
    assert.deepEqual(new Uint8Array(server.requests[0]!.body), data);
  });

  test(`a Slice that ends leaves no request behind (${host})`, async (t) => {
    const server = await serve(t, (message, response) => {
      // The other one has come before.
      if (message.url === '/answered' && server.requests.some(({ message: { url } }) => url === '/open'))
        response.end();
    });
    const fetching = await startFetching(
      t,
      async (origin: string) => {
        if (origin === '') return 'next';
        void fetch(`${origin}/open`);
        let answered = false;
        while (!answered) {
          const signal = AbortSignal.timeout(50);
          answered = await fetch(`${origin}/answered`, { signal }).then(
            () => true,
            () => false,
          );
        }
        return 'first';
      },
      { allowedOrigins: [server.origin], host },
    );
    fetching.sandbox.run(slices([server.origin, '']));
    await fetching.untilEnded(2);
    assert.deepEqual([...fetching.values.values()], ['first', 'next']);
    const [open] = fetching.requests;
    await fetching.until(() => fetching.dropped.includes(open!.id));
    await fetching.untilOutcomes(fetching.requests.length);
    await server.hungUp;
  });
}

test('method, headers and bodies arrive as they were given', async (t) => {
  const server = await serve(t, (_, response) => response.end());
  await fetchIn(
    t,
    async (url: string) => {
      await fetch(url, {
        method: 'post',
        body: 'grüß',
        headers: { 'X-Own': ' padded ', Authorization: 'Bearer x' },
      });
      await fetch(url, { method: 'PUT', body: new URLSearchParams({ a: 'b c' }) });
      await fetch(new Request(url, { method: 'PATCH', body: new Uint16Array([1, 2]).subarray(1) }));
      await fetch(url, { method: 'delete', headers: [['content-type', 'a/b']] });
    },
    server.origin,
    { allowedOrigins: [server.origin] },
  );
  const seen = server.requests.map(({ message, body }) => [
    message.method,
    message.headers['content-type'],
    body.toString('latin1'),
  ]);
  assert.deepEqual(seen, [
    ['POST', 'text/plain;charset=UTF-8', Buffer.from('grüß').toString('latin1')],
    ['PUT', 'application/x-www-form-urlencoded;charset=UTF-8', 'a=b+c'],
    ['PATCH', undefined, '\x02\0'],
    ['DELETE', 'a/b', ''],
  ]);
  assert.equal(server.requests[0]!.message.headers['x-own'], 'padded');
  assert.equal(server.requests[0]!.message.headers.authorization, 'Bearer x');
});

test('nothing of the Worker goes along: no cookies, no referrer, no headers that only browsers may set', async (t) => {
  const server = await serve(t, (_, response) => {
    response.setHeader('Set-Cookie', 'id=1').end('x');
  });
  const seen = await fetchIn(
    t,
    async (url: string) => {
      const headers = {
        Cookie: 'id=2',
        Host: 'elsewhere',
        Origin: 'http://x',
        'Sec-Fetch-Site': 'none',
        Via: 'x',
      };
      const response = await fetch(url, { headers, credentials: 'include' });
      await fetch(url, { credentials: 'include' });
      return [[...response.headers.keys()].includes('set-cookie'), response.headers.getSetCookie()];
    },
    server.origin,
    { allowedOrigins: [server.origin] },
  );
  assert.deepEqual(seen, [false, []]);
  for (const { message } of server.requests) {
    const { cookie, referer, origin, via, host } = message.headers;
    assert.deepEqual([cookie, referer, origin, via], [undefined, undefined, undefined, undefined]);
    assert.equal(host, `127.0.0.1:${server.port}`);
    assert.equal(message.headers['user-agent'], 'dcp-worker-native');
  }
});

test('compressed and chunked responses are whole', async (t) => {
  const server = await serve(t, (message, response) => {
    if (message.url === '/gzip') {
      response.setHeader('Content-Encoding', 'gzip').end(gzipSync('compressed'));
    } else {
      for (const part of ['in ', 'some ', 'parts']) response.write(part);
      setTimeout(() => response.end(), 20);
    }
  });
  const seen = await fetchIn(
    t,
    async (origin: string) => [
      await (await fetch(`${origin}/gzip`)).text(),
      await (await fetch(`${origin}/parts`)).text(),
    ],
    server.origin,
    { allowedOrigins: [server.origin] },
  );
  assert.deepEqual(seen, ['compressed', 'in some parts']);
});

test('responses without a body have none', async (t) => {
  const server = await serve(t, (message, response) => {
    response.writeHead(message.url === '/204' ? 204 : 200, {
      'Content-Length': message.method === 'HEAD' ? 5 : 0,
    });
    response.end();
  });
  const seen = await fetchIn(
    t,
    async (origin: string) => {
      const none = await fetch(`${origin}/204`);
      const head = await fetch(origin, { method: 'HEAD' });
      return [
        none.status,
        await none.text(),
        none.bodyUsed,
        head.headers.get('content-length'),
        await head.text(),
      ];
    },
    server.origin,
    { allowedOrigins: [server.origin] },
  );
  assert.deepEqual(seen, [204, '', false, '5', '']);
});

test('an aborted request rejects with the reason, and its connection is closed', async (t) => {
  const server = await serve(t, (_, response) => void response.write('never ends'));
  const seen = await fetchIn(
    t,
    async (url: string) => {
      const reasons: unknown[] = [];
      const controller = new AbortController();
      setTimeout(() => {
        controller.abort('enough');
      }, 300);
      await fetch(url, { signal: controller.signal }).catch((reason: unknown) => reasons.push(reason));
      await fetch(url, { signal: controller.signal }).catch((reason: unknown) => reasons.push(reason));
      await fetch(new Request(url, { signal: AbortSignal.timeout(300) })).catch((reason: Error) =>
        reasons.push(reason.name),
      );
      return reasons;
    },
    server.origin,
    { allowedOrigins: [server.origin] },
  );
  assert.deepEqual(seen, ['enough', 'enough', 'TimeoutError']);
  await server.hungUp;
  assert.equal(server.requests.length, 2, 'a signal that has aborted sends nothing');
});

test('many requests run side by side, a bounded number at a time, and all are answered', async (t) => {
  let open = 0;
  let most = 0;
  const server = await serve(t, (message, response) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      response.end(message.url);
    }, 10);
  });
  const seen = await fetchIn(
    t,
    async (origin: string) =>
      Promise.all(
        Array.from({ length: 100 }, async (_, index) => (await fetch(`${origin}/${index}`)).text()),
      ),
    server.origin,
    { allowedOrigins: [server.origin] },
  );
  assert.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, index) => `/${index}`),
  );
  assert.ok(most > 1 && most <= 16, `${most} at a time`);
});

test('a Slice waits for its requests, and its time runs meanwhile', async (t) => {
  const server = await serve(t, () => undefined);
  await assert.rejects(
    fetchIn(t, async (url: string) => (await fetch(url)).status, server.origin, {
      allowedOrigins: [server.origin],
      jobLimits: { sliceTimeoutMs: 300 },
    }),
    { code: 'ESLICETOOSLOW' },
  );
  await server.hungUp;
});

test('a Slice that waits for an answer after its request was given up is stuck', async (t) => {
  const server = await serve(t, () => undefined);
  await assert.rejects(
    fetchIn(
      t,
      async (url: string) => {
        const controller = new AbortController();
        fetch(url, { signal: controller.signal }).catch(() => undefined);
        controller.abort();
        await new Promise(() => undefined);
      },
      server.origin,
      { allowedOrigins: [server.origin] },
    ),
    { code: 'ENOPROGRESS' },
  );
});

test('an error says who fetched', async (t) => {
  const error = await fetchIn(
    t,
    async (url: string) => {
      try {
        await (async function whoever() {
          await fetch(url);
        })();
        return null;
      } catch (thrown) {
        return {
          name: (thrown as Error).name,
          stack: String((thrown as Error).stack),
          type: thrown instanceof TypeError,
        };
      }
    },
    'http://127.0.0.1:1/',
    { allowedOrigins: ['http://127.0.0.1:9'] },
  );
  assert.equal(error!.name, 'TypeError');
  assert.equal(error!.type, true);
  assert.match(error!.stack, /^TypeError: fetch http:\/\/127\.0\.0\.1:1\/: .*\n\s+at (?:async )?whoever /);
});
