/** The options of a program, from the command line to what the Worker gets. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { COMMUNITY_ACCOUNT } from '#src/identity/index.js';
import { COW, cowKeystore, startFixture, temporaryHome, write } from './support.js';

const ADA = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

async function who(t: TestContext, home: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await startFixture(t, 'who', args, { HOME: home }).ended;
  assert.deepEqual([code, stderr], [0, '']);
  const { prints, ...found } = JSON.parse(stdout) as Record<string, unknown>;
  assert.ok(Array.isArray(prints));
  return found;
}

test('without options the Worker gets an identity of its own, and nobody is paid', async (t) => {
  const { home, dcp } = temporaryHome(t);
  const first = await who(t, home, []);
  const file = path.join(dcp, 'id.keystore');
  const { address } = first;
  const rest = { paymentAddress: null, paymentSource: 'none', file };
  assert.deepEqual(first, { address, ...rest, created: true });
  assert.deepEqual(await who(t, home, []), { address, ...rest, created: false });
});

test('an empty HOME is not the directory that the program was started in', async (t) => {
  const { code, stderr } = await startFixture(t, 'who', [], { HOME: '' }).ended;
  assert.equal(code, 1);
  assert.match(stderr, /^who: the home directory is not known: set HOME/);
});

test('what the options name is taken', async (t) => {
  const { home, dcp } = temporaryHome(t);
  const file = write(home, 'cow.keystore', await cowKeystore());
  const identity = ['--identityKeystore', file];
  const found = { address: COW, file, created: false };
  const community = [...identity, '--defaultPaymentAddressToDCP'];
  assert.deepEqual(await who(t, home, community), {
    ...found,
    ...{ paymentAddress: COMMUNITY_ACCOUNT, paymentSource: 'community' },
  });
  write(dcp, 'default.keystore', JSON.stringify({ address: ADA }));
  assert.deepEqual(await who(t, home, community), {
    ...found,
    ...{ paymentAddress: ADA, paymentSource: 'keystore' },
  });
  assert.deepEqual(await who(t, home, [...community, '--configured', COW]), {
    ...found,
    ...{ paymentAddress: COW, paymentSource: 'configuration' },
  });
  assert.deepEqual(
    await who(t, home, [...community, '--configured', COW, '--paymentAddress', ADA.toLowerCase()]),
    {
      ...found,
      ...{ paymentAddress: ADA, paymentSource: 'option' },
    },
  );
});
