/** Whatever is in the place of a keystore, what comes of it is the key or an error that says what is wrong. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Keystore, KeystoreError } from '#src/identity/index.js';
import { COW, COW_KEY, assertKeyless, cowKeystore } from './support.js';

const BASE = await cowKeystore();
const PATHS = ['version', 'id', 'address', 'label', 'crypto']
  .map((name) => [name])
  .concat(
    ['ciphertext', 'cipherparams', 'cipher', 'kdf', 'kdfparams', 'mac'].map((name) => ['crypto', name]),
    ['dklen', 'salt', 'n', 'r', 'p'].map((name) => ['crypto', 'kdfparams', name]),
    [['crypto', 'cipherparams', 'iv']],
  );

async function assertKeyOrError(text: string): Promise<void> {
  try {
    const key = await new Keystore('k', text).open('');
    // Null: what was altered went into the checksum.
    if (key !== null) assert.equal(key.address, COW);
  } catch (error) {
    assert.ok(error instanceof KeystoreError, inspect(error));
    assert.match(error.message, /^k: .+/);
    assertKeyless(inspect(error, { showHidden: true }), COW_KEY);
  }
}

test('one byte is another', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(BASE.length - 1), fc.integer({ min: 0, max: 255 }), async (i, byte) => {
      const bytes = Buffer.from(BASE);
      bytes[i] = byte;
      await assertKeyOrError(bytes.toString());
    }),
    { numRuns: 150 },
  );
});

test('a piece is gone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(BASE.length), fc.nat(BASE.length), async (a, b) => {
      await assertKeyOrError(BASE.slice(0, Math.min(a, b)) + BASE.slice(Math.max(a, b)));
    }),
    { numRuns: 200 },
  );
});

test('one field is anything', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PATHS), fc.jsonValue(), async (path, value) => {
      const keystore = JSON.parse(BASE) as Record<string, unknown>;
      const holder = path.slice(0, -1).reduce((fields, name) => fields[name] as typeof keystore, keystore);
      holder[path.at(-1)!] = value;
      await assertKeyOrError(JSON.stringify(keystore));
    }),
    { numRuns: 200 },
  );
});

test('the file is anything', async () => {
  await fc.assert(fc.asyncProperty(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), assertKeyOrError), {
    numRuns: 200,
  });
  await assertKeyOrError('['.repeat(60_000));
  await assertKeyOrError(`{"crypto":${'{"crypto":'.repeat(6_000)}`);
  await assertKeyOrError('{"__proto__":{"version":3},"constructor":1}');
});
