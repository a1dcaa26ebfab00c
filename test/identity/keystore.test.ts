import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { Keystore, KeystoreError, PrivateKey, keystoreText } from '#src/identity/index.js';
import { COW, COW_KEY, assertKeyless, cowKeystore } from './support.js';
import { BY_PBKDF2, BY_SCRYPT, VECTOR_ADDRESS, VECTOR_PASSPHRASE } from './web3-secret-storage.js';

type Fields = Record<string, unknown>;

/** A keystore with one field, named by its path, set to something else; undefined: without it. */
function altered(text: string, path: string, value: unknown): string {
  const keystore = JSON.parse(text) as Fields;
  const names = path.split('.');
  const last = names.pop()!;
  const holder = names.reduce((fields, name) => fields[name] as Fields, keystore);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return JSON.stringify(keystore);
}

function refusal(text: string): string {
  try {
    new Keystore('my.keystore', text);
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof KeystoreError, inspect(error));
    assert.equal(error.code, 'EKEYSTORE');
    assert.ok(error.message.startsWith('my.keystore: '), error.message);
    return error.message.slice('my.keystore: '.length);
  }
}

test('the examples of Web3 Secret Storage are opened', async () => {
  for (const example of [BY_PBKDF2, BY_SCRYPT]) {
    const keystore = new Keystore('example', JSON.stringify(example));
    assert.equal(keystore.address, null);
    assert.equal((await keystore.open(VECTOR_PASSPHRASE))?.address, VECTOR_ADDRESS);
  }
});

test('a wrong passphrase opens nothing', async () => {
  const keystore = new Keystore('example', JSON.stringify(BY_PBKDF2));
  assert.equal(await keystore.open('testpasswort'), null);
  assert.equal(await keystore.open(''), null);
});

test('names of fields and hexadecimal digits may be in any case, and digits may begin with 0x', async () => {
  const { crypto, ...rest } = JSON.parse(await cowKeystore()) as {
    crypto: Fields & { cipherparams: Fields };
  };
  const capital = {
    ...rest,
    Address: COW,
    Crypto: {
      ...crypto,
      KDF: 'Scrypt',
      kdf: undefined,
      mac: `0x${(crypto['mac'] as string).toUpperCase()}`,
      CipherParams: { IV: crypto.cipherparams['iv'] },
      cipherparams: undefined,
    },
    address: undefined,
  };
  const keystore = new Keystore('k', JSON.stringify(capital));
  assert.equal(keystore.address, COW);
  assert.equal((await keystore.open(''))?.address, COW);
});

test('what is written is opened with its passphrase alone', async () => {
  for (const passphrase of ['', 'Grüße 🐄']) {
    const text = await cowKeystore(passphrase);
    const keystore = new Keystore('k', text);
    assert.deepEqual([keystore.address, keystore.label], [COW, 'cow']);
    assert.equal((await keystore.open(passphrase))?.address, COW);
    assert.equal(await keystore.open(`${passphrase} `), null);
  }
});

test('two keystores of one key have nothing in common that tells so but the address', async () => {
  const [one, other] = await Promise.all([cowKeystore(), cowKeystore()]);
  const secrets = ({ crypto }: { crypto: Record<string, Fields | string> }): unknown[] => [
    crypto['ciphertext'],
    crypto['mac'],
    (crypto['kdfparams'] as Fields)['salt'],
    (crypto['cipherparams'] as Fields)['iv'],
  ];
  const of = (text: string): unknown[] => secrets(JSON.parse(text) as never);
  of(one).forEach((value, i) => assert.notEqual(value, of(other)[i]));
});

test('a keystore with a passphrase costs 2^17 of scrypt for each guess', async () => {
  const nOf = (text: string): unknown =>
    (JSON.parse(text) as { crypto: { kdfparams: Fields } }).crypto.kdfparams['n'];
  assert.deepEqual([nOf(await cowKeystore('p')), nOf(await cowKeystore(''))], [2 ** 17, 1024]);
});

test('a keystore does not show what it holds', async () => {
  const text = await cowKeystore();
  const keystore = new Keystore('k', text);
  const { ciphertext } = (JSON.parse(text) as { crypto: { ciphertext: string } }).crypto;
  const prints = [
    inspect(keystore),
    inspect(keystore, { customInspect: false, showHidden: true }),
    JSON.stringify(keystore),
  ];
  for (const print of prints) {
    assertKeyless(print, ciphertext);
    assert.ok(print.includes(COW));
  }
});

test('the key has to be that of the address', async () => {
  const other = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
  const keystore = new Keystore('k', altered(await cowKeystore(), 'address', other));
  await assert.rejects(keystore.open(''), {
    code: 'EKEYSTORE',
    message: `k: address: says ${other}, but the key is that of ${COW}`,
  });
});

