/** Keystores, signatures and addresses go to and fro between this package and the dcp-client that npm has. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Keystore, PrivateKey, openIdentity, parseAddress, paymentOf } from '#src/identity/index.js';
import { COW, COW_KEY, cowKeystore, startFixture, temporaryHome, write } from './support.js';
import type { WalletAnswer, WalletRequest } from './fixtures/dcp-wallet.js';

const NODE_MAJOR = Number(process.versions.node.split('.')[0]);

const folderOf = (generation: number): string =>
  fileURLToPath(new URL(`../../test/compat/dcp-${generation}`, import.meta.url));

/** Why a generation of DCP is not tested with; false: it is. */
function missing(generation: number): string | false {
  if (generation === 4 && NODE_MAJOR > 22) return 'DCP 4 is of the days of Node 20 and 22';
  return (
    !existsSync(path.join(folderOf(generation), 'node_modules/dcp-client')) && 'not installed; npm run compat'
  );
}

async function ask(
  t: TestContext,
  generation: number,
  request: Partial<WalletRequest>,
  env: NodeJS.ProcessEnv,
): Promise<WalletAnswer> {
  const wallet = startFixture(t, 'dcp-wallet', [folderOf(generation)], env);
  const complete = { make: [], open: [], sign: { key: COW_KEY, messages: [] }, addresses: [], ...request };
  wallet.child.stdin!.end(JSON.stringify(complete));
  const { code, stdout, stderr } = await wallet.ended;
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout.slice(stdout.indexOf('{"made"'))) as WalletAnswer;
}

const PASSPHRASES = ['', 'moo', 'Grüße 🐄'];
const MADE = PASSPHRASES.map((passphrase) => ({ key: COW_KEY, passphrase, label: `with ${passphrase}` }));
const MESSAGES = ['', 'moo', 'Grüße 🐄', JSON.stringify({ a: 1 }), 'x'.repeat(1000)];
const ADDRESSES = [
  ...[COW, COW.slice(2), COW.toLowerCase(), COW.slice(2).toLowerCase(), `0x${COW.slice(2).toUpperCase()}`],
  ...[COW.replace('CD', 'cD'), COW.slice(0, -1), `${COW}0`, COW.replace('2a', '2g'), '', ` ${COW}`],
];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

for (const generation of [4, 5]) {
  const skip = missing(generation);
  const env = (home: string): NodeJS.ProcessEnv => ({ HOME: home });

  test(`DCP ${generation}`, { skip }, async (t) => {
    const { home } = temporaryHome(t);
    const [unprotected, ours] = [await cowKeystore(), await cowKeystore('Grüße 🐄')];
    const there = await ask(
      t,
      generation,
      {
        make: MADE,
        open: [
          { keystore: unprotected, passphrase: '' },
          { keystore: unprotected, passphrase: 'boo' },
          { keystore: ours, passphrase: 'Grüße 🐄' },
        ],
        sign: { key: COW_KEY, messages: MESSAGES },
        addresses: ADDRESSES,
      },
      env(home),
    );

    await t.test('keystores made there are opened here', async () => {
      assert.equal(there.made.length, MADE.length);
      for (const [i, text] of there.made.entries()) {
        const keystore = new Keystore('made', text);
        assert.deepEqual([keystore.address, keystore.label], [COW, MADE[i]!.label]);
        assert.equal((await keystore.open(PASSPHRASES[i]!))?.address, COW);
        assert.equal(await keystore.open('boo'), null);
      }
    });

    await t.test('keystores made here are opened there', () => {
      const opened = { address: COW, key: `0x${COW_KEY}` };
      assert.deepEqual(there.opened, [opened, { address: COW, key: null }, opened]);
    });

    await t.test('what is signed here is signed so there', () => {
      const key = PrivateKey.parse('key', COW_KEY);
      const here = MESSAGES.map((message) => key.sign(message));
      assert.deepEqual(
        there.signed,
        here.map(({ r, s, v }) => ({ r: hex(r), s: hex(s), v })),
      );
    });

    await t.test('the same texts are addresses, spelled alike', () => {
      const here = ADDRESSES.map((text) => {
        try {
          return parseAddress('address', text);
        } catch {
          return null;
        }
      });
      assert.deepEqual(there.addresses, here);
      assert.equal(here.filter((address) => address === null).length, 6);
    });
  });

  test(`DCP ${generation}: both find the same files`, { skip }, async (t) => {
    const surroundings = temporaryHome(t);
    const { home } = surroundings;
    const variables: NodeJS.ProcessEnv[] = [
      {},
      { DCP_RESOURCE_DIR: path.join(home, 'resources') },
      { XDG_DATA_HOME: path.join(home, 'data') },
      // DCP 5 reads it no more.
      ...(generation === 4 ? [{ DCP_HOMEDIR: path.join(home, 'dcp-home') }] : []),
    ];
    const directories = ['.dcp', 'resources', 'data/dcp', 'dcp-home/.dcp'];
    for (const [i, variable] of variables.entries()) {
      const here = { ...surroundings, env: variable };
      // Each place is known by its account; the identities are made here, and read there.
      const account = `0x${String(i + 1).repeat(40)}`;
      write(
        path.join(home, directories[i]!),
        'default.keystore',
        JSON.stringify({ version: 3, address: account }),
      );
      const { address, created } = await openIdentity(here);
      assert.ok(created);
      assert.equal((await paymentOf(here)).address, account);
      const there = await ask(t, generation, {}, { ...env(home), ...variable });
      assert.deepEqual([there.id, there.account], [address, account], JSON.stringify(variable));
    }
  });
}
