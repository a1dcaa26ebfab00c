/** Whether somebody is logged in: by logind on a real bus, and by a real file of logins where there is none. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { SessionMonitor, type SessionOptions } from '#src/manager/monitors/session.js';
import { temporaryDirectory } from '../cli/support.js';
import { Listening } from './support/listening.js';
import { TestLoginManager } from './support/login-manager.js';
import { TestBus, withoutDbus } from './support/test-bus.js';

const REACTION_MS = 1_000;
const SKIP = { skip: withoutDbus };
/** The records of glibc on these, as utmp(5) has them. */
const KNOWN_RECORDS = ['x64', 'arm64'].includes(process.arch) && endianness() === 'LE';
const USER_PROCESS = 7;

/** One who is logged in, by a process that lives. */
function utmpRecord(user: string, line: string): Buffer {
  const record = Buffer.alloc(process.arch === 'arm64' ? 400 : 384);
  record.writeInt16LE(USER_PROCESS, 0);
  record.writeInt32LE(process.pid, 4);
  record.write(line, 8);
  record.write(line.slice(-4), 40);
  record.write(user, 44);
  return record;
}

function utmpFile(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'dcp-utmp-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 'utmp');
}

/** A file or socket that there is not. */
function missing(t: TestContext, name: string): string {
  return path.join(temporaryDirectory(t), 'missing', name);
}

function listen(t: TestContext, options: SessionOptions): Listening {
  const [address, utmp] = [`unix:path=${missing(t, 'bus')}`, missing(t, 'utmp')];
  return new Listening(t, new SessionMonitor({ ownSession: null, address, utmp, ...options }));
}

test('whoever is logged in is found, at a screen or over the network, idle or not', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const logind = await TestLoginManager.start(t, bus.address);
  await logind.begin('1', { Class: ['s', 'greeter'] });
  const listening = listen(t, { address: bus.address });
  assert.equal(await listening.next(0), null);
  await logind.begin('2', { IdleHint: ['b', true], LockedHint: ['b', true], Active: ['b', false] });
  const told = await listening.finds('USER_LOGGED_IN', REACTION_MS);
  assert.match(JSON.stringify(told), /"ada \(session 2, wayland, seat0\) is logged in"/);
  await logind.end('2');
  await listening.finds(null, REACTION_MS);
  await logind.begin('3', { Type: ['s', 'tty'], Remote: ['b', true], TTY: ['s', 'pts/4'] }, { seat: '' });
  await listening.finds('USER_LOGGED_IN', REACTION_MS);
});

test('the session that started the program does not count', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const logind = await TestLoginManager.start(t, bus.address);
  await logind.begin('5');
  const listening = listen(t, { address: bus.address, ownSession: '5' });
  assert.equal(await listening.next(0), null);
  await logind.begin('6');
  await listening.finds('USER_LOGGED_IN', REACTION_MS);
});

test('without logind the file of logins says who is', { skip: !KNOWN_RECORDS }, async (t) => {
  const utmp = utmpFile(t);
  writeFileSync(utmp, '');
  const listening = listen(t, { utmp, everyMs: 50 });
  assert.equal(await listening.next(0), null);
  writeFileSync(utmp, utmpRecord('ada', 'tty1'));
  assert.deepEqual(await listening.next(1), {
    code: 'USER_LOGGED_IN',
    text: 'ada (tty1) is logged in',
    target: 'all',
  });
  writeFileSync(utmp, '');
  assert.equal(await listening.next(2), null);
});

test(
  'logind that comes later is believed more than the file',
  { skip: withoutDbus || !KNOWN_RECORDS },
  async (t) => {
    const bus = await TestBus.start(t);
    const utmp = utmpFile(t);
    writeFileSync(utmp, utmpRecord('ada', 'tty1'));
    const listening = listen(t, { address: bus.address, utmp, everyMs: 50 });
    await listening.finds('USER_LOGGED_IN');
    const logind = await TestLoginManager.start(t, bus.address);
    await listening.finds(null, REACTION_MS);
    await logind.service.kill();
    await listening.finds('USER_LOGGED_IN', REACTION_MS);
  },
);

test('without either it is unavailable, and says what is missing', async (t) => {
  const utmp = missing(t, 'utmp');
  const listening = listen(t, { utmp });
  await listening.isUnavailable(new RegExp(`logind cannot be asked.*${utmp} is missing`));
});

test('a file of logins that is garbage ends nothing', async (t) => {
  const utmp = utmpFile(t);
  writeFileSync(utmp, Buffer.alloc(100_000, 0xff));
  const listening = listen(t, { utmp, everyMs: 50 });
  assert.equal(await listening.next(0), null);
});