test('a file that is no keystore is refused with the field that is wrong', async () => {
  const text = await cowKeystore();
  const cases: [string, unknown, string][] = [
    ['version', 1, 'version: expected 3, got 1'],
    ['version', undefined, 'version: expected 3, got nothing'],
    ['address', 7, 'address: expected 0x and 40 hexadecimal digits, got 7'],
    [
      'address',
      'Cd2a3d9f938e13cd947ec05abc7fe734df8dd826',
      'address: the checksum of Cd2a3d9f938e13cd947ec05abc7fe734df8dd826',
    ],
    ['crypto', [], 'crypto: expected an object, got []'],
    ['crypto', undefined, 'crypto: expected an object, got nothing'],
    ['crypto.cipher', 'aes-256-cbc', 'crypto.cipher: expected aes-128-ctr, got "aes-256-cbc"'],
    [
      'crypto.cipherparams.iv',
      'ab',
      'crypto.cipherparams.iv: expected 16 bytes as hexadecimal digits, got 1 bytes',
    ],
    [
      'crypto.ciphertext',
      'abc',
      'crypto.ciphertext: expected 32 bytes as hexadecimal digits, got something else',
    ],
    ['crypto.mac', undefined, 'crypto.mac: expected 32 bytes as hexadecimal digits, got nothing'],
    ['crypto.kdf', 'argon2', 'crypto.kdf: expected scrypt or pbkdf2, got "argon2"'],
    ['crypto.kdfparams', null, 'crypto.kdfparams: expected an object, got null'],
    [
      'crypto.kdfparams.n',
      '1024',
      'crypto.kdfparams.n: expected a whole number from 2 to 4194304, got "1024"',
    ],
    ['crypto.kdfparams.n', 1025, 'crypto.kdfparams.n: expected a power of two, got 1025'],
    ['crypto.kdfparams.salt', '', 'crypto.kdfparams.salt: expected 1 to 1024 bytes'],
    ['crypto.kdfparams.dklen', 16, 'crypto.kdfparams.dklen: expected a whole number from 32 to 64, got 16'],
  ];
  for (const [path, value, message] of cases) {
    const got = refusal(altered(text, path, value));
    assert.ok(got.startsWith(message), `${got}, and not ${message}`);
  }
  const prf = altered(JSON.stringify(BY_PBKDF2), 'crypto.kdfparams.prf', 'hmac-sha1');
  assert.equal(refusal(prf), 'crypto.kdfparams.prf: expected hmac-sha256, got "hmac-sha1"');
  assert.match(refusal('{"encseed":"00","ethaddr":"00"}'), /^encseed: a keystore of the Ethereum presale/);
  for (const other of ['[]', 'null', '3'])
    assert.match(refusal(other), /^expected a keystore, which is a JSON object$/);
});

test('a key that was taken for a keystore is not repeated', () => {
  for (const text of [
    COW_KEY,
    `{"key": ${COW_KEY}}`,
    `{"version": "${COW_KEY}"}`,
    `{"version": 3, "address": "${COW_KEY}"}`,
  ])
    assertKeyless(refusal(text), COW_KEY);
});

test('a file does not get to take any amount of time and memory', async () => {
  const scrypt = await cowKeystore();
  const pbkdf2 = JSON.stringify(BY_PBKDF2);
  const within = (parameters: Fields): string =>
    altered(scrypt, 'crypto.kdfparams', { dklen: 32, salt: 'ab', ...parameters });
  const most = 2 ** 22;
  const cases: [string, RegExp][] = [
    [
      within({ n: 2 ** 40, r: 8, p: 1 }),
      /kdfparams.n: expected a whole number from 2 to 4194304, got 1099511627776$/,
    ],
    [within({ n: 2, r: 65, p: 1 }), /kdfparams.r: expected a whole number from 1 to 64, got 65$/],
    [within({ n: 2, r: 1, p: 2 ** 21 }), /kdfparams.p: expected a whole number from 1 to 64, got 2097152$/],
    [
      within({ n: 2 ** 20, r: 8, p: 1 }),
      /kdfparams: n·r·p is 8388608, and no more than 4194304 is computed$/,
    ],
    [within({ n: 2 ** 18, r: 8, p: 4 }), /n·r·p is 8388608/],
    [within({ n: 1024, r: 8, p: 1, dklen: 2 ** 30 }), /kdfparams.dklen/],
    [within({ n: 1024, r: 8, p: 1, salt: 'ab'.repeat(1025) }), /kdfparams.salt: .* got 1025 bytes$/],
    [
      altered(pbkdf2, 'crypto.kdfparams.c', most + 1),
      /kdfparams.c: expected a whole number from 1 to 4194304/,
    ],
  ];
  for (const [text, message] of cases) assert.match(refusal(text), message);
  for (const text of [
    within({ n: 2 ** 19, r: 8, p: 1 }),
    within({ n: 2 ** 10, r: 64, p: 64 }),
    within({ n: 2 ** 18, r: 8, p: 2, dklen: 64, salt: 'ab'.repeat(1024) }),
    altered(pbkdf2, 'crypto.kdfparams.c', most),
  ])
    assert.equal(refusal(text), 'accepted');
});

test('the dearest scrypt that is computed is done within seconds', async () => {
  const text = altered(
    await keystoreText(PrivateKey.generate(), { passphrase: '', label: '', process: '' }),
    'crypto.kdfparams',
    {
      ...{ dklen: 32, salt: 'ab', n: 2 ** 19, r: 8, p: 1 },
    },
  );
  assert.equal(await new Keystore('k', text).open(''), null);
});
