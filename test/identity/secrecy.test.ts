/** Nothing secret is in lists of processes, environments, logs, errors, or what is printed of options and identities. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import {
  COW,
  COW_KEY,
  DCP_KEYSTORE,
  DCP_PASSPHRASE,
  assertKeyless,
  cowKeystore,
  startFixture,
  temporaryHome,
  write,
} from './support.js';

const skip = process.platform !== 'linux' && 'command lines are read from /proc';

/** What everybody on the machine reads of a process. */
function publicOf(pid: number): string {
  const ps = existsSync('/usr/bin/ps') || existsSync('/bin/ps');
  return [
    readFileSync(`/proc/${pid}/cmdline`, 'latin1'),
    readFileSync(`/proc/${pid}/comm`, 'latin1'),
    ...(ps ? [execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })] : []),
  ].join('\n');
}

test('a key on the command line is taken off it, and the operator is told', { skip }, async (t) => {
  const { home } = temporaryHome(t);
  for (const words of [['--identityKey', COW_KEY], [`--identityKey=0x${COW_KEY}`]]) {
    const who = startFixture(t, 'who', [...words, '--hold'], { HOME: home });
    await who.printed(/"address":"\w+".*\n/);
    const shown = publicOf(who.child.pid!);
    assertKeyless(shown, COW_KEY);
    assert.match(
      shown,
      /who\.js.--identityKey[ =]\(hidden\) --hold/,
      'the rest of the command line is still there',
    );
    who.child.kill();
    const { stdout, stderr } = await who.ended;
    assert.ok(stdout.includes(`"address":"${COW}"`));
    assertKeyless(stdout + stderr, COW_KEY);
    assert.match(stderr, /^warning: --identityKey: others on this machine may have seen it .* as @file\n$/);
  }
});

test('a keystore on the command line is, too', { skip }, async (t) => {
  const { home } = temporaryHome(t);
  const keystore = await cowKeystore();
  const { ciphertext } = (JSON.parse(keystore) as { crypto: { ciphertext: string } }).crypto;
  const who = startFixture(t, 'who', ['--identityKeystore', keystore, '--hold'], { HOME: home });
  await who.printed(/"address":"\w+".*\n/);
  assertKeyless(publicOf(who.child.pid!), ciphertext);
  who.child.kill();
  const { stdout, stderr } = await who.ended;
  assert.ok(stdout.includes(`"address":"${COW}"`));
  assertKeyless(stdout + stderr, ciphertext);
  assert.match(stderr, /^warning: --identityKeystore: others on this machine/);
});

test('a key in a file or from standard input is shown nowhere, and nothing is warned of', async (t) => {
  const { home } = temporaryHome(t);
  const file = write(home, 'key', COW_KEY);
  for (const value of [`@${file}`, '-']) {
    const who = startFixture(t, 'who', ['--identityKey', value], { HOME: home });
    who.child.stdin!.end(`${COW_KEY}\n`);
    const { code, stdout, stderr } = await who.ended;
    assert.deepEqual([code, stderr], [0, '']);
    assert.ok(stdout.includes(`"address":"${COW}"`));
    assertKeyless(stdout, COW_KEY);
  }
});

test('a passphrase in the environment is used, and inherited by no other program', async (t) => {
  const { home } = temporaryHome(t);
  const file = write(home, 'cow.keystore', DCP_KEYSTORE);
  const env = { HOME: home, DCP_KEYSTORE_PASSPHRASE: DCP_PASSPHRASE, OTHER: 'kept' };
  const { code, stdout } = await startFixture(t, 'who', ['--identityKeystore', file], env).ended;
  assert.equal(code, 0);
  assert.ok(stdout.includes('OTHER=kept'));
  assert.ok(!stdout.includes(DCP_PASSPHRASE) && !stdout.includes('PASSPHRASE'));
});

test('a passphrase file goes before the environment, and its first line counts', async (t) => {
  const { home } = temporaryHome(t);
  const keystore = write(home, 'cow.keystore', DCP_KEYSTORE);
  const args = ['--identityKeystore', keystore, '--passphrase-file'];
  const env = { HOME: home, DCP_KEYSTORE_PASSPHRASE: 'boo' };
  const right = write(home, 'passphrase', `${DCP_PASSPHRASE}\r\nnot this\n`);
  assert.equal((await startFixture(t, 'who', [...args, right], env).ended).code, 0);
  const wrong = write(home, 'wrong', 'boo-hoo\n', 0o644);
  const { code, stderr } = await startFixture(t, 'who', [...args, wrong, '-v'], env).ended;
  assert.equal(code, 1);
  assert.match(
    stderr,
    /warning: .*wrong has mode 0644, .*\nwho: .*cow\.keystore: wrong passphrase in --passphrase-file .*wrong, or the file is damaged\n/,
  );
  assert.doesNotMatch(stderr, /boo/);
  const empty = write(home, 'empty', '\nnot this\n');
  const refused = await startFixture(t, 'who', [...args, empty], env).ended;
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /who: --passphrase-file: .*empty: expected a passphrase .*, got nothing\n/);
  const missing = await startFixture(t, 'who', [...args, `${home}/none`], env).ended;
  assert.deepEqual(
    [missing.code, missing.stderr],
    [1, `who: --passphrase-file: ${home}/none: there is no such file\n`],
  );
});

test('what is refused is not repeated, not even in the stack', async (t) => {
  const { home } = temporaryHome(t);
  const keyFile = write(home, 'key', `{${COW_KEY}}`);
  const cases: [string[], RegExp, number][] = [
    [['--identityKey', COW_KEY.slice(1)], /who: identityKey: expected .* got 63 of them\n/, 2],
    [['--identityKeystore', COW_KEY], /who: identityKeystore: expected a keystore, got a private key/, 2],
    [['--identityKey', `@${keyFile}`], /who: identityKey: expected .* got 66 characters that are not\n/, 2],
    [['--identityKeystore', keyFile], /who: .*key: expected a keystore, which is JSON/, 1],
    [['--paymentAddress', COW_KEY], /who: --paymentAddress: expected .* got "\(hidden\)"/, 2],
    [[`--identityKy=${COW_KEY}`], /who: unknown option '--identityKy=\(hidden\)'/, 2],
  ];
  for (const [args, message, exitCode] of cases) {
    const { code, stdout, stderr } = await startFixture(t, 'who', [...args, '-v'], { HOME: home }).ended;
    assert.equal(code, exitCode, stderr);
    assert.match(stderr, message);
    assertKeyless(stdout + stderr, COW_KEY.slice(1, -3));
  }
});
