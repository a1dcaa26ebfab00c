/** URLSearchParams, from https://url.spec.whatwg.org/#interface-urlsearchparams. Node's is the oracle. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { agrees, inSandbox } from './oracle.js';

test('it is made of text, pairs, records, iterables and other URLSearchParams', async (t) => {
  await agrees(
    t,
    () => [
      String(new URLSearchParams('?a=1&b=%20+&&c&=d&a=%zz')),
      String(new URLSearchParams([['x', '1'] as [string, string], ['x', 'é&']])),
      String(new URLSearchParams({ k: 'v', l: 5 as unknown as string })),
      String(new URLSearchParams(new Map([['m', 'n']]) as never)),
      String(new URLSearchParams(new URLSearchParams('q=~!*'))),
    ],
    ['a=1&b=++&c=&=d&a=%25zz', 'x=1&x=%C3%A9%26', 'k=v&l=5', 'm=n', 'q=%7E%21*'],
  );
});

test('what is not pairs is a TypeError', async (t) => {
  await agrees(
    t,
    () =>
      [[['a']], [['a', 'b', 'c']], [null], [Symbol('s')]].map((init) => {
        try {
          return String(new URLSearchParams(init as never));
        } catch (error) {
          return (error as Error).name;
        }
      }),
    ['TypeError', 'TypeError', 'TypeError', 'TypeError'],
  );
});

test('pairs are found, added, replaced, deleted, counted and sorted by code units', async (t) => {
  await agrees(t, () => {
    const params = new URLSearchParams('b=2&a=1&b=3&\u{1F308}=r&\uFB03=f');
    const found = [params.get('b'), params.get('z'), params.getAll('b'), params.has('a')];
    params.append('c', 'x');
    params.set('b', '9');
    params.delete('a');
    const before = [...params.keys()];
    params.sort();
    const { size } = params as unknown as { size: number };
    return [found, before, [...params].map(([key, value]) => `${key}=${value}`), size];
  }, [
    ['2', null, ['2', '3'], true],
    ['b', '\u{1F308}', '\uFB03', 'c'],
    ['b=9', 'c=x', '\u{1F308}=r', '\uFB03=f'],
    4,
  ]);
});

test('delete and has take a value too', async (t) => {
  await agrees(t, () => {
    const params = new URLSearchParams('a=1&a=2&a=3') as unknown as {
      has(name: string, value?: string): boolean;
      delete(name: string, value?: string): void;
      toString(): string;
    };
    const has = [params.has('a', '2'), params.has('a', '4'), params.has('a', undefined)];
    params.delete('a', '2');
    return [has, params.toString()];
  }, [[true, false, true], 'a=1&a=3']);
});

test('it is live: a URL and its parameters change each other', async (t) => {
  await agrees(t, () => {
    const url = new URL('http://a/?x=1');
    const { searchParams } = url;
    searchParams.append('y', ' ');
    const first = url.href;
    url.search = '?z=~';
    const second = String(searchParams);
    searchParams.delete('z');
    return [first, second, url.href, url.searchParams === searchParams];
  }, ['http://a/?x=1&y=+', 'z=%7E', 'http://a/', true]);
});

test('iteration sees what changes meanwhile', async (t) => {
  await agrees(t, () => {
    const params = new URLSearchParams('a=1&b=2&c=3');
    const seen: string[] = [];
    for (const [key] of params) {
      seen.push(key);
      params.delete(key);
    }
    const rest: string[] = [];
    params.forEach((value, key, whole) => rest.push(`${key}${value}${whole === params}`));
    return [seen, rest];
  }, [['a', 'c'], ['b2true']]);
});

test('what the URL is told later than its parameters holds', async (t) => {
  await agrees(t, () => {
    const url = new URL('http://a/?x=1#f');
    const { searchParams } = url;
    const seen = [];
    searchParams.append('y', '2');
    url.hash = 'g';
    url.pathname = '/p';
    seen.push(url.href, url.search);
    searchParams.append('z', '3');
    url.search = '?only';
    seen.push(url.href, String(searchParams));
    searchParams.append('lost', '');
    url.href = 'http://b/';
    seen.push(url.href, String(searchParams), url.search);
    searchParams.append('kept', '');
    try {
      url.href = 'no URL';
    } catch {
      seen.push(JSON.stringify(url), new URL('c', url).href);
    }
    searchParams.delete('kept');
    seen.push(url.href, String(url));
    return seen;
  }, [
    ...['http://a/p?x=1&y=2#g', '?x=1&y=2', 'http://a/p?only#g', 'only=', 'http://b/', '', ''],
    ...['"http://b/?kept="', 'http://b/c', 'http://b/', 'http://b/'],
  ]);
});

test('many pairs are added, replaced, deleted and gone through within a Slice', async (t) => {
  const count = 20_000;
  const work = `() => {
    const url = new URL('http://a/');
    const { searchParams } = url;
    for (let index = 0; index < ${count}; index++) searchParams.append('k' + index % 2, 'v');
    let seen = 0;
    for (const [key] of searchParams) seen += key.length;
    searchParams.forEach((value) => (seen += value.length));
    const copied = new URLSearchParams(searchParams).size + [...searchParams.keys()].length;
    const { length } = url.href;
    searchParams.set('k0', 'w');
    searchParams.delete('k1');
    return [seen, copied, length, url.href];
  }`;
  assert.deepEqual(await inSandbox(t, work, { limits: { sliceTimeoutMs: 20_000 } }), [
    ...[count * 3, count * 2, 'http://a/'.length + count * 'k0=v&'.length, 'http://a/?k0=w'],
  ]);
});
