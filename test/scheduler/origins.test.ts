import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesOrigin, offersOrigins, parseOriginRule } from '#src/model/index.js';

// Lists of origins: what operators allow and Jobs ask for.

const matches = (entry: string, url: string): boolean =>
  matchesOrigin(parseOriginRule('entry', entry), new URL(url));

test('an origin is scheme, host and port', () => {
  assert.equal(matches('https://a.example', 'https://a.example/x?y'), true);
  assert.equal(matches('HTTPS://A.Example:443/', 'https://a.example'), true);
  assert.equal(matches('https://a.example', 'http://a.example'), false);
  assert.equal(matches('https://a.example', 'https://a.example:8443'), false);
  assert.equal(matches('https://a.example:8443', 'https://a.example:8443'), true);
  assert.equal(matches('https://a.example', 'https://b.a.example'), false);
  assert.equal(matches('http://[::1]:8080', 'http://[0:0::1]:8080'), true);
});

test('a star stands for subdomains, for any host, or for everything', () => {
  assert.equal(matches('https://*.a.example', 'https://b.a.example'), true);
  assert.equal(matches('https://*.a.example', 'https://c.b.a.example'), true);
  assert.equal(matches('https://*.a.example', 'https://a.example'), false);
  assert.equal(matches('https://*.a.example', 'https://nota.example'), false);
  assert.equal(matches('https://*', 'https://any.where'), true);
  assert.equal(matches('https://*', 'https://any.where:8443'), false);
  assert.equal(matches('https://*', 'http://any.where'), false);
  assert.equal(matches('*', 'http://any.where:8080'), true);
});

test('addresses that are not public are for those who name one', () => {
  const isPrivate = (entry: string): boolean => parseOriginRule('entry', entry).private;
  for (const entry of [
    'http://127.0.0.1:1',
    'http://[::1]',
    'http://localhost:1',
    'http://10.0.0.1',
    'private:http://nas.lan',
    'private:https://*.lan',
    'private:http://*',
    'private:*',
  ])
    assert.equal(isPrivate(entry), true, entry);
  for (const entry of [
    '*',
    'http://*',
    'http://nas.lan',
    'https://*.localhost.example',
    'http://localhost.example',
  ])
    assert.equal(isPrivate(entry), false, entry);
});

test('what is no origin is refused, naming field and value', () => {
  for (const entry of [
    '',
    'a.example',
    'ftp://a.example',
    'https://',
    'https://a.example/path',
    'https://a.example?x',
    'https://u:p@a.example',
    'https://a.*.example',
    'https://*a.example',
    'http://*:8080',
    'https://a b',
    '**',
    7,
    null,
  ])
    assert.throws(
      () => parseOriginRule('origins[0]', entry),
      { code: 'EINVAL', message: /^origins\[0\]: expected an origin .*; got / },
      String(entry),
    );
});

test('a Worker offers what a Job requires when it allows all of it', () => {
  assert.equal(offersOrigins([], true), false);
  assert.equal(offersOrigins(['https://a.example'], true), true);
  assert.equal(offersOrigins(['*'], ['https://a.example', 'http://b.example:8080']), true);
  assert.equal(
    offersOrigins(['https://*.example'], ['https://a.example', 'https://*.b.example', 'https://*.example']),
    true,
  );
  assert.equal(offersOrigins(['https://*.example'], ['https://a.example', 'http://b.example']), false);
  assert.equal(offersOrigins(['https://a.example'], ['https://*.a.example']), false);
  assert.equal(offersOrigins(['https://*'], ['*']), false);
  assert.equal(offersOrigins([], []), true);
});
