import assert from 'node:assert/strict';
import test from 'node:test';
import { COMMUNITY_ACCOUNT, paymentOf } from '#src/identity/index.js';
import { COW, COW_KEY, assertKeyless, cowKeystore, temporaryHome, write } from './support.js';

const ADA = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
const BOB = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';

test('the option goes before the configuration, that before default.keystore, that before the Community Account', async (t) => {
  const home = temporaryHome(t);
  const toCommunity = true;
  assert.deepEqual(await paymentOf(home), { address: null, source: 'none' });
  assert.deepEqual(await paymentOf({ ...home, toCommunity }), {
    address: COMMUNITY_ACCOUNT,
    source: 'community',
  });
  write(home.dcp, 'default.keystore', await cowKeystore('a passphrase that is not needed'));
  assert.deepEqual(await paymentOf({ ...home, toCommunity }), { address: COW, source: 'keystore' });
  const configured = BOB.toLowerCase();
  assert.deepEqual(await paymentOf({ ...home, toCommunity, configured }), {
    address: BOB,
    source: 'configuration',
  });
  const paymentAddress = ADA.slice(2);
  assert.deepEqual(await paymentOf({ ...home, configured, paymentAddress }), {
    address: ADA,
    source: 'option',
  });
});

test('the published Worker’s Community Account is meant', () => {
  assert.equal(COMMUNITY_ACCOUNT, '0x079DAC0612C710ab4e975dAb7171C7e4beF78c5a');
});

test('a wrong address is refused by its name, and never passed over', async (t) => {
  const home = temporaryHome(t);
  await assert.rejects(paymentOf({ ...home, paymentAddress: '' }), {
    code: 'EINVAL',
    message: 'paymentAddress: expected 0x and 40 hexadecimal digits, got ""',
  });
  await assert.rejects(paymentOf({ ...home, configured: 'Bob' }), {
    code: 'EINVAL',
    message: 'worker.paymentAddress: expected 0x and 40 hexadecimal digits, got "Bob"',
  });
  await assert.rejects(
    paymentOf({ ...home, paymentAddress: ADA.replace('F', 'f') }),
    /checksum .* at digit 10 \(f\)/,
  );
  await assert.rejects(
    paymentOf({ ...home, paymentAddress: `0x${'0'.repeat(40)}` }),
    /^InvalidArgumentError: paymentAddress: the null address/,
  );
  await assert.rejects(paymentOf({ ...home, paymentAddress: COW_KEY }), (error: Error) => {
    assertKeyless(error.message, COW_KEY);
    return true;
  });
});

test('a default.keystore needs no more than an address, and that one', async (t) => {
  const home = temporaryHome(t);
  const file = write(home.dcp, 'default.keystore', JSON.stringify({ address: ADA }), 0o644);
  assert.deepEqual(await paymentOf(home), { address: ADA, source: 'keystore' });
  assert.deepEqual(home.warnings, [
    `${file} has mode 0644, so that others may get at it; chmod 600 '${file}'`,
  ]);
  write(home.dcp, 'default.keystore', '{"version":3}');
  await assert.rejects(paymentOf(home), {
    code: 'EKEYSTORE',
    message: `${file}: address: is missing; name the account with --paymentAddress`,
  });
  write(home.dcp, 'default.keystore', '{');
  await assert.rejects(
    paymentOf({ ...home, toCommunity: true }),
    /default\.keystore: expected a keystore, which is JSON/,
  );
});
