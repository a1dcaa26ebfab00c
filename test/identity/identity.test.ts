import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import test from 'node:test';
import { Keystore, PassphraseError, openIdentity, type IdentityOptions } from '#src/identity/index.js';
import {
  COW,
  COW_KEY,
  DCP_KEYSTORE,
  DCP_PASSPHRASE,
  cowKeystore,
  temporaryHome,
  write,
  type Home,
} from './support.js';

/** Of the key 0x11…11. */
const ONES_KEY = '11'.repeat(32);
const ONES = '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A';

const addressOf = async (home: Home, options: IdentityOptions = {}): Promise<string> =>
  (await openIdentity({ ...home, ...options })).address;

test('identityKey goes before identityKeystore, and that before id.keystore', async (t) => {
  const home = temporaryHome(t);
  const made = await addressOf(home);
  const identityKeystore = await cowKeystore();
  assert.equal(await addressOf(home, { identityKeystore }), COW);
  assert.equal(await addressOf(home, { identityKey: ONES_KEY, identityKeystore }), ONES);
  assert.deepEqual(home.warnings, ['identityKeystore is not used: identityKey goes before it']);
  assert.equal(await addressOf(home), made);
});

test('a key or a keystore may be given, be in a file, or come by standard input', async (t) => {
  const home = temporaryHome(t);
  const keystore = await cowKeystore();
  const keyFile = write(home.home, 'key', `0x${COW_KEY}\n`);
  const keystoreFile = write(home.home, 'my.keystore', keystore);
  const ways: IdentityOptions[] = [
    { identityKey: COW_KEY },
    { identityKey: `@${keyFile}` },
    { identityKey: '@~/key' },
    {
      identityKey: '-',
      stdin: Readable.from([Buffer.from(COW_KEY.slice(0, 9)), Buffer.from(`${COW_KEY.slice(9)}\n`)]),
    },
    { identityKeystore: keystore },
    { identityKeystore: keystoreFile },
    { identityKeystore: `@${keystoreFile}` },
    { identityKeystore: path.relative(process.cwd(), keystoreFile) },
    { identityKeystore: '~/my.keystore' },
    { identityKeystore: '-', stdin: Readable.from([Buffer.from(keystore)]) },
  ];
  for (const way of ways) assert.equal(await addressOf(home, way), COW, Object.values(way).join());
  assert.equal((await openIdentity({ ...home, identityKeystore: '~/my.keystore' })).file, keystoreFile);
  assert.deepEqual(home.warnings, []);
});

test('options that are empty or mixed up are refused, not passed over', async (t) => {
  const home = temporaryHome(t);
  const refused = async (options: IdentityOptions, message: RegExp): Promise<void> => {
    await assert.rejects(openIdentity({ ...home, ...options }), message);
  };
  await refused({ identityKey: '' }, /^InvalidArgumentError: identityKey: .*got nothing$/);
  await refused(
    { identityKey: 'key.hex' },
    /identityKey: expected a private key.*got 7 characters that are not$/,
  );
  await refused(
    { identityKeystore: '' },
    /^InvalidArgumentError: identityKeystore: expected JSON, .* got nothing$/,
  );
  for (const identityKeystore of [COW_KEY, `0x${COW_KEY}`, COW_KEY.slice(3), `${COW_KEY}a\n`])
    await refused({ identityKeystore }, /expected a keystore, got a private key, as identityKey takes it$/);
  await refused(
    { identityKeystore: '{"version":2}' },
    /^KeystoreError: identityKeystore: version: expected 3, got 2$/,
  );
  const stdin = Readable.from([Buffer.alloc(65_537, 'a')]);
  await refused({ identityKey: '-', stdin }, /identityKey: standard input: has more than 65536 bytes/);
});

test('a keystore with a passphrase needs that one', async (t) => {
  const home = temporaryHome(t);
  const file = write(home.dcp, 'id.keystore', DCP_KEYSTORE);
  assert.equal(await addressOf(home, { passphrase: DCP_PASSPHRASE }), COW);
  const needs = {
    code: 'EPASSPHRASE',
    message: `${file}: needs a passphrase, and none was given: --passphrase-file names a file with it, or $DCP_KEYSTORE_PASSPHRASE has it`,
  };
  await assert.rejects(openIdentity(home), needs);
  await assert.rejects(openIdentity(home), PassphraseError);
  const wrong = { code: 'EPASSPHRASE', message: `${file}: wrong passphrase, or the file is damaged` };
  await assert.rejects(openIdentity({ ...home, passphrase: 'boo' }), wrong);
});

test('a passphrase for a keystore that has none is pointed out', async (t) => {
  const home = temporaryHome(t);
  const file = write(home.dcp, 'id.keystore', await cowKeystore());
  await assert.rejects(openIdentity({ ...home, passphrase: 'moo' }), {
    code: 'EPASSPHRASE',
    message: `${file}: wrong passphrase: the keystore was made with the empty one`,
  });
});

test('somebody is asked three times, and only where the empty passphrase does not fit', async (t) => {
  const home = temporaryHome(t);
  const file = write(home.dcp, 'id.keystore', DCP_KEYSTORE);
  const asked: string[] = [];
  const answering = (...answers: string[]): NonNullable<IdentityOptions['ask']> => {
    asked.length = 0;
    return async (question) => {
      asked.push(question);
      return answers.shift()!;
    };
  };
  assert.equal(await addressOf(home, { ask: answering('boo', DCP_PASSPHRASE) }), COW);
  assert.deepEqual(asked, ['Passphrase of cow: ', 'Wrong. Passphrase of cow: ']);
  const label = `\x1b]0;title\x07${'x'.repeat(200)}\n`;
  const identityKeystore = JSON.stringify({ ...(JSON.parse(DCP_KEYSTORE) as object), label });
  assert.equal(await addressOf(home, { identityKeystore, ask: answering(DCP_PASSPHRASE) }), COW);
  assert.deepEqual(asked, [`Passphrase of ]0;title${'x'.repeat(92)}: `]);
  const thrice = { code: 'EPASSPHRASE', message: `${file}: wrong passphrase, 3 times` };
  await assert.rejects(openIdentity({ ...home, ask: answering('a', 'b', 'c', DCP_PASSPHRASE) }), thrice);
  assert.equal(await addressOf(home, { identityKeystore: await cowKeystore(), ask: answering() }), COW);
  assert.deepEqual(asked, []);
});

test('a new id.keystore is encrypted with the passphrase that is given, which is not empty', async (t) => {
  const home = temporaryHome(t);
  await assert.rejects(openIdentity({ ...home, passphrase: '' }), {
    code: 'EINVAL',
    message: /^passphrase: /,
  });
  const { address, file } = await openIdentity({ ...home, passphrase: 'moo' });
  const keystore = new Keystore('k', readFileSync(file!, 'utf8'));
  assert.match(keystore.label!, /^identity:.+@.+$/);
  assert.equal(await keystore.open(''), null);
  assert.equal((await keystore.open('moo'))?.address, address);
});
