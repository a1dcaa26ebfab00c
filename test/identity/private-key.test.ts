import assert from 'node:assert/strict';
import test from 'node:test';
import { format, inspect } from 'node:util';
import { PrivateKey } from '#src/identity/index.js';
import { InvalidArgumentError } from '#src/model/index.js';
import { COW, COW_KEY, assertKeyless } from './support.js';

const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';

test('a key has the address that Ethereum gives it', () => {
  assert.equal(PrivateKey.parse('key', COW_KEY).address, COW);
  assert.equal(PrivateKey.parse('key', `0x${COW_KEY.toUpperCase()}`).address, COW);
  assert.equal(new PrivateKey(Buffer.from(COW_KEY, 'hex')).address, COW);
});

test('new keys differ', () => {
  assert.equal(new Set(Array.from({ length: 20 }, () => PrivateKey.generate().address)).size, 20);
});

test('what is no key is refused without being repeated', () => {
  const cases: [string, RegExp][] = [
    ['', /^identityKey: expected a private key, 64 hexadecimal digits, got nothing$/],
    [COW_KEY.slice(1), /got 63 of them$/],
    [`${COW_KEY}00`, /got 66 of them$/],
    [`${COW_KEY.slice(0, -1)}g`, /got 64 characters that are not$/],
    ['0'.repeat(64), /from 1 up to the order of secp256k1$/],
    [ORDER, /from 1 up to the order of secp256k1$/],
  ];
  for (const [text, message] of cases)
    assert.throws(
      () => PrivateKey.parse('identityKey', text),
      (error) => {
        assert.ok(error instanceof InvalidArgumentError);
        assert.match(error.message, message);
        assertKeyless(inspect(error, { showHidden: true }), COW_KEY);
        return true;
      },
    );
  assert.equal(PrivateKey.parse('key', ORDER.replace(/1$/, '0')).address.length, 42);
  assert.throws(() => new PrivateKey(new Uint8Array(31)), RangeError);
});

test('however a key is printed, its address is seen and not the key', () => {
  const key = PrivateKey.parse('key', COW_KEY);
  const prints = [
    inspect(key, { showHidden: true, depth: null }),
    inspect(key, { showHidden: true, depth: null, customInspect: false, getters: true }),
    inspect({ deep: { key } }, { depth: null }),
    format('%s %o %O %j %d', key, key, key, key),
    JSON.stringify({ key }),
    `${key.toString()} ${String(key)}`,
    inspect(structuredClone(key)),
    inspect(Object.getOwnPropertyDescriptors(key), { depth: null }),
  ];
  for (const print of prints) {
    assertKeyless(print, COW_KEY);
    assert.ok(print.includes(COW) || print.includes('%d'), print);
  }
});

test('the bytes that a key was made of may be wiped', () => {
  const bytes = Buffer.from(COW_KEY, 'hex');
  const key = new PrivateKey(bytes);
  const before = key.sign('moo');
  bytes.fill(0);
  assert.deepEqual(key.sign('moo'), before);
});

test('a text and its UTF-8 have the same signature, and other messages have others', () => {
  const key = PrivateKey.parse('key', COW_KEY);
  assert.deepEqual(key.sign('müh'), key.sign(Buffer.from('müh')));
  assert.notDeepEqual(key.sign('muh'), key.sign('müh'));
  const { r, s, v } = key.sign('');
  assert.deepEqual([r.length, s.length, v === 27 || v === 28], [32, 32, true]);
});
