/**
 * rsyslogd and systemd-journald for the tests of the log's outputs, out of Debian's packages, under `.cache/log-servers/`.
 *
 *   npm run log-servers      fetches them once and says what there is
 *
 * Imports Node's own modules alone, like scripts/setup.mjs.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { unpackDebianPackages } from './debian-packages.mjs';
import { isProgram, root, run } from './steps.mjs';

const FOLDER = path.join(root, '.cache/log-servers');
const PACKAGES = [
  ...['rsyslog', 'rsyslog-openssl', 'libestr0', 'libfastjson4', 'liblognorm5'],
  ...['systemd', 'libsystemd-shared'],
];

/** What the tests use of them; test/logging/support/ knows the same paths. */
const FILES = ['usr/sbin/rsyslogd', 'lib/systemd/systemd-journald'];

/** Whether they have been fetched. */
export function hasLogServers() {
  return FILES.every((name) => existsSync(path.join(FOLDER, name)));
}

/**
 * Fetches what is missing. Answers a note of what it did; throws an error that says why it could not.
 * @returns {Promise<string>}
 */
export async function ensureLogServers() {
  if (hasLogServers()) return 'fetched before';
  await unpackDebianPackages(FOLDER, PACKAGES, async (archives, ready) => {
    for (const archive of archives) await run('dpkg-deb', ['-x', archive, ready]);
  });
  if (!hasLogServers()) throw new Error(`${FILES.join(', ')}: not in Debian's packages`);
  return 'rsyslogd and systemd-journald';
}

if (isProgram(import.meta.url)) {
  try {
    console.log(await ensureLogServers());
  } catch (error) {
    console.error(`log-servers: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
