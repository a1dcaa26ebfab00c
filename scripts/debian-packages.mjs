/**
 * Programs and libraries out of Debian's packages, for tests: unpacked under a folder, nothing is installed, and root is not
 * needed. Imports Node's own modules alone, like scripts/setup.mjs.
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CommandError, run } from './steps.mjs';

/** How long packages may take to come, milliseconds. */
const DOWNLOAD_MS = 300_000;

/**
 * Downloads packages and hands them to `unpack`, which makes of them what is to lie at `folder`. What was there before
 * stays until that has worked.
 * @param {string} folder
 * @param {readonly string[]} packages
 * @param {(archives: readonly string[], ready: string) => Promise<void>} unpack `ready` is the folder that becomes `folder`
 */
export async function unpackDebianPackages(folder, packages, unpack) {
  mkdirSync(path.dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}-`);
  try {
    await download(work, packages);
    const ready = path.join(work, 'ready');
    mkdirSync(ready);
    await unpack(
      packages.map((name) => archiveOf(work, name)),
      ready,
    );
    rmSync(folder, { recursive: true, force: true });
    renameSync(ready, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} folder @param {readonly string[]} packages */
async function download(folder, packages) {
  // apt drops to a user of its own where it may, and that user cannot write here.
  const args = ['-o', 'APT::Sandbox::User=root', 'download', ...packages];
  try {
    await run('apt-get', args, { cwd: folder, timeoutMs: DOWNLOAD_MS });
  } catch (error) {
    const names = packages.length === 1 ? `package ${packages[0]}` : `packages ${packages.join(', ')}`;
    throw new Error(`Debian's ${names} cannot be had: ${reasonOf(error)}`, { cause: error });
  }
}

/** @param {string} work @param {string} name */
function archiveOf(work, name) {
  const archive = readdirSync(work).find((file) => file.startsWith(`${name}_`));
  if (archive === undefined) throw new Error(`apt-get downloaded no ${name}`);
  return path.join(work, archive);
}

/** The line in which a command says what is wrong, or an error's message. @param {unknown} error */
export function reasonOf(error) {
  if (!(error instanceof CommandError)) return error instanceof Error ? error.message : String(error);
  const lines = error.output.split('\n').filter(Boolean);
  return lines.find((line) => line.startsWith('E:')) ?? lines.at(-1) ?? error.message;
}
