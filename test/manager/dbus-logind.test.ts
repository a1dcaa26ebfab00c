/** Whether somebody uses the machine, as logind tells: a real dbus-daemon, and a login manager in a process of its own. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { LogindMonitor, type LogindOptions } from '#src/manager/monitors/logind.js';
import { Listening } from './support/listening.js';
import { TestLoginManager } from './support/login-manager.js';
import { TestBus, withoutDbus } from './support/test-bus.js';

/** A change that is told by a signal is known within this, milliseconds. */
const REACTION_MS = 1_000;
const SKIP = { skip: withoutDbus };

async function start(t: TestContext, options: LogindOptions = {}) {
  const bus = await TestBus.start(t);
  const logind = await TestLoginManager.start(t, bus.address);
  const listen = () => new Listening(t, new LogindMonitor({ address: bus.address, ...options }));
  return { bus, logind, listen };
}

test('idle, in use, locked, unlocked, idle again: each within a second', SKIP, async (t) => {
  const { logind, listen } = await start(t);
  await logind.begin('2', { IdleHint: ['b', true] });
  const listening = listen();
  assert.equal(await listening.next(0), null);
  await logind.change('2', { IdleHint: ['b', false] });
  assert.deepEqual(await listening.finds('USER_ACTIVE', REACTION_MS), {
    code: 'USER_ACTIVE',
    text: 'ada uses the machine at seat0 (session 2, wayland): active, not idle, not locked',
    target: 'all',
  });
  await logind.change('2', { LockedHint: ['b', true] });
  await listening.finds(null, REACTION_MS);
  await logind.change('2', { LockedHint: ['b', false] });
  await listening.finds('USER_ACTIVE', REACTION_MS);
  await logind.change('2', { IdleHint: ['b', true] });
  await listening.finds(null, REACTION_MS);
  assert.equal(listening.told.length, 5, 'each change is told once');
});

test('a session that begins is heard, and one that ends', SKIP, async (t) => {
  const { logind, listen } = await start(t);
  const listening = listen();
  await listening.finds(null);
  await logind.begin('7');
  await listening.finds('USER_ACTIVE', REACTION_MS);
  await logind.end('7');
  await listening.finds(null, REACTION_MS);
});

test('of two users at a seat the one in front counts', SKIP, async (t) => {
  const { logind, listen } = await start(t);
  await logind.begin('1', { LockedHint: ['b', true] }, { user: 'ada' });
  await logind.begin('2', { Active: ['b', false] }, { user: 'grace' });
  const listening = listen();
  await listening.finds(null);
  await logind.change('1', { Active: ['b', false] });
  await logind.change('2', { Active: ['b', true] });
  const told = await listening.finds('USER_ACTIVE', REACTION_MS);
  assert.match(JSON.stringify(told), /grace uses the machine at seat0/);
});

const NOBODY = {
  'the greeter': { Class: ['s', 'greeter'] },
  'a lock screen': { Class: ['s', 'lock-screen'] },
  'the manager of a user': { Class: ['s', 'manager'] },
  'what is left of a session': { State: ['s', 'closing'] },
  'somebody over the network': { Remote: ['b', true] },
  'a session in the background': { Active: ['b', false] },
} as const;

test('nobody is found where nobody sits', SKIP, async (t) => {
  const { logind, listen } = await start(t);
  for (const [at, values] of Object.values(NOBODY).entries()) await logind.begin(`c${at}`, values);
  await logind.begin('ssh', { Type: ['s', 'tty'] }, { seat: '' });
  const listening = listen();
  assert.equal(await listening.next(0), null);
  // Each was left out for that reason alone: with it gone, somebody is there.
  for (const [at, [what, values]] of Object.entries(NOBODY).entries()) {
    const [name] = Object.keys(values) as [keyof typeof USED];
    await logind.change(`c${at}`, { [name]: USED[name] });
    await listening
      .finds('USER_ACTIVE', REACTION_MS)
      .catch((cause: unknown) => assert.fail(new Error(`${what} was not told from a user`, { cause })));
    await logind.change(`c${at}`, values);
    await listening.finds(null, REACTION_MS);
  }
});

const USED = {
  Class: ['s', 'user'],
  State: ['s', 'active'],
  Remote: ['b', false],
  Active: ['b', true],
} as const;

test('a console is in use for some time after a key, without a signal', SKIP, async (t) => {
  const { logind, listen } = await start(t, { consoleIdleS: 1 });
  const pressed = BigInt(Date.now()) * 1_000n;
  await logind.begin('3', { Type: ['s', 'tty'], IdleSinceHint: ['t', pressed] });
  const listening = listen();
  await listening.finds('USER_ACTIVE');
  await listening.finds(null, 6_000);
});

test('a console nobody uses is none in use, though logind never calls it idle', SKIP, async (t) => {
  const { logind, listen } = await start(t);
  const pressed = BigInt(Date.now() - 31_000) * 1_000n;
  await logind.begin('3', { Type: ['s', 'tty'], IdleSinceHint: ['t', pressed] });
  const listening = listen();
  assert.equal(await listening.next(0), null);
});

test('sleep is told before it comes', SKIP, async (t) => {
  const { logind, listen } = await start(t);
  const listening = listen();
  await listening.finds(null);
  await logind.sleeps(true);
  await listening.finds('PREPARING_FOR_SLEEP', REACTION_MS);
  await logind.sleeps(false);
  await listening.finds(null, REACTION_MS);
});

test('names of users and seats are shown, and not obeyed', SKIP, async (t) => {
  const { logind, listen } = await start(t);
  await logind.begin('2', {}, { user: `ada\n\u001b[2J\u202e${'x'.repeat(5_000)}`, seat: 'seat0\u0007' });
  const told = JSON.stringify(await listen().finds('USER_ACTIVE'));
  assert.match(told, /^[\x20-\x7e…]+$/);
  assert.ok(told.length < 400, `${told.length} characters`);
});

test('without logind it is unavailable, and hears it come and go', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const listening = new Listening(t, new LogindMonitor({ address: bus.address }));
  await listening.isUnavailable(/nobody has the name org[.]freedesktop[.]login1/);
  const logind = await TestLoginManager.start(t, bus.address);
  await logind.begin('2');
  await listening.finds('USER_ACTIVE', REACTION_MS);
  await logind.service.kill();
  await listening.isUnavailable(/./);
  assert.equal(listening.told.at(-2), null, 'the finding is taken back first');
});
