/** A passphrase that is typed at a terminal: util-linux's `script` makes one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import {
  COW,
  COW_KEY,
  DCP_KEYSTORE,
  DCP_PASSPHRASE,
  assertKeyless,
  startFixture,
  temporaryHome,
  write,
  type Running,
} from './support.js';

const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;
const skip = !hasScript && "util-linux's script is not installed";

/** The program at a terminal of its own; what is written to its standard input is typed. */
function atTerminal(t: TestContext, argsIn: (home: string) => readonly string[]): Running {
  const { home } = temporaryHome(t);
  const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
  return startFixture(t, 'who', argsIn(home), { HOME: home, TERM: 'xterm' }, (command) => [
    ...['script', '--quiet', '--return', '--command', command.map(quote).join(' '), '/dev/null'],
  ]);
}

const withKeystore = (home: string): readonly string[] => [
  '--identityKeystore',
  write(home, 'cow.keystore', DCP_KEYSTORE),
];

test('the passphrase is asked for until it is right, and not shown', { skip }, async (t) => {
  const who = atTerminal(t, withKeystore);
  await who.printed(/Passphrase of cow: $/);
  who.child.stdin!.write('boo-hoo\r');
  await who.printed(/Wrong\. Passphrase of cow: $/);
  who.child.stdin!.write(`${DCP_PASSPHRASE}!\x7f\r`);
  const { code, stdout } = await who.ended;
  assert.equal(code, 0, stdout);
  assert.ok(stdout.includes(`"address":"${COW}"`), stdout);
  assert.doesNotMatch(stdout, /boo-hoo/);
  assert.ok(!stdout.includes(DCP_PASSPHRASE));
});

test('Ctrl-C instead of a passphrase ends the program with an error', { skip }, async (t) => {
  const who = atTerminal(t, withKeystore);
  await who.printed(/Passphrase of cow: $/);
  who.child.stdin!.write('mo\x03');
  const { code, stdout } = await who.ended;
  assert.equal(code, 1, stdout);
  assert.match(stdout, /who: no passphrase was entered/);
});

test('a key that is typed is not shown', { skip }, async (t) => {
  const who = atTerminal(t, () => ['--identityKey', '-']);
  await who.printed(/identityKey: $/);
  who.child.stdin!.write(`${COW_KEY}\r`);
  const { code, stdout } = await who.ended;
  assert.equal(code, 0, stdout);
  assert.ok(stdout.includes(`"address":"${COW}"`), stdout);
  assertKeyless(stdout, COW_KEY);
});
