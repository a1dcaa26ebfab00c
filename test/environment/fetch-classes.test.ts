import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { agrees as agreesIn, inSandbox, type ThrownBy } from './oracle.js';

// Headers, Request and Response by themselves: https://fetch.spec.whatwg.org/#fetch-api. Node is the second opinion.

/** Asserts what a function answers in a Sandbox whose Job may fetch, and in Node. */
function agrees<Result>(
  t: TestContext,
  work: (thrownBy: ThrownBy) => Result,
  expected: Awaited<Result>,
): Promise<void> {
  return agreesIn(t, work, expected, { job: { fetch: true } });
}

test('Headers keep values by name, whatever its case, and show them sorted and joined', (t) =>
  agrees(t, () => {
    const headers = new Headers([
      ['B', ' 1 '],
      ['a', '2'],
      ['b', '3'],
      ['Set-Cookie', 'x'],
      ['set-cookie', 'y'],
    ]);
    const before = [...headers];
    headers.set('A', '4');
    headers.append('c', '5');
    headers.delete('B');
    return [
      before,
      [...headers.keys()],
      [...headers.values()],
      headers.get('SET-COOKIE'),
      headers.getSetCookie(),
      headers.get('none'),
      headers.has('C'),
    ];
  }, [
    [
      ['a', '2'],
      ['b', '1, 3'],
      ['set-cookie', 'x'],
      ['set-cookie', 'y'],
    ],
    ['a', 'c', 'set-cookie', 'set-cookie'],
    ['4', '5', 'x', 'y'],
    'x, y',
    ['x', 'y'],
    null,
    true,
  ]));

test('Headers are made of pairs, records and Headers', (t) =>
  agrees(t, () => {
    const entries = (init?: ConstructorParameters<typeof Headers>[0]): string[][] => [...new Headers(init)];
    return [
      entries(),
      entries({ X: '1', y: '2' }),
      entries(new Headers({ z: '3' })),
      entries(new Map([['m', '4']]) as never),
    ];
  }, [
    [],
    [
      ['x', '1'],
      ['y', '2'],
    ],
    [['z', '3']],
    [['m', '4']],
  ]));

test('what is no header is a TypeError', (t) =>
  agrees(
    t,
    (thrownBy) =>
      [
        () => new Headers({ 'a b': '1' }),
        () => new Headers({ a: 'x\ny' }),
        () => new Headers({ a: 'ā' }),
        () => new Headers([['a']] as never),
        () => new Headers([['a', 'b', 'c']] as never),
        () => new Headers(null as never),
        () => new Headers('a' as never),
        () => new Headers().append('', '1'),
        () => new Headers().get('a b'),
        () => (new Headers().set as (name: string) => void)('a'),
        () => new Headers().forEach(null as never),
        () => Headers.prototype.get.call({} as Headers, 'a'),
      ].map(thrownBy),
    new Array<string>(12).fill('TypeError'),
  ));

test('iterating Headers sees what is added meanwhile', (t) =>
  agrees(t, () => {
    const headers = new Headers({ a: '1', c: '3' });
    const seen: string[] = [];
    headers.forEach((value, name, self) => {
      seen.push(`${name}=${value}`);
      if (name === 'a') self.append('b', '2');
    });
    const iterator = headers.entries();
    return [
      seen,
      typeof iterator.next,
      Object.prototype.toString.call(iterator),
      iterator[Symbol.iterator]() === iterator,
    ];
  }, [['a=1', 'b=2', 'c=3'], 'function', '[object Headers Iterator]', true]));

test('many Headers are shown sorted and joined, and soon', (t) =>
  agrees(t, () => {
    const headers = new Headers();
    for (let i = 0; i < 1500; i++) {
      headers.append(`n${(i * 7) % 1499}`, `${i}`);
      if (i % 500 === 0) headers.append('set-cookie', `${i}`);
    }
    const start = performance.now();
    const shown = [...headers];
    const ms = performance.now() - start;
    const names = shown.map(([name]) => name);
    return [
      shown.length,
      names.every((name, index) => index === 0 || names[index - 1]! <= name),
      shown.filter(([name]) => name === 'set-cookie' || name === 'n0').join(),
      ms < 2000 ? 'soon' : `after ${ms} ms`,
    ];
  }, [1502, true, 'n0,0, 1499,set-cookie,0,set-cookie,500,set-cookie,1000', 'soon']));

