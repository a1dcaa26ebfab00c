import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { dcpDirectory, openIdentity } from '#src/identity/index.js';
import { COW, cowKeystore, temporaryHome, write } from './support.js';

const modeOf = (file: string): number => statSync(file).mode & 0o777;
const MOST = 65_536;

test('DCP’s directory is where its programs look for it', () => {
  const home = '/home/ada';
  assert.equal(dcpDirectory({ home, env: {} }), '/home/ada/.dcp');
  const env: NodeJS.ProcessEnv = { XDG_DATA_HOME: '/data' };
  assert.equal(dcpDirectory({ home, env }), '/data/dcp');
  env['DCP_HOMEDIR'] = '/srv';
  assert.equal(dcpDirectory({ home, env }), '/srv/.dcp');
  env['DCP_RESOURCE_DIR'] = '/etc/keys';
  assert.equal(dcpDirectory({ home, env }), '/etc/keys');
});

test('without a home nothing is written anywhere', async () => {
  for (const options of [{}, { identityKey: '@~/key' }])
    await assert.rejects(openIdentity({ home: '', env: {}, ...options }), {
      code: 'EKEYSTORE',
      message:
        'the home directory is not known: set HOME, or DCP_RESOURCE_DIR to what takes the place of ~/.dcp',
    });
  assert.equal(dcpDirectory({ home: '', env: { DCP_RESOURCE_DIR: '/etc/keys' } }), '/etc/keys');
});

test('a missing id.keystore is made for the owner alone, and found the next time', async (t) => {
  const home = temporaryHome(t);
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const made = await openIdentity(home);
  const file = path.join(home.dcp, 'id.keystore');
  assert.deepEqual([made.file, made.created], [file, true]);
  assert.deepEqual([modeOf(file), modeOf(home.dcp)], [0o600, 0o700]);
  assert.deepEqual(readdirSync(home.dcp), ['id.keystore'], 'nothing is left beside it');
  const found = await openIdentity(home);
  assert.deepEqual([found.address, found.created, home.warnings], [made.address, false, []]);
});

test('a directory that is there keeps its mode and its other files', async (t) => {
  const home = temporaryHome(t);
  write(home.dcp, 'scheduler.json', '{}', 0o644);
  chmodSync(home.dcp, 0o755);
  await openIdentity(home);
  assert.equal(modeOf(home.dcp), 0o755);
  assert.deepEqual(readdirSync(home.dcp).sort(), ['id.keystore', 'scheduler.json']);
});

test('Workers that start together have one identity', async (t) => {
  const home = temporaryHome(t);
  const identities = await Promise.all(Array.from({ length: 8 }, () => openIdentity(home)));
  assert.equal(new Set(identities.map(({ address }) => address)).size, 1);
  assert.equal(identities.filter(({ created }) => created).length, 1);
  assert.deepEqual(readdirSync(home.dcp), ['id.keystore']);
});

test('a keystore that others can get at is used, with one warning that says what to do', async (t) => {
  for (const mode of [0o644, 0o640, 0o602]) {
    const home = temporaryHome(t);
    const file = write(home.dcp, 'id.keystore', await cowKeystore(), mode);
    assert.equal((await openIdentity(home)).address, COW);
    const shown = `0${mode.toString(8)}`;
    assert.deepEqual(home.warnings, [
      `${file} has mode ${shown}, so that others may get at it; chmod 600 '${file}'`,
    ]);
  }
});

test('a file that is too large, or never ends, is not read on', async (t) => {
  const home = temporaryHome(t);
  const keystore = await cowKeystore();
  write(home.dcp, 'id.keystore', keystore.padEnd(MOST));
  assert.equal((await openIdentity(home)).address, COW);
  const file = write(home.dcp, 'id.keystore', keystore.padEnd(MOST + 1));
  const tooLarge = {
    code: 'EKEYSTORE',
    message: `${file}: has more than 65536 bytes, which no keystore and no key has`,
  };
  await assert.rejects(openIdentity(home), tooLarge);
  if (!existsSync('/dev/zero')) return;
  await assert.rejects(
    openIdentity({ ...home, identityKey: '@/dev/zero' }),
    /^KeystoreError: \/dev\/zero: has more/,
  );
});

test('what cannot be read or written is named, with the system’s reason', async (t) => {
  const home = temporaryHome(t);
  const folder = path.join(home.dcp, 'id.keystore');
  mkdirSync(folder, { recursive: true });
  await assert.rejects(openIdentity(home), {
    code: 'EKEYSTORE',
    message: `${folder}: cannot be read (EISDIR)`,
  });

  const missing = path.join(home.home, 'no.keystore');
  await assert.rejects(openIdentity({ ...home, identityKeystore: missing }), {
    code: 'EKEYSTORE',
    message: `${missing}: there is no such file`,
  });
});

const REMEDY =
  '; --identityKey or --identityKeystore gives the Worker a key that there is, $DCP_RESOURCE_DIR names another directory';

test('a directory that cannot be made, or takes no file, is named beside the keystore', async (t) => {
  const blocked = temporaryHome(t);
  write(blocked.home, '.dcp', 'a file where the directory should be');
  await assert.rejects(openIdentity(blocked), {
    code: 'EKEYSTORE',
    message: `${blocked.dcp}/id.keystore: cannot be made: the directory ${blocked.dcp} cannot be made (EEXIST)${REMEDY}`,
  });
  if (!existsSync('/proc/self')) return;
  // Not even root makes anything here.
  await assert.rejects(openIdentity({ home: '/proc', env: {} }), {
    code: 'EKEYSTORE',
    message: `/proc/.dcp/id.keystore: cannot be made: the directory /proc/.dcp cannot be made (ENOENT)${REMEDY}`,
  });
  await assert.rejects(
    openIdentity({ home: '/proc', env: { DCP_RESOURCE_DIR: '/proc/self' } }),
    /^KeystoreError: \/proc\/self\/id\.keystore: cannot be made: nothing can be written in the directory \/proc\/self \(E[A-Z]+\); --identityKey or /,
  );
});

test('a link to nowhere is not written through', async (t) => {
  const home = temporaryHome(t);
  const target = path.join(home.home, 'elsewhere');
  mkdirSync(home.dcp);
  symlinkSync(target, path.join(home.dcp, 'id.keystore'));
  await assert.rejects(openIdentity(home), /id\.keystore: there is no such file/);
  assert.ok(!existsSync(target));
});

test('a keystore that is there is never written again', async (t) => {
  const home = temporaryHome(t);
  const file = write(home.dcp, 'id.keystore', await cowKeystore());
  const before = readFileSync(file, 'utf8');
  await openIdentity(home);
  await assert.rejects(openIdentity({ ...home, passphrase: 'other' }));
  assert.equal(readFileSync(file, 'utf8'), before);
});
