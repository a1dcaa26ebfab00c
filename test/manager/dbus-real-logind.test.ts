/** The monitors before systemd-logind itself, which answers as it does on a desktop. */
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { BusConnection } from '#src/manager/dbus/connection.js';
import { LogindMonitor } from '#src/manager/monitors/logind.js';
import { SessionMonitor } from '#src/manager/monitors/session.js';
import { temporaryDirectory } from '../cli/support.js';
import { Listening } from './support/listening.js';
import { startRealLogind, withoutRealLogind } from './support/real-logind.js';
import { TestBus, withoutDbus } from './support/test-bus.js';

const REACTION_MS = 1_000;
const NAME = 'org.freedesktop.login1';

test(
  'systemd-logind tells of its session: in use, locked, idle; and comes again',
  { skip: withoutDbus || withoutRealLogind() },
  async (t) => {
    const bus = await TestBus.start(t);
    const activity = new Listening(t, new LogindMonitor({ address: bus.address }));
    const utmp = path.join(temporaryDirectory(t), 'utmp');
    const login = new SessionMonitor({ address: bus.address, ownSession: null, utmp });
    const logins = new Listening(t, login);
    await activity.isUnavailable(/nobody has the name/);
    await logins.isUnavailable(/utmp is missing/);
    const logind = await startRealLogind(t, bus.address);
    const told = await activity.finds('USER_ACTIVE');
    assert.match(JSON.stringify(told), /root uses the machine at seat0 \(session 2, wayland\)/);
    await logins.finds('USER_LOGGED_IN');

    const connection = await BusConnection.open(bus.address, {
      onSignal: () => undefined,
      onClosed: () => undefined,
    });
    t.after(() => connection.close());
    const [owner] = await connection.askBus('GetNameOwner', NAME, 's');
    const session = {
      destination: String(owner),
      path: '/org/freedesktop/login1/session/_32',
      interface: `${NAME}.Session`,
    };
    for (const member of ['SetLockedHint', 'SetIdleHint'])
      for (const set of [true, false]) {
        await connection.ask({ ...session, member, signature: 'b', body: [set], answer: '' });
        await activity.finds(set ? null : 'USER_ACTIVE', REACTION_MS);
      }

    logind.kill('SIGKILL');
    await activity.isUnavailable(/nobody has the name/);
    await logins.isUnavailable(/utmp is missing/);
    await startRealLogind(t, bus.address);
    await activity.finds('USER_ACTIVE');
    await logins.finds('USER_LOGGED_IN');
  },
);