test('many Headers are appended and set within the time of a Slice; a clone has its own', (t) =>
  agrees(t, () => {
    const response = new Response();
    for (let i = 0; i < 20_000; i++) response.headers.append(`name-${i}`, 'value');
    const clone = response.clone();
    clone.headers.append('one-more', 'of the clone');
    clone.headers.set('name-1', 'set');
    response.headers.append('name-0', 'again');
    return [
      [...response.headers.keys()].length,
      response.headers.get('name-0'),
      response.headers.get('name-1'),
      response.headers.has('one-more'),
      [...clone.headers.keys()].length,
      clone.headers.get('name-0'),
      clone.headers.get('name-1'),
    ];
  }, [20_000, 'value, again', 'value', false, 20_001, 'value', 'set']));

test('a Request has the defaults of the standard', (t) =>
  agrees(
    t,
    () => {
      const {
        method,
        url,
        mode,
        redirect,
        cache,
        credentials,
        integrity,
        keepalive,
        destination,
        duplex,
        bodyUsed,
        referrerPolicy,
      } = new Request('HTTP://Example.com:80/a/../b?c#d');
      return {
        method,
        url,
        mode,
        redirect,
        cache,
        credentials,
        integrity,
        keepalive,
        destination,
        duplex,
        bodyUsed,
        referrerPolicy,
      };
    },
    {
      method: 'GET',
      url: 'http://example.com/b?c#d',
      mode: 'cors',
      redirect: 'follow',
      cache: 'default',
      credentials: 'same-origin',
      integrity: '',
      keepalive: false,
      destination: '',
      duplex: 'half',
      bodyUsed: false,
      referrerPolicy: '',
    },
  ));

test('a Request made of another takes its body', (t) =>
  agrees(t, async () => {
    const first = new Request('http://a/', { method: 'POST', body: 'x', headers: { 'X-Own': '1' } });
    const clone = first.clone();
    const second = new Request(first, { headers: { 'X-Other': '2' } });
    const third = new Request(clone, { method: 'PUT', body: 'y' });
    return [
      first.bodyUsed,
      clone.bodyUsed,
      await second.text(),
      second.headers.get('x-own'),
      second.method,
      third.method,
      await third.text(),
      third.headers.get('x-own'),
      await first.text().catch((error: Error) => error.name),
    ];
  }, [true, false, 'x', null, 'POST', 'PUT', 'y', '1', 'TypeError']));

test('a Request follows the signal it was given', (t) =>
  agrees(t, () => {
    const controller = new AbortController();
    const first = new Request('http://a/', { signal: controller.signal });
    const second = new Request(first);
    const without = new Request(first, { signal: null });
    const before = [first.signal.aborted, second.signal.aborted, first.signal === controller.signal];
    controller.abort('why');
    return [before, first.signal.aborted, second.signal.reason as string, without.signal.aborted];
  }, [[false, false, false], true, 'why', false]));

test('what makes no Request is a TypeError', (t) =>
  agrees(
    t,
    (thrownBy) =>
      [
        () => new Request('relative'),
        () => new Request('http://user@a/'),
        () => new Request('http://a/', { method: 'TRACE' }),
        () => new Request('http://a/', { method: 'a b' }),
        () => new Request('http://a/', { body: 'x' }),
        () => new Request('http://a/', { method: 'HEAD', body: 'x' }),
        () => new Request('http://a/', { mode: 'navigate' }),
        () => new Request('http://a/', { mode: 'other' as never }),
        () => new Request('http://a/', { redirect: 'other' as never }),
        () => new Request('http://a/', { cache: 'only-if-cached' } as never),
        () => new Request('http://a/', { signal: {} as never }),
        () => new (Request as unknown as new () => Request)(),
      ].map(thrownBy),
    new Array<string>(12).fill('TypeError'),
  ));

test('a Response has its body in each form, once', (t) =>
  agrees(t, async () => {
    const make = (): Response =>
      new Response('{"a":"é"}', { status: 201, statusText: 'Made', headers: { 'X-Own': '1' } });
    const first = make();
    const clone = first.clone();
    return [
      [first.status, first.statusText, first.ok, first.type, first.url, first.headers.get('content-type')],
      await first.text(),
      first.bodyUsed,
      clone.bodyUsed,
      await clone.json(),
      new Uint8Array(await make().arrayBuffer()).length,
      await first.text().catch((error: Error) => error.name),
      await new Response('no JSON').json().catch((error: Error) => error.name),
      await new Response().text(),
      await new Response(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff])).text(),
    ];
  }, [
    [201, 'Made', true, 'default', '', 'text/plain;charset=UTF-8'],
    '{"a":"é"}',
    true,
    false,
    { a: 'é' },
    10,
    'TypeError',
    'SyntaxError',
    '',
    'a\ufffd',
  ]));

