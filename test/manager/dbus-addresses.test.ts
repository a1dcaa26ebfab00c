/** Where buses are looked for. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { otherUsers, sessionBusAddresses, systemBusAddress } from '#src/manager/dbus/addresses.js';

test('the system bus is where the environment says, else where Linux has it', () => {
  assert.equal(systemBusAddress({ DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/a' }), 'unix:path=/a');
  assert.equal(systemBusAddress({ DBUS_SYSTEM_BUS_ADDRESS: '' }), 'unix:path=/run/dbus/system_bus_socket');
  assert.equal(systemBusAddress({}), 'unix:path=/run/dbus/system_bus_socket');
});

test('session buses are looked for wherever that of the user may be, each place once', () => {
  assert.deepEqual(sessionBusAddresses({}, 1000), ['unix:path=/run/user/1000/bus']);
  const env = {
    DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/user/1000/bus,guid=0f',
    XDG_RUNTIME_DIR: '/run/user/1000',
  };
  assert.deepEqual(sessionBusAddresses(env, 1000), ['unix:path=/run/user/1000/bus']);
  assert.deepEqual(
    sessionBusAddresses(
      { DBUS_SESSION_BUS_ADDRESS: 'unix:abstract=/tmp/dbus-1', XDG_RUNTIME_DIR: '/tmp/r' },
      7,
    ),
    ['unix:abstract=/tmp/dbus-1', 'unix:path=/tmp/r/bus', 'unix:path=/run/user/7/bus'],
  );
});

test('of the users with a session the others are known', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'dcp-users-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['1000', '1001', 'not-a-user']) mkdirSync(path.join(folder, name));
  assert.deepEqual(otherUsers(folder, 1000), [1001]);
  assert.deepEqual(otherUsers(path.join(folder, 'missing'), 1000), []);
});
