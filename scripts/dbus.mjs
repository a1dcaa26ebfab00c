/**
 * dbus-daemon out of Debian's packages, for the tests of the monitors that listen to D-Bus, under `.cache/dbus/`. Where it is
 * installed, the tests use that one. It runs as the user who tests, on sockets of the tests' own.
 *
 *   npm run dbus      fetches it once, unless it is installed
 *
 * Imports Node's own modules alone, like scripts/setup.mjs.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { unpackDebianPackages } from './debian-packages.mjs';
import { isProgram, root, run } from './steps.mjs';

const FOLDER = path.join(root, '.cache/dbus');
/** The daemon, and the libraries that no Debian is sure to have. */
const PACKAGES = ['dbus-daemon', 'libdbus-1-3', 'libexpat1', 'libapparmor1'];
/** test/manager/support/test-bus.ts knows the same path. */
const PROGRAM = path.join(FOLDER, 'usr/bin/dbus-daemon');

async function isInstalled() {
  return run('dbus-daemon', ['--version']).then(
    () => true,
    () => false,
  );
}

/**
 * Fetches it if it is missing. Answers a note of what it did; throws an error that says why it could not.
 * @returns {Promise<string>}
 */
export async function ensureDbus() {
  if (await isInstalled()) return 'installed';
  if (existsSync(PROGRAM)) return 'fetched before';
  await unpackDebianPackages(FOLDER, PACKAGES, async (archives, ready) => {
    for (const archive of archives) await run('dpkg-deb', ['-x', archive, ready]);
  });
  if (!existsSync(PROGRAM)) throw new Error("usr/bin/dbus-daemon: not in Debian's package");
  return 'dbus-daemon';
}

if (isProgram(import.meta.url)) {
  try {
    console.log(await ensureDbus());
  } catch (error) {
    console.error(`dbus: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
