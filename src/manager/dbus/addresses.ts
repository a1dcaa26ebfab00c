import { readdirSync } from 'node:fs';
import path from 'node:path';

/** Where systemd puts what belongs to users who are logged in, the sockets of their session buses among it: `1000/bus`. */
const USERS_FOLDER = '/run/user';
const SYSTEM_BUS = 'unix:path=/run/dbus/system_bus_socket';

/** The environment's `DBUS_SYSTEM_BUS_ADDRESS`, else where it is on every Linux. */
export function systemBusAddress(env: NodeJS.ProcessEnv): string {
  const { DBUS_SYSTEM_BUS_ADDRESS: address = '' } = env;
  return address === '' ? SYSTEM_BUS : address;
}

/** Where the session bus of this process's user may be, each place once. */
export function sessionBusAddresses(
  env: NodeJS.ProcessEnv,
  uid = process.getuid?.() ?? 0,
): readonly string[] {
  const runtime = env['XDG_RUNTIME_DIR'];
  const places = [
    env['DBUS_SESSION_BUS_ADDRESS'],
    runtime && `unix:path=${path.join(runtime, 'bus')}`,
    `unix:path=${path.join(USERS_FOLDER, String(uid), 'bus')}`,
  ];
  // A bus has one socket, and an address may say more than where that is: `unix:path=/run/user/1000/bus,guid=…`.
  const byPlace = new Map(places.flatMap((address) => (address ? [[address.split(',')[0], address]] : [])));
  return [...byPlace.values()];
}

/**
 * Users with a session of their own beside this process's user. A session bus lets its own user in and nobody else, not even
 * root, so theirs cannot be watched from here.
 */
export function otherUsers(folder = USERS_FOLDER, uid = process.getuid?.() ?? 0): readonly number[] {
  try {
    const names = readdirSync(folder).filter((name) => /^\d+$/.test(name));
    return names.map(Number).filter((number) => number !== uid);
  } catch {
    return [];
  }
}