test('Response.json, Response.error and Response.redirect', (t) =>
  agrees(t, async () => {
    const json = Response.json([1], { status: 400 });
    const error = Response.error();
    const redirect = Response.redirect('http://a/b', 307);
    return [
      [json.status, json.headers.get('content-type'), await json.text()],
      [error.type, error.status],
      [redirect.status, redirect.headers.get('location')],
    ];
  }, [
    [400, 'application/json', '[1]'],
    ['error', 0],
    [307, 'http://a/b'],
  ]));

test('what makes no Response is a RangeError or a TypeError', (t) =>
  agrees(
    t,
    (thrownBy) =>
      [
        () => new Response('', { status: 199 }),
        () => new Response('', { status: 600 }),
        () => new Response('x', { status: 204 }),
        () => new Response('', { statusText: 'a\nb' }),
        () => Response.redirect('http://a/', 200 as never),
        () => Response.redirect('nowhere', 302),
        () => Response.json(undefined),
        () => Response.error().headers.set('a', 'b'),
      ].map(thrownBy),
    [
      'RangeError',
      'RangeError',
      'TypeError',
      'TypeError',
      'RangeError',
      'TypeError',
      'TypeError',
      'TypeError',
    ],
  ));

test('two clones never share the bytes that they hand out', async (t) => {
  const seen = await inSandbox(
    t,
    async () => {
      const first = new Response(new Uint8Array([1, 2, 3]));
      const second = first.clone();
      new Uint8Array(await first.arrayBuffer()).fill(9);
      return [...new Uint8Array(await second.arrayBuffer())];
    },
    { job: { fetch: true } },
  );
  assert.deepEqual(seen, [1, 2, 3]);
});

test('a Blob is a body, and brings its type', (t) =>
  agrees(t, async () => {
    const blob = new Blob(['<é', '>'], { type: 'text/x' });
    const response = new Response(blob);
    const request = new Request('http://a/', { method: 'PUT', body: blob.slice(0, 1) });
    const typed = new Response(blob, { headers: { 'Content-Type': 'text/y' } });
    return [
      [response.headers.get('content-type'), await response.text()],
      [request.headers.get('content-type'), await request.text()],
      [typed.headers.get('content-type'), await blob.text()],
    ];
  }, [
    ['text/x', '<é>'],
    [null, '<'],
    ['text/y', '<é>'],
  ]));

test('blob() gives the bytes of a body, once, with the type of its headers', (t) =>
  agrees(t, async () => {
    const response = new Response(new Uint8Array([1, 2, 3]), { headers: { 'content-type': 'Image/PNG' } });
    const clone = response.clone();
    const blob = await response.blob();
    const request = new Request('http://a/', { method: 'POST', body: 'é' });
    const sent = await request.blob();
    return [
      [blob instanceof Blob, blob.type, [...new Uint8Array(await blob.arrayBuffer())]],
      [response.bodyUsed, await response.blob().catch((error: Error) => error.name)],
      (await clone.blob()).size,
      [sent.type, await sent.text(), request.bodyUsed],
      [(await new Response().blob()).size, (await new Response(new Uint8Array(1)).blob()).type],
    ];
  }, [
    [true, 'image/png', [1, 2, 3]],
    [true, 'TypeError'],
    3,
    ['text/plain;charset=utf-8', 'é', true],
    [0, ''],
  ]));

test('the type of a body is the last of its headers that is one, with the charset of those before', async (t) => {
  // From the examples of https://fetch.spec.whatwg.org/#concept-header-extract-mime-type.
  const headers: readonly (readonly [header: string, type: string])[] = [
    ['text/plain;charset=gbk, text/html', 'text/html'],
    ['text/html;charset=gbk;a=b, text/html;x=y', 'text/html;x=y;charset=gbk'],
    ['text/html;charset=gbk, x/x, text/html;x=y', 'text/html;x=y'],
    ['text/html, cannot-parse', 'text/html'],
    ['text/html, */*', 'text/html'],
    ['text/html, ', 'text/html'],
    ['text/html;a="b, c/d"', 'text/html;a="b, c/d"'],
    ['text/html;a="b\\', 'text/html;a="b\\\\"'],
    ['nonsense', ''],
  ];
  const work = `async () => {
    const types = [];
    for (const header of ${JSON.stringify(headers.map(([header]) => header))})
      types.push((await new Response('', { headers: { 'content-type': header } }).blob()).type);
    return types;
  }`;
  const types = await inSandbox<Promise<string[]>>(t, work, { job: { fetch: true } });
  assert.deepEqual(
    types,
    headers.map(([, type]) => type),
  );
});
