/**
 * tmux out of Debian's packages, for the tests of the dashboard, under `.cache/tmux/`. Where tmux is installed, the tests use
 * that one.
 *
 *   npm run tmux      fetches it once, unless it is installed
 *
 * Imports Node's own modules alone, like scripts/setup.mjs.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { unpackDebianPackages } from './debian-packages.mjs';
import { isProgram, root, run } from './steps.mjs';

const FOLDER = path.join(root, '.cache/tmux');
const PACKAGES = ['tmux', 'libevent-core-2.1-7', 'libutempter0'];
/** test/dashboard/tmux.ts knows the same path. */
const PROGRAM = path.join(FOLDER, 'usr/bin/tmux');

async function isInstalled() {
  return run('tmux', ['-V']).then(
    () => true,
    () => false,
  );
}

/**
 * Fetches it if it is missing. Answers a note of what it did; throws an error that says why it could not.
 * @returns {Promise<string>}
 */
export async function ensureTmux() {
  if (await isInstalled()) return 'installed';
  if (existsSync(PROGRAM)) return 'fetched before';
  await unpackDebianPackages(FOLDER, PACKAGES, async (archives, ready) => {
    for (const archive of archives) await run('dpkg-deb', ['-x', archive, ready]);
  });
  if (!existsSync(PROGRAM)) throw new Error("usr/bin/tmux: not in Debian's package");
  return 'tmux';
}

if (isProgram(import.meta.url)) {
  try {
    console.log(await ensureTmux());
  } catch (error) {
    console.error(`tmux: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
