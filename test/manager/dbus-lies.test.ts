/** Services that answer with anything, and others that speak in their names: what cannot be is refused, and nothing ends. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BusConnection } from '#src/manager/dbus/connection.js';
import { SCREENSAVERS } from '#src/manager/dbus/screensavers.js';
import { WatchedBus } from '#src/manager/dbus/watched-bus.js';
import { LogindMonitor } from '#src/manager/monitors/logind.js';
import { ScreensaverMonitor } from '#src/manager/monitors/screensaver.js';
import { codeOf, Listening } from './support/listening.js';
import { TestLoginManager } from './support/login-manager.js';
import { RawPeer, uint32 } from './support/raw-peer.js';
import { Service } from './support/service.js';
import { TestScreensaver } from './support/screensaver.js';
import { TestBus, withoutDbus } from './support/test-bus.js';

const REACTION_MS = 1_000;
const SKIP = { skip: withoutDbus };

function listen(t: TestContext, { address }: TestBus): Listening {
  return new Listening(t, new ScreensaverMonitor({ addresses: [address] }));
}

test('GetActive that answers with another type is refused, and asked again', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const screensaver = await TestScreensaver.start(t, bus.address, false);
  const listening = listen(t, bus);
  for (const [signature, body] of [
    ['s', ['true']],
    ['u', [1]],
    ['', []],
    ['bb', [false, false]],
    ['v', [{ variant: ['b', false] }]],
    ['ab', [[false]]],
  ] as const) {
    await listening.finds('SCREENSAVER_INACTIVE', REACTION_MS);
    await screensaver.answers(signature, body);
    await screensaver.signals('b', [false]);
    await listening.isUnavailable(new RegExp(`answered with type "${signature}" instead of "b"`));
    await screensaver.becomes(false);
  }
  await listening.finds('SCREENSAVER_INACTIVE', REACTION_MS);
});

test('properties of sessions with other types, or none, are refused', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const logind = await TestLoginManager.start(t, bus.address);
  await logind.begin('2', { Active: ['s', 'true'] });
  const listening = new Listening(t, new LogindMonitor({ address: bus.address }));
  await listening.isUnavailable(/Session[.]Active has type "s" instead of "b"/);
  for (const [name, wrong, right] of [
    ['Active', ['ab', [true]], ['b', true]],
    ['IdleSinceHint', ['u', 1], ['t', 0n]],
    ['Class', ['b', true], ['s', 'user']],
    ['LockedHint', ['i', 0], ['b', false]],
  ] as const) {
    await logind.change('2', { Active: ['b', true], [name]: wrong });
    await listening.isUnavailable(new RegExp(`${name} has type "${wrong[0]}"`));
    await logind.change('2', { Active: ['b', true], [name]: right });
    await listening.finds('USER_ACTIVE', REACTION_MS);
  }
  await logind.listsAs('a(ss)', [[['2', 'ada']]]);
  await logind.signal();
  await listening.isUnavailable(/ListSessions answered with type "a\(ss\)"/);
});

test('a list of sessions without end is refused', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const logind = await TestLoginManager.start(t, bus.address);
  const rows = Array.from({ length: 4_097 }, (_, at) => [String(at), 1, 'ada', 'seat0', '/x']);
  await logind.listsAs('a(susso)', [rows]);
  const listening = new Listening(t, new LogindMonitor({ address: bus.address }));
  await listening.isUnavailable(/4097 sessions, more than 4096/);
});

test('signals of others are not believed, nor those that cannot be read', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const screensaver = await TestScreensaver.start(t, bus.address, true);
  const listening = listen(t, bus);
  await listening.finds(null);
  const forger = await Service.start(t, bus.address);
  const signal = {
    path: '/org/gnome/ScreenSaver',
    interface: 'org.gnome.ScreenSaver',
    member: 'ActiveChanged',
  };
  await forger.tell({ do: 'signal', ...signal, signature: 'b', body: [false] });
  await screensaver.signals('s', ['garbage']);
  await sleep(300);
  assert.deepEqual(listening.told, [null]);
  await screensaver.becomes(false);
  await listening.finds('SCREENSAVER_INACTIVE', REACTION_MS);
});

test('a message that cannot be read does not end the process, nor the listening', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const screensaver = await TestScreensaver.start(t, bus.address, true);
  const listening = listen(t, bus);
  await listening.finds(null);
  const peer = await RawPeer.join(t, bus.socket);
  // The number of a descriptor that did not come along: the bus lets it through, the library throws. The monitor has one of
  // the names; the screensaver, whose library reads it, is left out.
  const names = Array.from({ length: 20 }, (_, number) => `:1.${number}`);
  for (const name of names.filter((one) => one !== screensaver.service.name))
    for (let times = 0; times < 3; times++)
      peer.signal(name, 'org.gnome.ScreenSaver', 'ActiveChanged', 'h', Buffer.alloc(4));
  await sleep(200);
  await screensaver.becomes(false);
  await listening.finds('SCREENSAVER_INACTIVE', REACTION_MS);
  assert.deepEqual(listening.told.map(codeOf), [null, 'SCREENSAVER_INACTIVE'], 'the connection stood');
});

test('a large message of small values is not read: the event loop goes on', SKIP, async (t) => {
  const VALUES = 1_500_000;
  const bus = await TestBus.start(t);
  const signals = new EventEmitter();
  const connection = await BusConnection.open(bus.address, {
    onSignal: ({ member }) => signals.emit(member),
    onClosed: (why) => signals.emit('error', new Error(why)),
  });
  const peer = await RawPeer.join(t, bus.socket);
  // `av`, each a byte in a variant: four bytes become hundreds when they are read.
  const body = Buffer.concat([uint32(4 * VALUES), Buffer.alloc(4 * VALUES, Buffer.from([1, 0x79, 0, 0]))]);
  const delays = monitorEventLoopDelay({ resolution: 10 });
  delays.enable();
  peer.signal(':1.0', 'a.b', 'Large', 'av', body);
  peer.signal(':1.0', 'a.b', 'Last', '', Buffer.alloc(0));
  await once(signals, 'Last');
  connection.close();
  // The delay that is going on counts when it ends.
  await sleep(50);
  delays.disable();
  assert.ok(delays.max / 1e6 < 1_500, `it stood still for ${delays.max / 1e6} ms`);
});

test('a flood of signals is no flood of questions', SKIP, async (t) => {
  const bus = await TestBus.start(t);
  const screensaver = await TestScreensaver.start(t, bus.address, true);
  let readings = 0;
  const read = (connection: BusConnection, owners: ReadonlyMap<string, string>) => {
    readings++;
    return SCREENSAVERS.read(connection, owners);
  };
  let known = 0;
  const watched = new WatchedBus(
    bus.address,
    { ...SCREENSAVERS, read },
    { onState: () => known++, onLost: () => undefined },
  );
  t.after(() => watched.stop());
  watched.start();
  while (known === 0) await sleep(5);
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 500 }, () => screensaver.signals('b', [true])));
  await sleep(100);
  while (readings < 2) await sleep(10);
  const most = 3 + (performance.now() - startedAt) / 50;
  assert.ok(readings <= most, `${readings} readings, at most ${most}`);
});
